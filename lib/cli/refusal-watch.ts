import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { CLI_LIMITS } from './limits.ts'
import { OTHERS } from './tally.ts'

/** How often something was paused or set aside, for how long, and why the last time. */
export interface RefusalCount {
  readonly name: string
  count: number
  /** ms in all, what is still to come included; times that overlap count once. */
  ms: number
  /** On `performance.now()`: when the last one ends. */
  until: number
  why: string
}

/** A client IP that was set aside: for one host, or for all when that is ''. */
export interface AsideCount extends RefusalCount {
  readonly clientIp: string
  readonly host: string
}

interface PauseEvent {
  readonly target: string
  readonly ms: number
  readonly status: number
}

interface AsideEvent {
  readonly clientIp: string
  readonly host: string | null
  readonly ms: number
  readonly why: string
}

/**
 * Counts what servers refuse, by the client's channels: `stats()` tells what is paused now, not what was.
 * Both are rare, and nothing is done in between.
 */
export class RefusalWatch {
  /** Targets that were paused (429, 503), by name. */
  readonly pauses: Map<string, RefusalCount> = new Map()
  readonly asides: Map<string, AsideCount> = new Map()
  readonly #onPause = (event: unknown): void => {
    const { target, ms, status } = event as PauseEvent
    const name = keyIn(this.pauses, target)
    const seen = this.pauses.get(name) ?? { name, count: 0, ms: 0, until: -Infinity, why: '' }
    this.pauses.set(name, seen)
    note(seen, ms, String(status))
  }
  readonly #onAside = (event: unknown): void => {
    const { clientIp, host, ms, why } = event as AsideEvent
    const key = keyIn(this.asides, `${clientIp} ${host ?? ''}`)
    let seen = this.asides.get(key)
    if (seen === undefined) {
      const isOther = key === OTHERS
      const names = { name: key, clientIp: isOther ? OTHERS : clientIp, host: isOther ? '' : (host ?? '') }
      seen = { ...names, count: 0, ms: 0, until: -Infinity, why: '' }
      this.asides.set(key, seen)
    }
    note(seen, ms, why.slice(0, CLI_LIMITS.maxReason))
  }

  constructor() {
    subscribe('trawl:target:pause', this.#onPause)
    subscribe('trawl:client-ip:aside', this.#onAside)
  }

  close(): void {
    unsubscribe('trawl:target:pause', this.#onPause)
    unsubscribe('trawl:client-ip:aside', this.#onAside)
  }
}

function keyIn(counts: ReadonlyMap<string, unknown>, key: string): string {
  return counts.has(key) || counts.size < CLI_LIMITS.maxHosts ? key : OTHERS
}

function note(seen: RefusalCount, ms: number, why: string): void {
  const now = performance.now()
  const until = Math.max(seen.until, now + Math.max(0, ms))
  seen.count++
  seen.ms += until - Math.max(seen.until, now)
  seen.until = until
  seen.why = why
}
