import { describe, expect, it } from 'vitest'
import type { BuiltRequest } from '../../lib/call/request/request.ts'
import type { RequestOptions } from '../../lib/call/request/request-options.ts'
import { nextHop } from '../../lib/call/redirect.ts'
import { CookieJars } from '../../lib/cookies/jars.ts'
import { systemClock } from '../../lib/core/clock.ts'
import { ClientIps } from '../../lib/scheduler/client-ips.ts'
import { madeBuilder } from './request/made-builder.ts'
import { madeHead } from './made-exchange.ts'

type Builder = ReturnType<typeof madeBuilder>

/** The requests of a chain, the first one first. */
function chain(
  builder: Builder,
  options: RequestOptions,
  urls: readonly string[],
  status = 307,
): BuiltRequest[] {
  const all = [builder.build(urls[0]!, options, false)]
  for (const location of urls.slice(1)) {
    const { request, path, fragment } = all.at(-1)!
    const url = request.target.origin + path
    const asked = { method: request.method, url, fragment, hasBody: request.body !== null, replayable: true }
    const head = madeHead(`Location: ${location}\r\n`, { status })
    all.push(builder.hop(request, nextHop(asked, head, 0, request.rules)!))
  }
  return all
}

function clientIps(): ClientIps {
  return new ClientIps(['127.0.0.2', '::1', '127.0.0.3'], 'round-robin', systemClock, () => 0)
}

const A = 'http://a.test/'
const B = 'http://b.test/'

function field(built: BuiltRequest | undefined, name: string): string | undefined {
  return new RegExp(`^${name}: (.*)$`, 'im').exec(built!.request.fields)?.[1]
}

describe('user and password in a Location', () => {
  const mine = `Basic ${Buffer.from('u:p').toString('base64')}`

  it('are for that place, and end with it', () => {
    const [, second, third] = chain(madeBuilder(), {}, [A, 'http://u:p@b.test/', A])
    expect(field(second, 'authorization')).toBe(mine)
    expect(second!.request.target.origin).toBe('http://b.test')
    expect(field(third, 'authorization')).toBeUndefined()
  })

  it('give way to a field that stays, and take the place of auth: never two of them', () => {
    const given = { headers: { authorization: 'given' } }
    const [, kept] = chain(madeBuilder(), given, [A, 'http://u:p@a.test/'])
    expect(kept!.request.fields.match(/authorization/gi)).toHaveLength(1)
    expect(field(kept, 'authorization')).toBe('given')
    const auth = { bearer: 't', origins: ['http://a.test', 'http://b.test'] }
    const [first, second, third] = chain(madeBuilder(), { auth }, [A, 'http://u:p@b.test/', '/next'])
    expect(first!.request.credentials).not.toBeNull()
    for (const built of [second, third]) {
      expect([field(built, 'authorization'), built!.request.credentials]).toEqual([mine, null])
    }
  })
})

describe('what goes along', () => {
  it('all but the secrets, and the body with what is about it', () => {
    const options: RequestOptions = { method: 'POST', json: { a: 1 }, headers: { 'x-a': '1' }, priority: 3 }
    const [first, second] = chain(madeBuilder(), options, [A, B])
    expect(second!.request.fields).toBe(first!.request.fields.replace('a.test', 'b.test'))
    const { method, body, priority, idempotent } = second!.request
    expect([method, body === first!.request.body, priority, idempotent]).toEqual(['POST', true, 3, false])
  })

  it('without its body a POST becomes a GET, which may be sent again', () => {
    const options: RequestOptions = { method: 'POST', body: 'x', expectContinue: true }
    const [first, second] = chain(madeBuilder(), options, [A, '/x'], 303)
    expect([first!.request.idempotent, first!.request.expectContinue]).toEqual([false, 1_000])
    const { method, body, idempotent, expectContinue, fields } = second!.request
    expect([method, body, idempotent, expectContinue]).toEqual(['GET', null, true, 0])
    expect(fields).not.toMatch(/content-|expect/i)
  })

  it('what the user says of idempotent, as long as the method stays', () => {
    const [, same] = chain(madeBuilder(), { method: 'POST', idempotent: true }, [A, '/x'])
    const [, put] = chain(madeBuilder(), { method: 'PUT', idempotent: false, body: 'x' }, [A, '/x'])
    expect([same!.request.idempotent, put!.request.idempotent]).toEqual([true, false])
  })
})

describe('a private key of tlsOptions', () => {
  it.each(['key', 'pfx'])('stays behind: %s', (name) => {
    const tlsOptions = { [name]: 'secret', cert: 'c' }
    const places = ['https://a.test/', '/same', 'https://a.test:8443/', 'https://a.test/']
    const identities = chain(madeBuilder(), { tlsOptions }, places).map(
      ({ request }) => request.target.tlsIdentity,
    )
    expect(identities[0]).not.toBe('')
    expect(identities).toEqual([identities[0], identities[0], '', ''])
  })

  it('but a CA goes along', () => {
    const places = ['https://a.test/', 'https://b.test/']
    const [first, second] = chain(madeBuilder(), { tlsOptions: { ca: 'x' } }, places)
    expect(second!.request.target.tlsIdentity).toBe(first!.request.target.tlsIdentity)
  })
})

describe('the client IP', () => {
  it('stays, unless the next host is of the other family; then the jar is that one’s', () => {
    const jars = new CookieJars()
    const builder = madeBuilder({}, { clientIps: clientIps(), jars })
    const urls = ['http://10.0.0.1/', A, 'http://[::1]/', 'http://10.0.0.1/']
    const requests = chain(builder, {}, urls).map(({ request }) => request)
    const ips = requests.map(({ target }) => target.clientIp)
    expect(ips.slice(0, 3)).toEqual(['127.0.0.2', '127.0.0.2', '::1'])
    expect(requests.map(({ jarName }) => jarName)).toEqual(ips)
    expect(requests.map(({ jar }) => jar)).toEqual(ips.map((ip) => jars.jar(ip)))
  })

  it('and a session keeps its jar', () => {
    const jars = new CookieJars()
    const builder = madeBuilder({}, { clientIps: clientIps(), jars })
    const requests = chain(builder, { session: 's' }, ['http://10.0.0.1/', 'http://[::1]/'])
    expect(requests.map(({ request }) => request.jar)).toEqual([jars.jar('s'), jars.jar('s')])
    const none = chain(builder, { cookies: false }, ['http://10.0.0.1/', 'http://[::1]/'])
    expect(none.map(({ request }) => [request.jar, request.sendsCookies])).toEqual([
      [null, false],
      [null, false],
    ])
  })
})

describe('a proxy by function', () => {
  it('is asked for each place', () => {
    const asked: string[] = []
    const proxy = (url: string): string | null => {
      asked.push(url)
      return url.startsWith(A) ? 'http://proxy.test:3128' : null
    }
    const requests = chain(madeBuilder(), { proxy }, [`${A}x?q#f`, B, A])
    expect(requests.map(({ request }) => request.target.proxy !== '')).toEqual([true, false, true])
    expect(asked).toEqual([`${A}x?q`, B, A])
  })
})
