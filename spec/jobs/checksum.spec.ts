import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Checksum, ChecksumVerifier, parseChecksum, parseDigestField } from '../../lib/jobs/checksum.ts'

const HELLO = Buffer.from('{"hello": "world"}')
/** Of HELLO, from RFC 9530's examples. */
const SHA256 = 'X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE='

function digestOf(algorithm: string, bytes: Uint8Array, encoding: 'hex' | 'base64' | 'base64url'): string {
  return createHash(algorithm).update(bytes).digest(encoding)
}

describe('a checksum', () => {
  it('is hex or base64, by any of its names', () => {
    const names: [name: string, algorithm: string][] = [
      ['sha-256', 'sha256'],
      ['SHA256', 'sha256'],
      ['sha-1', 'sha1'],
      ['sha', 'sha1'],
      ['sha-224', 'sha224'],
      ['Sha-384', 'sha384'],
      ['sha-512', 'sha512'],
      ['md5', 'md5'],
    ]
    for (const [name, algorithm] of names) {
      const digest = createHash(algorithm).update(HELLO).digest()
      const { length } = digest.toString('base64url')
      const base64 = digest.toString('base64')
      for (const digits of [
        digest.toString('hex'),
        digest.toString('hex').toUpperCase(),
        base64,
        base64.slice(0, length),
      ]) {
        expect(parseChecksum(` ${name} = ${digits} `)).toEqual({ algorithm, digest })
      }
      expect(parseChecksum(`${name}=${digest.toString('base64url')}`)).toEqual({ algorithm, digest })
    }
  })

  it('tells what is wrong with it', () => {
    const faults: [text: string, problem: string][] = [
      ['', 'has no name'],
      ['abc', 'has no name; write it as in sha-256='],
      ['sha-265=00', 'did you mean sha-256?'],
      ['constructor=00', '"constructor" is not known'],
      ['sha-256=', 'does not have 32 bytes'],
      [`sha-256=${'0'.repeat(63)}`, 'does not have 32 bytes'],
      [`sha-256=${'g'.repeat(64)}`, 'does not have 32 bytes'],
      [`md5=${'0'.repeat(64)}`, 'does not have 16 bytes'],
    ]
    for (const [text, problem] of faults) expect(parseChecksum(text)).toContain(problem)
  })

  it('is never refused with an exception', () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        const parsed = parseChecksum(`sha-256=${text}`)
        expect(typeof parsed === 'string' || parsed.digest.length === 32).toBe(true)
        expect(Array.isArray(parseDigestField('content-digest', text))).toBe(true)
        expect(Array.isArray(parseDigestField('digest', text))).toBe(true)
      }),
    )
  })
})

describe('a verifier', () => {
  it('says whether the bytes are the ones, in any split', () => {
    fc.assert(
      fc.property(
        fc.array(fc.uint8Array()),
        fc.constantFrom('md5', 'sha256', 'sha512'),
        (parts, algorithm) => {
          const whole = Buffer.concat(parts)
          const right = parseChecksum(`${algorithm}=${digestOf(algorithm, whole, 'hex')}`) as Checksum
          const verifier = new ChecksumVerifier(right)
          for (const part of parts) verifier.update(part)
          expect(verifier.matches()).toBe(true)
          expect(verifier.actual()).toBe(digestOf(algorithm, whole, 'hex'))
          const other = new ChecksumVerifier(right)
          other.update(Buffer.concat([whole, Buffer.of(0)]))
          expect(other.matches()).toBe(false)
        },
      ),
    )
  })
})

describe('Content-Digest and Repr-Digest', () => {
  it('have checksums, the strongest first', () => {
    const sha512 = digestOf('sha512', HELLO, 'base64')
    const digest256 = { algorithm: 'sha256', digest: Buffer.from(SHA256, 'base64') }
    const digest512 = { algorithm: 'sha512', digest: Buffer.from(sha512, 'base64') }
    expect(createHash('sha256').update(HELLO).digest('base64')).toBe(SHA256)
    expect(parseDigestField('content-digest', `sha-256=:${SHA256}:`)).toEqual([digest256])
    expect(parseDigestField('repr-digest', ` sha-256=:${SHA256}: ,\tsha-512=:${sha512}:;a=1;b `)).toEqual([
      digest512,
      digest256,
    ])
  })

  it('leave out what is not safe or not known, and a later one of a name wins', () => {
    const other = digestOf('sha256', Buffer.of(1), 'base64')
    const value = `md5=:AAAA:, crc32c=:AAAA:, sha-256=:${other}:, sha-256=:${SHA256}:`
    expect(parseDigestField('content-digest', value)).toEqual([
      { algorithm: 'sha256', digest: Buffer.from(SHA256, 'base64') },
    ])
  })

  it('that are not well-formed say nothing', () => {
    const values = [
      '',
      `sha-256=${SHA256}`,
      `sha-256=:${SHA256}`,
      'sha-256=:AAAA:',
      `SHA-256=:${SHA256}:`,
      `x, sha-256=:${SHA256}:`,
      'sha-256',
    ]
    for (const value of values)
      expect([value, parseDigestField('content-digest', value)]).toEqual([value, []])
  })
})

describe('Digest', () => {
  it('has checksums, md5 and sha, too', () => {
    const [md5, sha] = [digestOf('md5', HELLO, 'base64'), digestOf('sha1', HELLO, 'base64')]
    const found = parseDigestField('digest', `MD5=${md5}, unixsum=30637,SHA=${sha}, sha-256=${SHA256}`)
    expect(found.map(({ algorithm }) => algorithm)).toEqual(['sha256', 'sha1', 'md5'])
    expect(Buffer.from(found[0]!.digest).toString('base64')).toBe(SHA256)
  })

  it('that is not well-formed says nothing', () => {
    for (const value of ['', 'sha-256', `md5=AAAA, sha-256=${SHA256}`, 'sha-256=:x:']) {
      expect(parseDigestField('digest', value)).toEqual([])
    }
  })
})
