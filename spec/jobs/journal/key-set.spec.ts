import { describe, expect, it } from 'vitest'
import { KeySet, type KeyState } from '../../../lib/jobs/journal/key-set.ts'
import { keyDigits, keyMaker, type Key } from '../../../lib/jobs/journal/key.ts'

const makeKey = keyMaker('0123456789abcdef')
const STATES: readonly KeyState[] = ['unknown', 'seen', 'ok', 'failed']

describe('a set of keys', () => {
  it('knows of each key what was said last', () => {
    const set = new KeySet()
    const model = new Map<string, KeyState>()
    let random = 1
    let wrong = 0
    for (let step = 0; step < 50_000; step++) {
      random = (Math.imul(random, 1_103_515_245) + 12_345) >>> 0
      const key = makeKey(`item ${random % 10_000}`)
      const digits = keyDigits(key)
      if (set.state(key) !== (model.get(digits) ?? 'unknown')) wrong++
      const state = STATES[(random >>> 20) % 4]!
      set.set(key, state)
      model.set(digits, state)
    }
    expect(wrong).toBe(0)
    expect(set.size).toBe(model.size)
  })

  it('tells keys apart that differ in one bit only', () => {
    for (const base of [0, -1]) {
      const set = new KeySet()
      const keys: Key[] = [{ high: base, low: base }]
      for (let bit = 0; bit < 32; bit++) {
        keys.push({ high: base ^ (1 << bit), low: base }, { high: base, low: base ^ (1 << bit) })
      }
      for (const [n, key] of keys.entries()) {
        expect(set.state(key)).toBe('unknown')
        set.set(key, STATES[1 + (n % 3)]!)
      }
      expect(keys.map((key) => set.state(key))).toEqual(keys.map((_, n) => STATES[1 + (n % 3)]!))
      expect(set.size).toBe(65)
    }
  })

  it('finds keys that all belong to the end of one table', () => {
    const set = new KeySet()
    const keys = Array.from({ length: 1_000 }, (_, n) => ({ high: n << 4, low: -1 - (n % 7) }))
    for (const key of keys) expect(set.finish(key, true)).toBe(true)
    for (const key of keys) expect(set.finish(key, false)).toBe(false)
    expect(keys.every((key) => set.state(key) === 'ok')).toBe(true)
    expect(set.state({ high: 1_000 << 4, low: -1 })).toBe('unknown')
  })

  it('tells what came in this run from what came before it', () => {
    const set = new KeySet()
    const [fresh, before, lost] = ['fresh', 'before', 'lost'].map((text) => makeKey(text)) as [Key, Key, Key]
    set.finish(before, true)
    set.finish(lost, false)
    expect([set.see(fresh), set.see(before), set.see(lost)]).toEqual(['unknown', 'ok', 'failed'])
    expect(set.state(fresh)).toBe('seen')
    expect(set.finish(fresh, true)).toBe(true)
    expect([set.see(fresh), set.see(before), set.see(lost)]).toEqual(['seen', 'seen', 'seen'])
    expect([set.state(fresh), set.state(before), set.state(lost)]).toEqual(['ok', 'ok', 'failed'])
  })

  it('forgets those that have failed, and no others', () => {
    const set = new KeySet()
    for (let n = 0; n < 9_000; n++) set.finish(makeKey(String(n)), n % 3 !== 0)
    set.see(makeKey('0'))
    set.see(makeKey('waiting'))
    expect(set.forgetFailed()).toBe(3_000)
    expect(set.forgetFailed()).toBe(0)
    for (let n = 0; n < 9_000; n++) expect(set.state(makeKey(String(n)))).toBe(n % 3 === 0 ? 'unknown' : 'ok')
    expect(set.state(makeKey('waiting'))).toBe('seen')
    expect(set.size).toBe(9_001)
    expect(set.finish(makeKey('0'), true)).toBe(true)
  })

  it('takes 12 bytes a key at every moment, growth included', () => {
    const set = new KeySet()
    let most = 0
    for (let n = 0; n < 500_000; n++) {
      set.set(makeKey(String(n)), 'seen')
      if (n > 100_000 && n % 1_000 === 0) most = Math.max(most, set.bytes / set.size)
    }
    expect(most).toBeLessThan(12)
  })

  it('has a bound', () => {
    const set = new KeySet(100)
    for (let n = 0; n < 100; n++) set.see(makeKey(String(n)))
    expect(() => set.see(makeKey('one more'))).toThrow('at most 100 items')
    expect(set.finish(makeKey('99'), true)).toBe(true)
    expect(set.state(makeKey('one more'))).toBe('unknown')
  })
})
