import { describe, expect, it } from 'vitest'
import type { AuthOption } from '../../../lib/call/auth/authenticator.ts'
import { basicField } from '../../../lib/call/auth/basic.ts'
import { readAuth, RequestCredentials } from '../../../lib/call/auth/credentials.ts'
import { systemClock } from '../../../lib/core/clock.ts'
import { ArgumentError } from '../../../lib/core/errors.ts'

const site = 'https://site.test'
const login = { username: 'user', password: 'pa55' }

function sent(option: AuthOption, origin: string, defaultOrigin: string | null = site): string {
  return readAuth(option, defaultOrigin, systemClock).forCall().authorization(origin, 'GET', '/')
}

describe('basic', () => {
  // RFC 7617 sections 2 and 2.1.
  const cases: readonly [string, string, string][] = [
    ['Aladdin', 'open sesame', 'Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=='],
    ['test', '123£', 'Basic dGVzdDoxMjPCow=='],
    ['', '', 'Basic Og=='],
    ['a', 'b:c', 'Basic YTpiOmM='],
  ]
  it.each(cases)('writes %s and %s as %s', (username, password, value) => {
    expect(basicField(username, password)).toBe(value)
  })

  it('is sent with every request, and refused for good by a 401', () => {
    const call = readAuth({ basic: login }, site, systemClock).forCall()
    expect(call.prepare(site)).toBeNull()
    expect(call.authorization(site, 'GET', '/')).toBe('Basic dXNlcjpwYTU1')
    expect(call.challenged(site, 'GET', '/', ['Basic realm="x"'], 'Basic dXNlcjpwYTU1')).toBe(false)
  })
})

describe('origins', () => {
  const basic = { basic: login }
  const cases: readonly [what: string, option: AuthOption, origin: string, goes: boolean][] = [
    ['the default', basic, 'https://site.test', true],
    ['another scheme', basic, 'http://site.test', false],
    ['another port', basic, 'https://site.test:8443', false],
    ['a subdomain', basic, 'https://www.site.test', false],
    ['the parent domain', basic, 'https://test', false],
    ['a host with the name in front', basic, 'https://site.test.evil.test', false],
    [
      'one of those given',
      { ...basic, origins: ['https://a.test', 'https://b.test'] },
      'https://b.test',
      true,
    ],
    ['the default, when others are given', { ...basic, origins: ['https://a.test'] }, site, false],
    ['one given with its usual port', { ...basic, origins: ['https://A.test:443/'] }, 'https://a.test', true],
    ['null, which a sandboxed page is', basic, 'null', false],
  ]
  it.each(cases)('%s', (_what, option, origin, goes) => {
    expect(sent(option, origin)).toBe(goes ? 'Basic dXNlcjpwYTU1' : '')
  })
})

describe('wrong options', () => {
  const wrong: readonly [what: string, option: unknown, message: RegExp][] = [
    ['no kind', {}, /one of basic, bearer and digest/],
    ['two kinds', { basic: login, bearer: 't' }, /one of basic, bearer and digest/],
    ['a string', 'user:pa55', /options of auth are a string; give an object/],
    ['an unknown name', { basick: login }, /unknown option "basick" of auth; did you mean basic\?/],
    [
      'an unknown name inside',
      { basic: { user: 'user', password: 'pa55' } },
      /"user".*did you mean username/,
    ],
    ['a colon in the name', { basic: { username: 'us:er', password: 'pa55' } }, /has a colon/],
    [
      'a line end',
      { basic: { username: 'user', password: 'pa55\n' } },
      /the password has a control character/,
    ],
    [
      'a control character',
      { digest: { username: 'us\u0000er', password: 'pa55' } },
      /the username has a control/,
    ],
    ['no password', { digest: { username: 'user' } }, /the password is a undefined; give a string/],
    ['refresh without bearer', { basic: login, refresh: () => 't' }, /refresh gives bearer tokens/],
    ['a number as token', { bearer: 7 }, /auth.bearer is a number/],
    ['no origins', { basic: login, origins: [] }, /list of 1 to 1000 origins/],
    ['a string as origins', { basic: login, origins: site }, /list of 1 to 1000 origins/],
    ['an origin with a path', { basic: login, origins: ['https://a.test/b'] }, /scheme, host and port alone/],
    ['an origin without scheme', { basic: login, origins: ['a.test'] }, /scheme, host and port alone/],
    [
      'an origin with credentials',
      { basic: login, origins: ['https://u:pa55@a.test'] },
      /"https:\/\/a.test"/,
    ],
    ['an origin of another kind', { basic: login, origins: ['ftp://a.test'] }, /scheme, host and port alone/],
    ['a pattern', { basic: login, origins: ['https://*.a.test'] }, /scheme, host and port alone/],
  ]
  it.each(wrong)('%s', (_what, option, message) => {
    const read = () => readAuth(option as AuthOption, site, systemClock)
    expect(read).toThrow(ArgumentError)
    expect(read).toThrow(message)
    expect(read).not.toThrow(/pa55/)
  })

  it('no origins where nothing else says for whom', () => {
    expect(() => readAuth({ basic: login }, null, systemClock)).toThrow(
      "no origins, and the client no baseUrl, so they would go to every server; give origins: ['https://example.com']",
    )
  })
})

describe('RequestCredentials', () => {
  const option = { digest: { ...login } }

  it('knows an object again that was given before', () => {
    const store = new RequestCredentials(systemClock)
    const credentials = store.get(option, site)
    expect(store.get(option, site)).toBe(credentials)
    expect(store.get({ ...option }, site)).not.toBe(credentials)
    expect(store.get(option, 'https://else.test')).not.toBe(credentials)
  })

  it('sees what was changed in it', () => {
    const store = new RequestCredentials(systemClock)
    const own: { digest: { username: string; password: string }; origins?: string[] } = {
      digest: { ...login },
    }
    let last = store.get(own, site)
    for (const change of [
      () => (own.digest.password = 'other'),
      () => (own.digest = { username: 'b', password: 'other' }),
      () => (own.origins = ['https://a.test']),
      () => own.origins!.push('https://b.test'),
    ]) {
      change()
      const next = store.get(own, site)
      expect(next).not.toBe(last)
      last = next
    }
    expect(store.get(own, site)).toBe(last)
  })

  it('is for the origin of its request', () => {
    const call = new RequestCredentials(systemClock).get({ bearer: 't' }, site).forCall()
    expect(call.authorization(site, 'GET', '/')).toBe('Bearer t')
    expect(call.authorization('https://else.test', 'GET', '/')).toBe('')
  })

  it('throws what readAuth throws', () => {
    expect(() => new RequestCredentials(systemClock).get(null as never, site)).toThrow(ArgumentError)
  })
})
