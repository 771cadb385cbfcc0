import type { SimClock } from '../../lib/testing/sim-clock.ts'
import { parsePath } from './answers.ts'
import { RequestParser } from './request-parser.ts'

/**
 * Reads along what the client writes, before the network can lose any of it: each connection's bytes
 * must be requests, one after another, and nothing else.
 */
export class WriteTap {
  /** By id of the call: how often its request was begun on a wire. */
  readonly sends: Map<number, number> = new Map()
  /** By id of the call: when its request was first begun on a wire. */
  readonly firstSent: Map<number, number> = new Map()
  readonly violations: string[] = []
  readonly #clock: SimClock
  readonly #parsers = new Map<number, RequestParser | null>()

  constructor(clock: SimClock) {
    this.#clock = clock
  }

  onWrite(dial: number, data: Uint8Array): void {
    let parser = this.#parsers.get(dial)
    if (parser === undefined) {
      parser = new RequestParser({
        onRequest: (request) => {
          const { id } = parsePath(request.path)
          this.sends.set(id, (this.sends.get(id) ?? 0) + 1)
          if (!this.firstSent.has(id)) this.firstSent.set(id, this.#clock.now())
        },
        onBodyDone: () => undefined,
      })
      this.#parsers.set(dial, parser)
    }
    try {
      parser?.parse(data)
    } catch (error) {
      this.violations.push(`dial ${dial}: what was written is no request: ${(error as Error).message}`)
      this.#parsers.set(dial, null)
    }
  }
}
