import { describe, expect, it } from 'vitest'
import { parseChallenges } from '../../../lib/call/auth/challenges.ts'
import { DigestAuth } from '../../../lib/call/auth/digest-auth.ts'
import { LIMITS } from '../../../lib/core/limits.ts'

const site = 'http://site.test'
const login = { username: 'u', password: 'p' }
const ask = (nonce: string, more = ''): string[] => [`Digest realm="r", nonce="${nonce}", qop="auth"${more}`]

function makeAuth(...origins: string[]): DigestAuth {
  return new DigestAuth(login, new Set([site, ...origins]))
}

/** The server asks a call that it has not asked before. */
function challenge(auth: DigestAuth, fields: string[], path = '/', origin = site): void {
  expect(auth.forCall().challenged(origin, 'GET', path, fields, '')).toBe(true)
}

function params(field: string): ReadonlyMap<string, string> {
  return parseChallenges([field])[0]?.params ?? new Map()
}

/** The nonce and its count, as they go out for `path`. */
function sent(auth: DigestAuth, path = '/', origin = site): string {
  const own = params(auth.forCall().authorization(origin, 'GET', path))
  return own.size === 0 ? 'nothing' : `${own.get('realm')} ${own.get('nonce')} ${Number(own.get('nc'))}`
}

describe('DigestAuth', () => {
  it('sends nothing before it is asked, then counts what carries the nonce, over all calls', () => {
    const auth = makeAuth()
    expect(sent(auth)).toBe('nothing')
    const call = auth.forCall()
    expect(call.prepare(site)).toBeNull()
    expect(call.challenged(site, 'GET', '/', ask('n1'), '')).toBe(true)
    expect(sent(auth)).toBe('r n1 1')
    expect([sent(auth, '/a'), sent(auth, '/b'), sent(auth, '/a')]).toEqual(['r n1 2', 'r n1 3', 'r n1 4'])
  })

  it('signs the method and the path of each request', () => {
    const auth = makeAuth()
    challenge(auth, ask('n'))
    const call = auth.forCall()
    const fields = [
      call.authorization(site, 'GET', '/a?b=c'),
      call.authorization(site, 'POST', '/a?b=c'),
      call.authorization(site, 'GET', '/a'),
    ].map(params)
    expect(fields.map((one) => one.get('uri'))).toEqual(['/a?b=c', '/a?b=c', '/a'])
    expect(new Set(fields.map((one) => one.get('response'))).size).toBe(3)
    expect(new Set(fields.map((one) => one.get('cnonce'))).size).toBe(1)
  })

  it('takes a refusal for one', () => {
    const auth = makeAuth()
    const call = auth.forCall()
    expect(call.challenged(site, 'GET', '/', ask('n1'), '')).toBe(true)
    const used = call.authorization(site, 'GET', '/')
    expect(call.challenged(site, 'GET', '/', ask('n2'), used)).toBe(false)
    // The next call asks first: a wrong password fails once a call, not twice.
    expect(sent(auth)).toBe('nothing')
  })

  it('goes once more with a nonce that is new because the old was stale, and no further', () => {
    const auth = makeAuth()
    const call = auth.forCall()
    const answers = ['n1', 'n2', 'n3', 'n4'].map((nonce) => {
      const used = call.authorization(site, 'GET', '/')
      return call.challenged(site, 'GET', '/', ask(nonce, nonce === 'n1' ? '' : ', stale=TRUE'), used)
    })
    expect(answers).toEqual([true, true, false, false])
  })

  it('asks once more when a nonce of an earlier call is refused without saying that it is stale', () => {
    const auth = makeAuth()
    challenge(auth, ask('old'))
    const call = auth.forCall()
    const used = call.authorization(site, 'GET', '/')
    expect(params(used).get('nonce')).toBe('old')
    expect(call.challenged(site, 'GET', '/', ask('new'), used)).toBe(true)
    expect(sent(auth)).toBe('r new 1')
    expect(call.challenged(site, 'GET', '/', ask('newer'), 'Digest x=y')).toBe(false)
  })

  it('is for its origins only', () => {
    const auth = makeAuth()
    challenge(auth, ask('n'))
    for (const origin of [
      'https://site.test',
      'http://site.test:81',
      'http://sub.site.test',
      'http://test',
    ]) {
      expect(sent(auth, '/', origin)).toBe('nothing')
      expect(auth.forCall().challenged(origin, 'GET', '/', ask('n'), '')).toBe(false)
      expect(sent(auth, '/', origin)).toBe('nothing')
    }
  })

  it('keeps what two origins said apart', () => {
    const auth = makeAuth('http://other.test')
    challenge(auth, ask('mine'))
    expect(sent(auth, '/', 'http://other.test')).toBe('nothing')
    challenge(auth, ask('theirs'), '/', 'http://other.test')
    expect([sent(auth), sent(auth, '/', 'http://other.test')]).toEqual(['r mine 1', 'r theirs 1'])
  })

  it('may be asked again where a redirect leads', () => {
    const call = makeAuth().forCall()
    expect(call.challenged(site, 'GET', '/a', ask('n1'), '')).toBe(true)
    expect(call.challenged(site, 'GET', '/b', ask('n2'), 'Digest x=y')).toBe(true)
    expect(call.challenged(site, 'GET', '/b', ask('n3'), 'Digest x=y')).toBe(false)
  })

  it('lets a challenge be that it cannot answer', () => {
    const call = makeAuth().forCall()
    for (const fields of [[], ['Basic realm="x"'], ['Digest realm="r", nonce="n", qop="auth-int"']]) {
      expect(call.challenged(site, 'GET', '/', fields, '')).toBe(false)
    }
  })
})

describe('protection spaces', () => {
  it('goes only where the domain says', () => {
    const auth = makeAuth()
    const domain = ', domain="/private /also/ http://else.test/x"'
    challenge(auth, ask('n', domain), '/private/a')
    expect(['/private/b', '/also/c', '/also', '/public', '/'].map((path) => sent(auth, path))).toEqual([
      'r n 1',
      'r n 2',
      'nothing',
      'nothing',
      'nothing',
    ])
  })

  it('goes to the folder where it was asked, even when the domain forgets it', () => {
    const auth = makeAuth()
    challenge(auth, ask('n', ', domain="http://else.test/"'), '/a/b?c=/d/')
    expect([sent(auth, '/a/x'), sent(auth, '/b')]).toEqual(['r n 1', 'nothing'])
  })

  it('knows two realms of an origin by the folders where each asked', () => {
    const auth = makeAuth()
    challenge(auth, ['Digest realm="ra", nonce="na"'], '/a/x')
    challenge(auth, ['Digest realm="rb", nonce="nb"'], '/b/x')
    const realms = ['/a/y', '/b/y', '/a/z/w', '/c'].map((path) => sent(auth, path).split(' ')[0])
    expect(realms).toEqual(['ra', 'rb', 'ra', 'rb'])
  })

  it('remembers so many, and forgets the oldest', () => {
    const auth = makeAuth()
    for (let i = 0; i <= LIMITS.maxProtectionSpaces; i++) {
      challenge(auth, [`Digest realm="${i}", nonce="n", domain="/${i}/"`], `/${i}/`)
    }
    expect([sent(auth, '/0/'), sent(auth, '/1/')]).toEqual(['nothing', '1 n NaN'])
  })
})
