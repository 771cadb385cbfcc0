import { LIMITS } from '../../core/limits.ts'
import type { Key } from './key.ts'

/** `seen`: it came in this run's input, and is not finished. `ok` and `failed`: it is. */
export type KeyState = 'unknown' | 'seen' | 'ok' | 'failed'

/** The high 8 bits of a key choose its table, so that a slot has as many bits for what is known of it. */
const TABLE_BITS = 8
const FLAG_BITS = 8
const FLAGS = (1 << FLAG_BITS) - 1
/** A slot without it is empty. */
const TAKEN = 1
const SEEN = 2
const OK = 4
const FAILED = 8
const FINISHED = OK | FAILED

/** Fuller ones are slower to look into: 0.31 us at 0.9. */
const MAX_LOAD = 0.88
/** Less costs more copying: 0.65 instead of 0.45 us a new key with 1.125. */
const GROWTH = 1.25
/** What a table begins with, slots. */
const FIRST_SIZE = 8
const NO_TABLE = new Int32Array(0)
const TWO_32 = 4_294_967_296

/**
 * Keys and what is known of each, in 8 bytes a slot and no objects: 10 million take about 100 MB. There are 256
 * hash tables that grow by a quarter each, at different numbers of keys, so that there is never a moment in which
 * all of it stands in memory twice, or is half empty.
 */
export class KeySet {
  readonly #tables: Int32Array[] = []
  readonly #sizes: number[] = []
  /** Where a table's keys are while it grows. */
  #scratch: Int32Array = NO_TABLE
  readonly #maxKeys: number
  #size = 0

  constructor(maxKeys: number = LIMITS.maxJobKeys) {
    this.#maxKeys = maxKeys
    for (let table = 0; table < 1 << TABLE_BITS; table++) {
      this.#tables.push(NO_TABLE)
      this.#sizes.push(0)
    }
  }

  /** Keys of which anything is known, or was. */
  get size(): number {
    return this.#size
  }

  /** Bytes of its tables. */
  get bytes(): number {
    return this.#tables.reduce((sum, table) => sum + table.byteLength, this.#scratch.byteLength)
  }

  state(key: Key): KeyState {
    return stateOf(this.#flags(key))
  }

  /**
   * Notes that the key has come in this run's input, and says what it was before: `seen` when it has come already,
   * whatever became of it since, and otherwise `unknown`, or how an earlier run has finished it.
   */
  see(key: Key): KeyState {
    const table = this.#tableOf(key)
    const at = this.#take(table, key)
    const slots = this.#tables[table]!
    const flags = slots[at]!
    if ((flags & SEEN) !== 0) return 'seen'
    slots[at] = flags | SEEN
    return stateOf(flags)
  }

  /** `unknown` forgets that it was seen, too. Throws RangeError when there are too many keys, as `see` does. */
  set(key: Key, state: KeyState): void {
    const table = this.#tableOf(key)
    const at = this.#take(table, key)
    const slots = this.#tables[table]!
    const flags = slots[at]! & ~FINISHED
    slots[at] = state === 'unknown' ? flags & ~SEEN : flags | bitOf(state)
  }

  /** The item is finished; false, and nothing is changed, when it was already. */
  finish(key: Key, ok: boolean): boolean {
    const table = this.#tableOf(key)
    const at = this.#take(table, key)
    const slots = this.#tables[table]!
    const flags = slots[at]!
    if ((flags & FINISHED) !== 0) return false
    slots[at] = flags | (ok ? OK : FAILED)
    return true
  }

  /** Those that have failed are not finished any more, nor seen. Returns how many there were. */
  forgetFailed(): number {
    let count = 0
    for (const slots of this.#tables) {
      for (let at = 1; at < slots.length; at += 2) {
        const flags = slots[at]!
        if ((flags & FAILED) === 0) continue
        slots[at] = flags & ~(FAILED | SEEN)
        count++
      }
    }
    return count
  }

  #tableOf(key: Key): number {
    return key.high >>> (32 - TABLE_BITS)
  }

  #flags(key: Key): number {
    const slots = this.#tables[this.#tableOf(key)]!
    if (slots.length === 0) return 0
    return slots[find(slots, key.high << FLAG_BITS, key.low)]! & FLAGS
  }

  /** Where the key's flags stand. */
  #take(table: number, key: Key): number {
    let slots = this.#tables[table]!
    if (slots.length > 0) {
      const at = find(slots, key.high << FLAG_BITS, key.low)
      if ((slots[at]! & TAKEN) !== 0) return at
    }
    if (this.#size >= this.#maxKeys) throw new RangeError(`a job has at most ${this.#maxKeys} items`)
    const count = this.#sizes[table]! + 1
    if (count > (slots.length >>> 1) * MAX_LOAD) slots = this.#grow(table)
    const at = find(slots, key.high << FLAG_BITS, key.low)
    slots[at - 1] = key.low
    slots[at] = (key.high << FLAG_BITS) | TAKEN
    this.#sizes[table] = count
    this.#size++
    return at
  }

  /** By way of the scratch: `transfer` gives the old table's memory back at once, not when it is collected. */
  #grow(table: number): Int32Array {
    const old = this.#tables[table]!
    // The tables' sizes are spread over one step of growth.
    const first = Math.ceil(FIRST_SIZE * GROWTH ** (table / this.#tables.length))
    const size = old.length === 0 ? first : Math.ceil((old.length >>> 1) * GROWTH)
    if (this.#scratch.length < old.length) this.#scratch = resized(this.#scratch, old.length * 2)
    const from = this.#scratch
    from.set(old)
    const { length } = old
    const slots = resized(old, size * 2)
    this.#tables[table] = slots
    slots.fill(0)
    for (let at = 1; at < length; at += 2) {
      const flags = from[at]!
      if ((flags & TAKEN) === 0) continue
      const low = from[at - 1]!
      const to = find(slots, (flags & ~FLAGS) | 0, low)
      slots[to - 1] = low
      slots[to] = flags
    }
    return slots
  }
}

function resized(slots: Int32Array, length: number): Int32Array {
  if (slots.length === 0) return new Int32Array(length)
  return new Int32Array((slots.buffer as ArrayBuffer).transfer(length * 4))
}

/** Where the flags of the key stand, or those of the empty slot where it belongs. `rest`: its high half without the table's bits. */
function find(slots: Int32Array, rest: number, low: number): number {
  const { length } = slots
  // Which part of the table the low half points to, as a part of 2^32: any size will do, not only powers of 2.
  let at = (Math.floor((low >>> 0) * ((length >>> 1) / TWO_32)) << 1) | 1
  for (;;) {
    const flags = slots[at]!
    if ((flags & TAKEN) === 0 || ((flags & ~FLAGS) === rest && slots[at - 1] === low)) return at
    at += 2
    if (at > length) at = 1
  }
}

function bitOf(state: Exclude<KeyState, 'unknown'>): number {
  return state === 'seen' ? SEEN : state === 'ok' ? OK : FAILED
}

function stateOf(flags: number): KeyState {
  if ((flags & OK) !== 0) return 'ok'
  if ((flags & FAILED) !== 0) return 'failed'
  return (flags & SEEN) === 0 ? 'unknown' : 'seen'
}
