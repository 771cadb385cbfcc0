import { Deque, type DequeItem } from '../core/deque.ts'
import { LIMITS } from '../core/limits.ts'
import { isSameVariant, sizeOf, type CacheStore, type StoreStats, type StoredResponse } from './store.ts'

/** All responses of one key, and its place in the order of use. */
interface Slot extends DequeItem<Slot> {
  readonly key: string
  /** The newest first. */
  responses: readonly StoredResponse[]
  bytes: number
}

const NONE: readonly StoredResponse[] = []

/** Keeps responses in memory, up to a number of bytes; what was used longest ago goes first. */
export class MemoryStore implements CacheStore {
  readonly #maxBytes: number
  readonly #slots = new Map<string, Slot>()
  /** The slot that was used longest ago comes first. */
  readonly #order = new Deque<Slot>()
  #bytes = 0
  #entries = 0
  #evicted = 0

  constructor(maxBytes: number = LIMITS.maxMemoryCache) {
    this.#maxBytes = maxBytes
  }

  get(key: string): readonly StoredResponse[] {
    const slot = this.#slots.get(key)
    if (slot === undefined) return NONE
    if (this.#order.last !== slot) {
      this.#order.remove(slot)
      this.#order.push(slot)
    }
    return slot.responses
  }

  set(key: string, stored: StoredResponse): void {
    const bytes = sizeOf(key, stored)
    const old = this.#slots.get(key)?.responses ?? NONE
    this.delete(key)
    if (bytes > this.#maxBytes) return
    const others = old.filter((each) => !isSameVariant(each, stored))
    const responses = [stored, ...others].slice(0, LIMITS.maxCacheVariants)
    const slot: Slot = { key, responses, bytes: 0, previous: null, next: null, deque: null }
    for (const each of responses) slot.bytes += sizeOf(key, each)
    while (slot.bytes > this.#maxBytes) this.#dropOldest(slot)
    this.#slots.set(key, slot)
    this.#order.push(slot)
    this.#bytes += slot.bytes
    this.#entries += slot.responses.length
    while (this.#bytes > this.#maxBytes) this.#evict()
  }

  delete(key: string): void {
    const slot = this.#slots.get(key)
    if (slot === undefined) return
    this.#slots.delete(key)
    this.#order.remove(slot)
    this.#bytes -= slot.bytes
    this.#entries -= slot.responses.length
  }

  clear(): void {
    for (const key of this.#slots.keys()) this.delete(key)
  }

  close(): void {
    this.clear()
  }

  stats(): StoreStats {
    return { entries: this.#entries, bytes: this.#bytes, evicted: this.#evicted }
  }

  #dropOldest(slot: Slot): void {
    slot.bytes -= sizeOf(slot.key, slot.responses.at(-1)!)
    slot.responses = slot.responses.slice(0, -1)
    this.#evicted++
  }

  #evict(): void {
    const { key, responses } = this.#order.first!
    this.delete(key)
    this.#evicted += responses.length
  }
}
