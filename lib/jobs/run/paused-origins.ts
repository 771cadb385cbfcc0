import type { Clock } from '../../core/clock.ts'
import type { HostLines } from './host-lines.ts'

/** What a client tells when a server has refused (429, 503) and is left alone for a while. */
export interface TargetPause {
  /** As in `URL.origin`. */
  readonly origin: string
  /** '' where the client has none of its own. */
  readonly clientIp: string
  readonly ms: number
  /** ms until the client gives the target up; what waits for it is to fail then. */
  readonly stallsIn: number
}

/** What `trawl:target:pause` tells. */
export interface PauseEvent extends Omit<TargetPause, 'origin'> {
  readonly client: number
  /** A scheme, host and port, and what else sets it apart. */
  readonly target: string
}

/** null: the target has no origin. */
export function pauseOf({ target, clientIp, ms, stallsIn }: PauseEvent): TargetPause | null {
  const origin = URL.parse(target.split(' ', 1)[0]!)?.origin
  return origin === undefined ? null : { origin, clientIp, ms, stallsIn }
}

/**
 * Keeps items back whose server asked for a pause: in the client they would wait with their time limits
 * running, and in the places of others. One that is asked from several client IPs is left alone when it has refused all.
 */
export class PausedOrigins {
  readonly #lines: HostLines
  readonly #clock: Clock
  readonly #clientIps: number
  /** By origin, what ends the pause of each client IP. */
  readonly #pauses = new Map<string, Map<string, () => void>>()

  constructor(lines: HostLines, clock: Clock, clientIps: number) {
    this.#lines = lines
    this.#clock = clock
    this.#clientIps = Math.max(1, clientIps)
  }

  /** Origins that nobody may ask now. */
  get size(): number {
    let count = 0
    for (const pauses of this.#pauses.values()) if (pauses.size >= this.#clientIps) count++
    return count
  }

  add({ origin, clientIp, ms, stallsIn }: TargetPause, onEnd: () => void): void {
    let pauses = this.#pauses.get(origin)
    if (pauses === undefined) {
      pauses = new Map()
      this.#pauses.set(origin, pauses)
    }
    pauses.get(clientIp)?.()
    const cancel = this.#clock.after(Math.max(0, Math.min(ms, stallsIn)), () => {
      this.#end(origin, clientIp)
      onEnd()
    })
    pauses.set(clientIp, cancel)
    if (pauses.size >= this.#clientIps) this.#lines.pause(origin)
  }

  close(): void {
    for (const pauses of this.#pauses.values()) for (const cancel of pauses.values()) cancel()
    this.#pauses.clear()
  }

  #end(origin: string, clientIp: string): void {
    const pauses = this.#pauses.get(origin)!
    pauses.delete(clientIp)
    if (pauses.size === 0) this.#pauses.delete(origin)
    this.#lines.resume(origin)
  }
}
