import { describe, expect, it } from 'vitest'
import { isRedirect, nextHop, type Asked, type Hop, type RedirectRules } from '../../lib/call/redirect.ts'
import { RedirectError } from '../../lib/core/errors.ts'
import { madeHead } from './made-exchange.ts'

const RULES: RedirectRules = { redirect: 'follow', maxRedirects: 20, allowInsecureRedirect: false }
const BASE = 'http://a.test/dir/page?q=1'

function asked(parts: Partial<Asked> = {}): Asked {
  return { method: 'GET', url: BASE, fragment: '', hasBody: false, replayable: true, ...parts }
}

/** `locations`: each a field of its own, as Latin-1. */
function hop(
  status: number,
  locations: string | readonly string[],
  parts: Partial<Asked> = {},
  rules: Partial<RedirectRules> = {},
  followed = 0,
): Hop | null {
  const fields = [locations].flat().map((each) => `Location: ${each}\r\n`)
  return nextHop(asked(parts), madeHead(fields.join(''), { status }), followed, { ...RULES, ...rules })
}

function refusal(run: () => unknown): RedirectError {
  try {
    run()
  } catch (error) {
    if (error instanceof RedirectError) return error
    throw error
  }
  throw new Error('it was to be refused')
}

describe('which statuses lead on', () => {
  const FOLLOWED = [301, 302, 303, 307, 308]
  it.each([200, 201, 204, 300, 304, 305, 306, 309, 310, 399, 404, 503])('%i does not', (status) => {
    expect(isRedirect(status)).toBe(false)
    expect(hop(status, '/x')).toBeNull()
    expect(hop(status, '/x', {}, { redirect: 'error' })).toBeNull()
  })
  it.each(FOLLOWED)('%i does', (status) => {
    expect(hop(status, '/x')).toEqual({
      method: 'GET',
      url: 'http://a.test/x',
      fragment: '',
      keepsBody: true,
      crossOrigin: false,
    })
  })
})

/** RFC 9110 sections 15.4.2 to 15.4.9, and http-redirect-fetch: the method after each, and the body. */
describe('methods', () => {
  const ROWS: readonly [status: number, method: string, next: string, keepsBody: boolean][] = [
    [301, 'POST', 'GET', false],
    [302, 'POST', 'GET', false],
    [303, 'POST', 'GET', false],
    [307, 'POST', 'POST', true],
    [308, 'POST', 'POST', true],
    ...[301, 302, 307, 308].flatMap((status) =>
      ['PUT', 'PATCH', 'DELETE', 'GET', 'HEAD', 'OPTIONS', 'QUERY', 'REPORT'].map(
        (method) => [status, method, method, true] as [number, string, string, boolean],
      ),
    ),
    [303, 'PUT', 'GET', false],
    [303, 'PATCH', 'GET', false],
    [303, 'DELETE', 'GET', false],
    [303, 'OPTIONS', 'GET', false],
    [303, 'QUERY', 'GET', false],
    [303, 'GET', 'GET', true],
    [303, 'HEAD', 'HEAD', true],
  ]
  it.each(ROWS)('%i after a %s: %s, the body kept: %s', (status, method, next, keepsBody) => {
    for (const parts of [{}, { replayable: false }, { hasBody: true }]) {
      expect(hop(status, '/x', { method, ...parts })).toMatchObject({ method: next, keepsBody })
    }
  })

  it.each(ROWS)('%i after a %s whose body is a stream', (status, method, next, keepsBody) => {
    const run = (): Hop | null => hop(status, '/x', { method, hasBody: true, replayable: false })
    const said = keepsBody ? refusal(run).message : run()!.method
    expect(said).toContain(keepsBody ? 'cannot be sent a second time' : next)
  })
})

describe('where it leads', () => {
  const ROWS: readonly [location: string, url: string, crossOrigin: boolean][] = [
    ['http://a.test/x', 'http://a.test/x', false],
    ['http://a.test', 'http://a.test/', false],
    ['http://a.test:80/x', 'http://a.test/x', false],
    ['HTTP://A.TEST/x', 'http://a.test/x', false],
    ['/x', 'http://a.test/x', false],
    ['x', 'http://a.test/dir/x', false],
    ['./x', 'http://a.test/dir/x', false],
    ['../../../x', 'http://a.test/x', false],
    ['?q=2', 'http://a.test/dir/page?q=2', false],
    ['?', 'http://a.test/dir/page?', false],
    ['#f', BASE, false],
    ['x y', 'http://a.test/dir/x%20y', false],
    ['/a\\b', 'http://a.test/a/b', false],
    ['http:x', 'http://a.test/dir/x', false],
    ['http:/x', 'http://a.test/x', false],
    ['/x/http://b.test/', 'http://a.test/x/http://b.test/', false],
    ['//b.test', 'http://b.test/', true],
    ['//b.test/x', 'http://b.test/x', true],
    ['/\\b.test/x', 'http://b.test/x', true],
    ['\\\\b.test\\x', 'http://b.test/x', true],
    ['http:\\\\b.test\\x', 'http://b.test/x', true],
    ['http:///b.test/x', 'http://b.test/x', true],
    ['http://a.test:8080/x', 'http://a.test:8080/x', true],
    ['https://a.test/x', 'https://a.test/x', true],
    ['http://www.a.test/', 'http://www.a.test/', true],
    ['http://test/', 'http://test/', true],
    ['http://a.test./', 'http://a.test./', true],
    ['http://a.test@b.test/', 'http://a.test@b.test/', true],
    ['http://u:p@a.test/', 'http://u:p@a.test/', false],
    ['http://b.test%2F@a.test/', 'http://b.test%2F@a.test/', false],
    // A backslash ends the host: whoever looks for the last "@" goes elsewhere.
    ['http://b.test\\@a.test/', 'http://b.test/@a.test/', true],
    ['http://b.test#@a.test/', 'http://b.test/', true],
    ['http://b\u00C3\u00BCcher.test/', 'http://xn--bcher-kva.test/', true],
    ['http://127.1/', 'http://127.0.0.1/', true],
  ]
  it.each(ROWS)('%j: to %s, another origin: %s', (location, url, crossOrigin) => {
    expect(hop(302, location)).toMatchObject({ url, crossOrigin })
  })

  it.each([
    ['/caf\u00C3\u00A9?\u00C3\u00A9', 'http://a.test/caf%C3%A9?%C3%A9'],
    ['/caf\u00E9?\u00E9', 'http://a.test/caf%E9?%E9'],
    ['/\u00E9\u00C3\u00A9', 'http://a.test/%E9%C3%A9'],
    ['/caf%C3%A9', 'http://a.test/caf%C3%A9'],
    ['/100%', 'http://a.test/100%'],
    // U+FFFD itself, as UTF-8.
    ['/\u00EF\u00BF\u00BD', 'http://a.test/%EF%BF%BD'],
  ])('sends the bytes of %j as they came', (location, url) => {
    expect(hop(302, location)).toMatchObject({ url })
  })
})

describe('fragments', () => {
  it.each([
    ['', '/x', ''],
    ['#old', '/x', '#old'],
    ['#old', '?q', '#old'],
    ['#old', '/x#new', '#new'],
    ['#old', '#new', '#new'],
    // An empty one is one (the fetch standard): nothing is inherited.
    ['#old', '/x#', ''],
    ['', '/x#new', '#new'],
    ['#old', '/x%23y', '#old'],
  ])('%j, led to %j: %j', (fragment, location, next) => {
    const got = hop(302, location, { fragment })
    expect(got).toMatchObject({ fragment: next })
    expect(got!.url).not.toContain('#')
  })
})

describe('what leads nowhere', () => {
  it.each([[[]], [''], [['', '']]])('Location %j', (locations) => {
    expect(hop(302, locations)).toBeNull()
    // To fetch, the status alone makes it a redirect.
    expect(refusal(() => hop(302, locations, {}, { redirect: 'error' })).status).toBe(302)
  })

  it('redirect: manual, whatever Location says', () => {
    for (const location of ['/x', 'ftp://a.test/', 'http://', ['/x', '/y']]) {
      expect(hop(302, location, {}, { redirect: 'manual', maxRedirects: 0 })).toBeNull()
    }
  })
})

describe('what is refused', () => {
  const ROWS: readonly [what: string, run: () => unknown, message: string][] = [
    ['ftp', () => hop(302, 'ftp://a.test/x'), 'only http and https'],
    ['data', () => hop(302, 'data:,x'), 'only http and https'],
    ['file', () => hop(302, 'file:///etc/passwd'), 'only http and https'],
    ['javascript', () => hop(302, 'javascript:alert(1)'), 'only http and https'],
    ['about', () => hop(302, 'about:blank'), 'only http and https'],
    ['no host', () => hop(302, 'http://'), 'no URL'],
    ['a bad port', () => hop(302, 'http://a.test:99999/'), 'no URL'],
    ['a bad host', () => hop(302, 'http://a test/'), 'no URL'],
    ['bytes that are no name', () => hop(302, 'http://\u00FF/'), 'no URL'],
    ['two places', () => hop(302, ['/x', '/y']), '2 Locations'],
    ['somewhere and nowhere', () => hop(302, ['', '/y']), '2 Locations'],
    ['leaving https', () => hop(302, 'http://a.test/', { url: 'https://a.test/' }), 'allowInsecureRedirect'],
    ['mode error', () => hop(302, '/x', {}, { redirect: 'error' }), "redirect: 'error'"],
    ['one too many', () => hop(302, '/x', {}, {}, 20), 'maxRedirects = 20'],
    ['none allowed', () => hop(302, '/x', {}, { maxRedirects: 0 }), 'maxRedirects = 0'],
  ]
  it.each(ROWS)('%s', (_what, run, message) => {
    const error = refusal(run)
    expect(error.message).toContain(message)
    expect([error.code, error.status]).toEqual(['ERR_REDIRECT', 302])
  })

  it('not: the same Location twice, the last one allowed, https to http where that is allowed', () => {
    expect(hop(302, ['/x', '/x'])).toMatchObject({ url: 'http://a.test/x' })
    expect(hop(302, '/x', {}, { maxRedirects: 1 })).not.toBeNull()
    expect(hop(302, '/x', {}, {}, 19)).not.toBeNull()
    const allowed = { allowInsecureRedirect: true }
    const left = hop(302, 'http://a.test/', { url: 'https://a.test/' }, allowed)
    expect(left).toMatchObject({ url: 'http://a.test/', crossOrigin: true })
  })

  it.each([
    'ftp://user:hunter2@a.test/x',
    'ftp:\\\\user:hunter2@a.test/x',
    '//user:hunter2@a.test:99999/',
    '\\\\user:hunter2@a.test:99999/',
    'http:user:hunter2@:99999/',
    'http:/user:hunter2@a.test:99999/',
  ])('without telling a password: %s', (location) => {
    const error = refusal(() => hop(302, location, { url: 'https://a.test/' }))
    expect(error.message).not.toContain('hunter2')
    expect(error.message).toContain('redirected (302) to "')
  })

  it('in a message that is bounded', () => {
    expect(refusal(() => hop(302, `ftp://a.test/${'x'.repeat(60_000)}`)).message.length).toBeLessThan(400)
  })
})
