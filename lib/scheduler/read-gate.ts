import type { DequeItem } from '../core/deque.ts'
import type { DownloadRate } from './download-rate.ts'

/** A connection's half that reads. */
export interface GateOwner {
  /** Stops reading for our own pace's sake, or goes on. */
  hold(on: boolean): void
}

/** One connection before the rates that it reads at: it stands in one line at a time, first its target's, then that of all. */
export class ReadGate implements DequeItem<ReadGate> {
  previous: ReadGate | null = null
  next: ReadGate | null = null
  deque: object | null = null
  readonly #owner: GateOwner
  readonly #rates: readonly DownloadRate[]
  /** Whose line it stands in. */
  #stage = 0
  /** Bytes that are left of its turn: a read may bring few, and turns are to be alike. */
  #left = 0

  constructor(owner: GateOwner, rates: readonly DownloadRate[]) {
    this.#owner = owner
    this.#rates = rates
  }

  /** So many bytes have been read. */
  took(bytes: number): void {
    const wasOpen = this.#left > 0
    this.#left -= bytes
    for (const rate of this.#rates) rate.take(bytes, wasOpen && this.#left <= 0)
  }

  /** It would read on: it has to wait where others do, or where there are no tokens. */
  check(): void {
    if (this.deque !== null || (this.#left > 0 && this.#rates.every(({ isEmpty }) => !isEmpty))) return
    if (this.#standsFrom(0)) this.#owner.hold(true)
    for (const rate of this.#rates) rate.feed()
  }

  /** It is first in line, and may go on to the next one. */
  pass(): void {
    if (this.#standsFrom(this.#stage + 1)) return
    this.#left = this.#rates[this.#stage]!.readSize
    this.#owner.hold(false)
  }

  leave(): void {
    if (this.deque !== null) this.#rates[this.#stage]!.leave(this)
  }

  #standsFrom(stage: number): boolean {
    for (let at = stage; at < this.#rates.length; at++) {
      const rate = this.#rates[at]!
      if (!rate.isShut) continue
      this.#stage = at
      rate.join(this)
      return true
    }
    return false
  }
}
