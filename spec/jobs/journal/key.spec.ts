import { describe, expect, it } from 'vitest'
import { keyDigits, keyMaker } from '../../../lib/jobs/journal/key.ts'

const SEED = '0001020304050607'

/** HalfSipHash with 64 bits of result, from the paper's description, over bytes; `c` and `d` are its rounds. */
function halfSipHash(bytes: Uint8Array, key: Uint8Array, c: number, d: number): string {
  const view = new DataView(key.buffer, key.byteOffset)
  const [k0, k1] = [view.getUint32(0, true), view.getUint32(4, true)]
  const v = Uint32Array.of(k0, k1 ^ 0xee, 0x6c796765 ^ k0, 0x74656462 ^ k1)
  const turn = (n: number, by: number): void => void (v[n] = (v[n]! << by) | (v[n]! >>> (32 - by)))
  const half = (a: number, b: number, by: number): void => {
    v[a]! += v[b]!
    turn(b, by)
    v[b]! ^= v[a]!
  }
  const rounds = (count: number): void => {
    for (let n = 0; n < count; n++) {
      half(0, 1, 5)
      turn(0, 16)
      half(2, 3, 8)
      half(0, 3, 7)
      half(2, 1, 13)
      turn(2, 16)
    }
  }
  const padded = new Uint8Array((Math.floor(bytes.length / 4) + 1) * 4)
  padded.set(bytes)
  padded[padded.length - 1] = bytes.length
  const words = new DataView(padded.buffer)
  for (let at = 0; at < padded.length; at += 4) {
    v[3]! ^= words.getUint32(at, true)
    rounds(c)
    v[0]! ^= words.getUint32(at, true)
  }
  const result = new DataView(new ArrayBuffer(8))
  v[2]! ^= 0xee
  rounds(d)
  result.setUint32(0, v[1]! ^ v[3]!, true)
  v[1]! ^= 0xdd
  rounds(d)
  result.setUint32(4, v[1]! ^ v[3]!, true)
  return Buffer.from(result.buffer).toString('hex')
}

const keyBytes = Buffer.from(SEED, 'hex')

/** What the reference gives, as the digits of a key. */
function referenceOf(text: string): string {
  const hash = Buffer.from(halfSipHash(Buffer.from(text, 'utf16le'), keyBytes, 1, 3), 'hex')
  return Buffer.from(hash.toReversed()).toString('hex')
}

describe('the key of an item', () => {
  it('comes from a hash whose reference gives the published values', () => {
    // HalfSipHash-2-4 of the bytes 0, 1, 2 ... under the key 0 to 7, by how many there are.
    const published: readonly [length: number, hash: string][] = [
      [0, '218d1f59b9b83cc8'],
      [1, 'be552412f8387315'],
      [2, '064f39ef7c50eb57'],
      [3, 'ce0f1a45f7060679'],
      [4, 'd5e78a175be52ea1'],
      [7, 'ff202728b07bc684'],
      [8, 'edfee820bce4858c'],
      [9, '5b51cccc13888307'],
    ]
    for (const [length, hash] of published) {
      const bytes = Uint8Array.from({ length }, (_, n) => n)
      expect(halfSipHash(bytes, keyBytes, 2, 4)).toBe(hash)
    }
  })

  it('is the HalfSipHash-1-3 of its UTF-16 units, at any length', () => {
    const makeKey = keyMaker(SEED)
    let text = ''
    for (let length = 0; length < 300; length++) {
      expect(keyDigits(makeKey(text))).toBe(referenceOf(text))
      text += String.fromCharCode((length * 7919) % 0x10000)
    }
    expect(keyDigits(makeKey('http://a.example/é?q=😀'))).toBe(referenceOf('http://a.example/é?q=😀'))
  })

  it('is the same for a text that was put together', () => {
    const makeKey = keyMaker(SEED)
    const parts = ['http://a.example', '/a/long/path/that/is/no/flat/string', '?page=', '17']
    expect(makeKey(parts.reduce((sum, part) => sum + part, ''))).toEqual(makeKey(parts.join('')))
  })

  it('has two halves that are integers of 32 bits, and 16 digits', () => {
    for (let n = 0; n < 1_000; n++) {
      const key = keyMaker(SEED)(`http://a.example/${n}`)
      expect([key.high, key.low]).toEqual([key.high | 0, key.low | 0])
      expect(keyDigits(key)).toMatch(/^[0-9a-f]{16}$/)
    }
  })

  it('depends on the seed of the job', () => {
    const keys = ['0001020304050607', '0101020304050607', '0001020304050608', 'ffffffffffffffff'].map(
      (seed) => keyDigits(keyMaker(seed)('http://a.example/')),
    )
    expect(new Set(keys).size).toBe(4)
    expect(() => keyMaker('')).toThrow('16 hex digits')
  })

  it('changes in half of its bits with any bit of the text', () => {
    const makeKey = keyMaker(SEED)
    const text = 'http://www.site-17.example/catalogue/page-123456.html?x=1'
    const flips = new Int32Array(64)
    let tries = 0
    for (let round = 0; round < 64; round++) {
      const units = Array.from(`${text}&round=${round}`, (unit) => unit.charCodeAt(0))
      const before = makeKey(String.fromCharCode(...units))
      for (let at = 0; at < units.length; at++) {
        for (let bit = 0; bit < 16; bit++) {
          const changed = units.with(at, units[at]! ^ (1 << bit))
          const after = makeKey(String.fromCharCode(...changed))
          for (let n = 0; n < 32; n++) {
            flips[n]! += ((before.low ^ after.low) >>> n) & 1
            flips[32 + n]! += ((before.high ^ after.high) >>> n) & 1
          }
          tries++
        }
      }
    }
    // Six standard deviations of a fair coin.
    const margin = 3 / Math.sqrt(tries)
    for (const count of flips) expect(Math.abs(count / tries - 0.5)).toBeLessThan(margin)
  })

  it('is another one for each of a million similar URLs, as chance has it', { timeout: 60_000 }, () => {
    const makeKey = keyMaker(SEED)
    const count = 1_000_000
    const whole = new BigUint64Array(count)
    const highs = new Uint32Array(count)
    const lows = new Uint32Array(count)
    for (let n = 0; n < count; n++) {
      const { high, low } = makeKey(`http://host-${n % 50}.example/catalogue/page-${n}.html`)
      highs[n] = high
      lows[n] = low
    }
    const words = new Uint32Array(whole.buffer)
    for (let n = 0; n < count; n++) {
      words[2 * n] = lows[n]!
      words[2 * n + 1] = highs[n]!
    }
    expect(repeatsIn(whole)).toBe(0)
    // Of one half alone: count ** 2 / 2 ** 33, give or take six standard deviations.
    const expected = count ** 2 / 2 ** 33
    for (const half of [highs, lows]) {
      expect(Math.abs(repeatsIn(half) - expected)).toBeLessThan(6 * Math.sqrt(expected))
    }
  })
})

function repeatsIn(values: BigUint64Array | Uint32Array): number {
  values.sort()
  let repeats = 0
  for (let n = 1; n < values.length; n++) if (values[n] === values[n - 1]) repeats++
  return repeats
}
