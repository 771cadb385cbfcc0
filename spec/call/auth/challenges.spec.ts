import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseChallenges } from '../../../lib/call/auth/challenges.ts'

/** As `scheme`, `scheme token68` or `scheme name=value name=value`. */
function shown(fields: readonly string[]): string[] {
  return parseChallenges(fields).map(({ scheme, token68, params }) =>
    [scheme, token68, ...[...params].map(([name, value]) => `${name}=${value}`)].filter(Boolean).join(' '),
  )
}

const quote = (text: string): string => `"${text.replace(/["\\]/g, '\\$&')}"`

const cases: readonly [what: string, fields: readonly string[], challenges: readonly string[]][] = [
  ['nothing', [], []],
  ['an empty field', [''], []],
  ['a scheme alone', ['Negotiate'], ['negotiate']],
  ['one parameter', ['Basic realm="x"'], ['basic realm=x']],
  ['a token as value', ['Basic realm=x'], ['basic realm=x']],
  ['names and schemes in any case', ['BASIC Realm="X"'], ['basic realm=X']],
  ['blanks around =', ['Basic realm = "x" , charset\t=\tUTF-8'], ['basic realm=x charset=UTF-8']],
  [
    'no blank after the commas',
    ['Digest realm="a",nonce="b",qop="auth"'],
    ['digest realm=a nonce=b qop=auth'],
  ],
  [
    'two challenges in a field',
    ['Digest realm="a", nonce="b", Basic realm="c"'],
    ['digest realm=a nonce=b', 'basic realm=c'],
  ],
  ['two fields', ['Digest realm="a"', 'Basic realm="b"'], ['digest realm=a', 'basic realm=b']],
  ['a scheme alone before another', ['Negotiate, Basic realm="x"'], ['negotiate', 'basic realm=x']],
  ['schemes alone', ['Negotiate, NTLM'], ['negotiate', 'ntlm']],
  ['token68', ['Negotiate YII+/-._~a=='], ['negotiate YII+/-._~a==']],
  ['token68 before another', ['NTLM TlRM, Basic realm=x'], ['ntlm TlRM', 'basic realm=x']],
  [
    'the example of RFC 9110 section 11.6.1',
    ['Basic realm="simple", Newauth realm="apps", type=1, title="Login to \\"apps\\""'],
    ['basic realm=simple', 'newauth realm=apps type=1 title=Login to "apps"'],
  ],
  ['a comma in quotes', ['Basic realm="a, Digest realm=b"'], ['basic realm=a, Digest realm=b']],
  ['an escaped backslash', ['Basic realm="a\\\\"'], ['basic realm=a\\']],
  ['an empty value', ['Digest opaque="", realm="x"'], ['digest opaque= realm=x']],
  ['empty elements', [', ,Basic realm="x",, ,charset=a,'], ['basic realm=x charset=a']],
  ['base64 without quotes', ['Digest nonce=ab/c+d==, realm=x'], ['digest nonce=ab/c+d== realm=x']],
  ['quotes that do not end', ['Basic realm="a, b'], ['basic realm=a, b']],
  ['a backslash at the end', ['Basic realm="a\\'], ['basic realm=a']],
  ['a name given twice', ['Basic realm=a, realm=b'], ['basic realm=a']],
  ['parameters of nobody', ['realm="x", Basic realm="y"'], ['basic realm=y']],
  ['parameters of another field', ['Basic realm=x', 'charset=UTF-8'], ['basic realm=x']],
  ['rubbish before', ['"a, b", @@, Basic realm=x'], ['basic realm=x']],
  ['a parameter called __proto__', ['Basic __proto__=x'], ['basic __proto__=x']],
]

describe('parseChallenges', () => {
  it.each(cases)('reads %s', (_what, fields, challenges) => {
    expect(shown(fields)).toEqual(challenges)
  })

  it('gives back whatever a server has quoted', () => {
    const token = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/)
    const value = fc.string({ unit: 'binary-ascii' })
    const challenge = fc.tuple(token, fc.dictionary(token, value, { minKeys: 1, maxKeys: 4 }))
    fc.assert(
      fc.property(fc.array(challenge, { maxLength: 4 }), (challenges) => {
        const text = challenges
          .map(([scheme, params]) => {
            const list = Object.entries(params).map(([name, one]) => `${name}=${quote(one)}`)
            return `${scheme} ${list.join(', ')}`
          })
          .join(', ')
        const read = parseChallenges([text]).map(({ scheme, params }) => [scheme, Object.fromEntries(params)])
        expect(read).toEqual(challenges.map(([scheme, params]) => [scheme, { ...params }]))
      }),
    )
  })

  it('takes any text', () => {
    const part = fc.oneof(fc.string(), fc.constantFrom('Basic ', 'realm=', '"', '\\', ',', '=', ' '))
    fc.assert(
      fc.property(fc.array(part, { maxLength: 30 }), (parts) => {
        for (const { scheme } of parseChallenges([parts.join('')])) expect(scheme).not.toBe('')
      }),
    )
  })
})
