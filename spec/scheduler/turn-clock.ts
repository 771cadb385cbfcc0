import type { Clock } from '../../lib/core/clock.ts'

interface Alarm {
  readonly due: number
  readonly callback: () => void
}

/** Turns of a loop that a spec may need; more is a loop without an end. */
const MAX_TURNS = 100_000

/** A clock that stands, and an event loop whose turns are taken by hand, synchronously. */
export class TurnClock implements Clock {
  #now = 1_000
  #deferred: (() => void)[] = []
  #endOfTurn: (() => void)[] = []
  #afterIo: (() => void)[] = []
  readonly #alarms = new Set<Alarm>()
  /** What lies in the sockets, unread, while the loop is blocked: it is read before `afterIo`. */
  readonly unread: (() => void)[] = []

  /** Timers and callbacks still to come. */
  get pending(): number {
    return this.#alarms.size + this.#deferred.length + this.#endOfTurn.length + this.#afterIo.length
  }

  now(): number {
    return this.#now
  }

  date(): number {
    return this.#now
  }

  /** What `random` gives. */
  chance: () => number = () => 0.5

  random(): number {
    return this.chance()
  }

  defer(callback: () => void): void {
    this.#deferred.push(callback)
  }

  endOfTurn(callback: () => void): void {
    this.#endOfTurn.push(callback)
  }

  afterIo(callback: () => void): void {
    this.#afterIo.push(callback)
  }

  /** Reasons to keep the process alive. */
  holds = 0

  hold(): () => void {
    this.holds++
    return () => {
      this.holds--
    }
  }

  after(ms: number, callback: () => void): () => void {
    const alarm = { due: this.#now + ms, callback }
    this.#alarms.add(alarm)
    return () => this.#alarms.delete(alarm)
  }

  /** All that an event set off runs, and the turn goes on. */
  goOn(): void {
    while (this.#deferred.length > 0) for (const callback of this.#deferred.splice(0)) callback()
  }

  /** Runs all that is deferred, then what waits for the end of the turn, then reads what lies unread, and what waits for that. */
  turn(): void {
    const pending = (): number => this.#deferred.length + this.#endOfTurn.length + this.#afterIo.length
    for (let turns = 0; pending() > 0; turns++) {
      if (turns > MAX_TURNS) throw new Error('the loop does not come to rest')
      for (const callback of this.#deferred.splice(0)) callback()
      if (this.#deferred.length > 0) continue
      for (const callback of this.#endOfTurn.splice(0)) callback()
      if (this.#deferred.length + this.#endOfTurn.length > 0 || this.#afterIo.length === 0) continue
      for (const read of this.unread.splice(0)) {
        read()
        // All that a read set off runs before the next.
        for (const callback of this.#deferred.splice(0)) callback()
      }
      for (const callback of this.#afterIo.splice(0)) callback()
    }
  }

  /** The loop is blocked: time passes and nothing runs. */
  block(ms: number): void {
    this.#now += ms
  }

  /** Time passes, and what falls due in it runs. */
  advance(ms: number): void {
    const end = this.#now + ms
    for (let alarm = this.#next(end); alarm !== null; alarm = this.#next(end)) {
      this.#now = Math.max(this.#now, alarm.due)
      this.#alarms.delete(alarm)
      alarm.callback()
      this.turn()
    }
    this.#now = end
  }

  #next(until: number): Alarm | null {
    let first: Alarm | null = null
    for (const alarm of this.#alarms) {
      if (alarm.due <= until && (first === null || alarm.due < first.due)) first = alarm
    }
    return first
  }
}
