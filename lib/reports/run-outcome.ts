import type { ClientStats } from '../index.ts'

/** What became of one item of a run. Times are ms, sizes bytes; -1, also of counts: not known. */
export interface RunOutcome {
  readonly url: string
  /** `host[:port]`; '' where it is no URL. */
  readonly host: string
  /** Whether it is what was asked for. */
  readonly ok: boolean
  /** 0: no answer. */
  readonly status: number
  /** An `ERR_` code; '' where there is none, which an error status has not. */
  readonly error: string
  /** What went wrong, in words; '' when nothing did. */
  readonly message: string
  readonly bytesOnWire: number
  readonly bytesDecoded: number
  /** From the beginning to the head, and to the end. */
  readonly headMs: number
  readonly totalMs: number
  /** '': the system chose. */
  readonly clientIp: string
  readonly retries: number
  readonly redirects: number
  /** What the cache did: `hit`, `stale`, `revalidated`, `miss` ...; '': it had no part in it. */
  readonly cache: string
}

/** How a run ended. */
export interface RunEnd {
  readonly elapsedMs: number
  /** Why it did not come to its end; '': it did. */
  readonly stopped: string
  /** The client's, read before it was closed; null: they are not known. */
  readonly stats: ClientStats | null
}

/** Whether its body came out of the cache: then its size and times say nothing of the server. */
export function isFromCache({ cache }: RunOutcome): boolean {
  return cache === 'hit' || cache === 'stale' || cache === 'revalidated'
}
