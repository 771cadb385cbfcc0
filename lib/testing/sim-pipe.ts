import type { Random } from './random.ts'
import type { SimClock } from './sim-clock.ts'

/** How the simulated network behaves at the moment. May be changed at any time. */
export interface SimConditions {
  /** Time from one end to the other, ms: least and most. */
  readonly latency: readonly [number, number]
  /** Chance that what arrives together is cut at any byte; 0 to 1. */
  readonly split: number
  /** Bytes under way in one direction before `write` says false. */
  readonly buffer: number
  /** Bytes that each direction of a connection carries in a ms; Infinity: as many as are written. */
  readonly bandwidth: number
}

/** What all connections of one network share. */
export interface SimLink {
  readonly clock: SimClock
  readonly random: Random
  conditions: SimConditions
  /** Every chunk is handed out in here, and overwritten afterwards. */
  readonly scratch: Buffer
}

/** The two ends of a direction: who reads and who writes. */
export interface PipeEnds {
  /** `chunk` is valid during the call only. */
  onPipeData(chunk: Buffer): void
  onPipeEnd(clean: boolean): void
  onPipeReset(error: Error): void
  /** Told to the writer: all has been taken, after `write` said false. */
  onPipeDrain(): void
}

interface Piece {
  readonly data: Uint8Array
  readonly due: number
}

const SCRIBBLE = 0xee
/** What is written at once arrives in no more parts than these, however slow it is. */
const MAX_PARTS = 64
/** ms that one part takes, where that is not too many of them. */
const PART_TIME = 5

/** One direction of a connection: bytes in order, late, in pieces of any size. */
export class SimPipe {
  readonly #link: SimLink
  readonly #ends: PipeEnds
  readonly #readSize: number
  #pieces: Piece[] = []
  /** Bytes of the first piece that have been delivered. */
  #offset = 0
  #queued = 0
  #lastDue = 0
  /** When all that was written before has been put on the wire. */
  #freeAt = 0
  #delivered = 0
  #end: { clean: boolean; due: number } | null = null
  /** The end has been delivered; a reset may still follow. */
  #finished = false
  #reset: { error: Error; due: number } | null = null
  #paused = true
  #blocked = false
  #dead = false
  #cancelDelivery: (() => void) | null = null

  /** Starts paused. `readSize`: most bytes delivered at once. */
  constructor(link: SimLink, ends: PipeEnds, readSize: number = link.scratch.length) {
    this.#link = link
    this.#readSize = Math.min(readSize, link.scratch.length)
    this.#ends = ends
  }

  /** Bytes written and not delivered. */
  get queued(): number {
    return this.#queued
  }

  /** Bytes that have been given to the reader so far. */
  get delivered(): number {
    return this.#delivered
  }

  /** Whether nothing can be written any more. */
  get ended(): boolean {
    return this.#dead || this.#finished || this.#end !== null || this.#reset !== null
  }

  /** false: above the buffer; wait for `onPipeDrain`. The bytes are read when they are delivered. */
  write(data: Uint8Array): boolean {
    if (this.ended) return true
    if (data.length > 0) {
      this.#put(data)
      this.#queued += data.length
      this.#plan()
    }
    if (this.#queued > this.#link.conditions.buffer) this.#blocked = true
    return !this.#blocked
  }

  /** Ends it after what has been written. */
  end(clean: boolean): void {
    if (this.ended) return
    this.#end = { clean, due: this.#nextDue(0) }
    this.#plan()
  }

  /** Ends it as a TCP reset does: any part of what is under way may be lost. */
  reset(error: Error): void {
    if (this.#dead || this.#reset !== null) return
    this.#truncate(this.#link.random.int(0, this.#queued))
    this.#end = null
    this.#reset = { error, due: this.#nextDue(0) }
    this.#plan()
  }

  /** Nothing is told to either end any more. */
  destroy(): void {
    this.#dead = true
    this.#pieces = []
    this.#queued = 0
    this.#stop()
  }

  pause(): void {
    this.#paused = true
    this.#stop()
  }

  resume(): void {
    this.#paused = false
    this.#plan()
  }

  /** In parts, where the wire is slow: somebody who waits between them sees that it goes on. */
  #put(data: Uint8Array): void {
    const { bandwidth } = this.#link.conditions
    const size = Math.max(1, Math.ceil(bandwidth * PART_TIME), Math.ceil(data.length / MAX_PARTS))
    if (size >= data.length) {
      this.#pieces.push({ data, due: this.#nextDue(data.length) })
      return
    }
    for (let at = 0; at < data.length; at += size) {
      const part = data.subarray(at, at + size)
      this.#pieces.push({ data: part, due: this.#nextDue(part.length) })
    }
  }

  #nextDue(length: number): number {
    const { clock, random, conditions } = this.#link
    this.#freeAt = Math.max(this.#freeAt, clock.now()) + length / conditions.bandwidth
    this.#lastDue = Math.max(this.#lastDue, this.#freeAt + random.between(...conditions.latency))
    return this.#lastDue
  }

  #truncate(keep: number): void {
    let size = keep + this.#offset
    const kept: Piece[] = []
    for (const piece of this.#pieces) {
      if (size === 0) break
      const data = piece.data.subarray(0, size)
      kept.push({ data, due: piece.due })
      size -= data.length
    }
    this.#pieces = kept
    this.#queued = keep
    if (keep === 0) {
      this.#pieces = []
      this.#offset = 0
    }
  }

  #plan(): void {
    if (this.#paused || this.#dead || this.#cancelDelivery !== null) return
    const due = this.#pieces[0]?.due ?? this.#reset?.due ?? this.#end?.due
    if (due === undefined) return
    this.#planAfter(due - this.#link.clock.now())
  }

  #planAfter(ms: number): void {
    this.#cancelDelivery = this.#link.clock.after(ms, () => {
      this.#cancelDelivery = null
      this.#deliver()
    })
  }

  #stop(): void {
    this.#cancelDelivery?.()
    this.#cancelDelivery = null
  }

  #deliver(): void {
    if (this.#pieces.length === 0) return this.#finish()
    const size = this.#collect()
    if (this.#blocked && this.#queued === 0) {
      this.#blocked = false
      this.#link.clock.afterIo(() => {
        if (!this.#dead) this.#ends.onPipeDrain()
      })
    }
    const cut = this.#pieces[0] !== undefined && this.#pieces[0].due <= this.#link.clock.now()
    this.#ends.onPipeData(this.#link.scratch.subarray(0, size))
    // Whoever kept a view instead of a copy reads this from now on.
    this.#link.scratch.fill(SCRIBBLE, 0, size)
    if (!cut) return this.#plan()
    if (this.#paused || this.#dead || this.#cancelDelivery !== null) return
    this.#planAfter(this.#link.random.between(0, this.#link.conditions.latency[1] / 4))
  }

  #finish(): void {
    if (this.#reset !== null) {
      const { error } = this.#reset
      this.destroy()
      this.#ends.onPipeReset(error)
    } else if (this.#end !== null) {
      const { clean } = this.#end
      this.#end = null
      this.#finished = true
      this.#ends.onPipeEnd(clean)
    }
  }

  /** Moves what has arrived, or a part of it, to the scratch buffer. */
  #collect(): number {
    const { clock, random, conditions, scratch } = this.#link
    let arrived = -this.#offset
    for (const piece of this.#pieces) {
      if (piece.due > clock.now()) break
      arrived += piece.data.length
      if (arrived >= this.#readSize) break
    }
    let size = Math.min(arrived, this.#readSize)
    if (random.chance(conditions.split)) size = random.int(1, random.chance(0.3) ? Math.min(size, 4) : size)
    let filled = 0
    while (filled < size) {
      const data = (this.#pieces[0] as Piece).data
      const part = data.subarray(this.#offset, this.#offset + size - filled)
      scratch.set(part, filled)
      filled += part.length
      this.#offset += part.length
      if (this.#offset === data.length) {
        this.#pieces.shift()
        this.#offset = 0
      }
    }
    this.#queued -= size
    this.#delivered += size
    return size
  }
}
