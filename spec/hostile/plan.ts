import type { HostileRequest } from './hostile-request.ts'
import type { Misdeed } from './misdeeds.ts'

/**
 * What becomes of the connection after the bytes. 'close': FIN and gone, with close_notify under TLS.
 * 'half-close': FIN, and it reads on. 'unclean': a FIN without close_notify. 'stall': nothing more, ever.
 * 'close-next', 'reset-next': when the next request comes. Behind 'unasked', bytes follow once it is idle.
 */
export type PlanEnd =
  | 'keep'
  | 'close'
  | 'half-close'
  | 'unclean'
  | 'reset'
  | 'stall'
  | 'close-next'
  | 'reset-next'
  | 'unasked'

/** What is done about one request. */
export interface Plan {
  readonly parts: Iterable<Buffer | string>
  readonly end: PlanEnd
  /** ms between two parts; -1: as fast as they go; 0: a turn of the event loop. */
  readonly gap?: number
  readonly unasked?: string
}

/** How a misdeed of one kind is done. */
export type Deed = (request: HostileRequest, misdeed: Misdeed) => Plan

export function send(bytes: Buffer | string, end: PlanEnd = 'keep'): Plan {
  return { parts: [bytes], end }
}

/** `part`, until there have been `size` bytes in all: no endless thing here is endless. */
export function* repeated(before: string, part: string, size: number): Generator<string> {
  yield before
  const block = part.repeat(Math.max(1, Math.floor(16_384 / part.length)))
  for (let sent = 0; sent < size; sent += block.length) yield block
}
