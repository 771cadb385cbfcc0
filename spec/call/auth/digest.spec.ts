import { describe, expect, it } from 'vitest'
import {
  digestField,
  digestKey,
  pickDigest,
  type DigestUse,
  type Login,
} from '../../../lib/call/auth/digest.ts'
import { parseChallenges } from '../../../lib/call/auth/challenges.ts'

const mufasa = { username: 'Mufasa', password: 'Circle of Life' }
const rfc7616 =
  'realm="http-auth@example.org", qop="auth, auth-int", nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"'
const jason =
  'Digest realm="api@example.org", qop="auth", algorithm=SHA-512-256, nonce="5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK", opaque="HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS", charset=UTF-8, userhash=true'

function answer(challenge: string, login: Login, use: Partial<DigestUse>): string {
  const picked = pickDigest([challenge])!
  const cnonce = use.cnonce ?? 'abc'
  const key = digestKey(picked, login, cnonce)
  return digestField(picked, login.username, key, { method: 'GET', path: '/', count: 1, cnonce, ...use })
}

function params(field: string): Record<string, string> {
  return Object.fromEntries(parseChallenges([field])[0]!.params)
}

describe('the examples of the RFCs', () => {
  const use = { path: '/dir/index.html', cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ' }

  it('RFC 7616 section 3.9.1, MD5', () => {
    expect(params(answer(`Digest ${rfc7616}, algorithm=MD5`, mufasa, use))).toEqual({
      username: 'Mufasa',
      realm: 'http-auth@example.org',
      uri: '/dir/index.html',
      algorithm: 'MD5',
      nonce: '7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v',
      nc: '00000001',
      cnonce: 'f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ',
      qop: 'auth',
      response: '8ca523f5e9506fed4657c9700eebdbec',
      opaque: 'FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS',
    })
  })

  it('RFC 7616 section 3.9.1, SHA-256', () => {
    expect(params(answer(`Digest ${rfc7616}, algorithm=SHA-256`, mufasa, use))['response']).toBe(
      '753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1',
    )
  })

  // As corrected by erratum 4897: the RFC's own numbers are of SHA-512 cut to 256 bits, which is another hash.
  it('RFC 7616 section 3.9.2, SHA-512-256 with userhash', () => {
    const login = { username: 'Jäsøn Doe', password: 'Secret, or not?' }
    const cnonce = 'NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v'
    expect(params(answer(jason, login, { path: '/doe.json', cnonce }))).toMatchObject({
      username: '793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b',
      userhash: 'true',
      response: '3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5',
    })
  })

  const old =
    'realm="testrealm@host.com", nonce="dcd98b7102dd2f0e8b11d0f600bfb0c093", opaque="5ccc069c403ebaf9f0171e9517f40e41"'

  it('RFC 2617 section 3.5', () => {
    const login = { username: 'Mufasa', password: 'Circle Of Life' }
    const field = answer(`Digest ${old}, qop="auth,auth-int"`, login, { ...use, cnonce: '0a4f113b' })
    expect(params(field)['response']).toBe('6629fae49393a05397450978507c4ef1')
    expect(field).not.toContain('algorithm')
  })

  // With the response of its errata.
  it('RFC 2069 section 2.4: no qop', () => {
    const field = answer(`Digest ${old}`, { username: 'Mufasa', password: 'CircleOfLife' }, use)
    expect(params(field)).toMatchObject({ response: '1949323746fe6a43ef61f9606e7febea' })
    expect(field).not.toMatch(/qop|nc=|cnonce/)
  })
})

describe('digestField', () => {
  it('writes qop, nc and algorithm without quotes, and the rest with', () => {
    const field = answer('Digest realm="r", nonce="n", qop="auth", algorithm=SHA-256-sess', mufasa, {
      count: 255,
    })
    expect(field).toMatch(
      /^Digest username="Mufasa", realm="r", nonce="n", uri="\/", algorithm=SHA-256-sess, qop=auth, nc=000000ff, cnonce="abc", response="[0-9a-f]{64}"$/,
    )
  })

  it('sends opaque back, empty or not, and none where none came', () => {
    expect(answer('Digest realm="r", nonce="n", opaque=""', mufasa, {})).toContain(', opaque=""')
    expect(answer('Digest realm="r", nonce="n"', mufasa, {})).not.toContain('opaque')
  })

  it('escapes quotes and backslashes, and hashes them bare', () => {
    const login = { username: 'a"b\\c', password: 'p' }
    const field = answer('Digest realm="\\"r\\"", nonce="n"', login, {})
    expect(field).toContain('username="a\\"b\\\\c", realm="\\"r\\""')
    const bare = pickDigest(['Digest realm="\\"r\\"", nonce="n"'])!
    expect(bare.realm).toBe('"r"')
    expect(params(field)).toMatchObject({ username: 'a"b\\c', realm: '"r"' })
  })

  it('keeps the bytes of a realm that is not ASCII', () => {
    const realm = Buffer.from('Größe').toString('latin1')
    expect(params(answer(`Digest realm="${realm}", nonce="n"`, mufasa, {}))['realm']).toBe(realm)
  })

  const names: readonly [challenge: string, param: string][] = [
    ['', `username="${Buffer.from('Jäsøn').toString('latin1')}"`],
    [', charset=UTF-8', "username*=UTF-8''J%C3%A4s%C3%B8n"],
    [', charset=utf-8', "username*=UTF-8''J%C3%A4s%C3%B8n"],
  ]
  it.each(names)('tells a name that is not ASCII, with%s, as %s', (more, param) => {
    const login = { username: 'Jäsøn', password: 'p' }
    expect(answer(`Digest realm="r", nonce="n"${more}`, login, {})).toContain(`Digest ${param}, realm`)
  })

  it('takes a decomposed name as a composed one where UTF-8 is told (RFC 7616 section 4)', () => {
    const challenge = 'Digest realm="r", nonce="n", charset=UTF-8'
    const composed = answer(challenge, { username: 'J\u00e4', password: '\u00e9' }, {})
    expect(answer(challenge, { username: 'Ja\u0308', password: 'e\u0301' }, {})).toBe(composed)
  })
})

const one = (more: string): string => `Digest realm="r", nonce="n"${more}`

describe('pickDigest', () => {
  const cases: readonly [fields: readonly string[], picked: string | null][] = [
    [[], null],
    [['Basic realm="x"'], null],
    [['Digest realm="r"'], null],
    [['Digest nonce="n"'], null],
    [[one('')], 'md5'],
    [[one(', algorithm=md5')], 'md5'],
    [[one(', algorithm="SHA-256"')], 'sha256'],
    [[one(', algorithm=SHA-512-256')], 'sha512-256'],
    [[one(', algorithm=MD5, qop=auth'), one(', algorithm=SHA-256, qop=auth')], 'sha256'],
    [[`${one(', algorithm=SHA-512-256')}, ${one(', algorithm=SHA-256')}, ${one('')}`], 'sha512-256'],
    [[one(', algorithm=MD5-sess, qop="auth"')], 'md5 sess'],
    [[one(', algorithm=MD5-sess')], null],
    [[one(', algorithm=SHA-1')], null],
    [[one(', algorithm=token')], null],
    [[one(', qop="auth-int"')], null],
    [[one(', qop="auth-int, AUTH"')], 'md5'],
    [[one(', qop=""')], 'md5'],
    [['Basic realm="b", ' + one(', algorithm=SHA-256') + ', Negotiate'], 'sha256'],
  ]

  it.each(cases)('picks of %j %s', (fields, picked) => {
    const digest = pickDigest(fields)
    expect(digest === null ? null : `${digest.hash}${digest.session ? ' sess' : ''}`).toBe(picked)
  })

  it.each([
    'realm="a\u0001b", nonce="n"',
    'realm="a", nonce="n\u007f"',
    'realm="a", nonce="n", opaque="\u001b"',
  ])('passes over what no field can carry back: %j', (given) => {
    expect(pickDigest([`Digest ${given}, qop="auth"`])).toBe(null)
    expect(pickDigest([`Digest ${given}`, `Digest ${rfc7616}`])?.realm).toBe('http-auth@example.org')
  })

  it('takes the first of equals', () => {
    expect(pickDigest([one(', opaque=1'), one(', opaque=2')])!.opaque).toBe('1')
  })
})
