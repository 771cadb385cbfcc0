import type { Deque } from '../core/deque.ts'
import type { Exchange } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'

/** How a connection was lost. */
export interface Loss {
  /** The server said so before, or it was our own doing: no fault, and progress was made. */
  readonly announced: boolean
  /** The exchange in front is to blame, as for a timeout: it is not sent again. */
  readonly blameFirst: boolean
  /** Serial number of the next connection to be dialled. */
  readonly nextSerial: number
}

/**
 * Empties the line of exchanges in flight on a lost connection and decides about each (RFC 9112
 * section 9.3.1, RFC 9110 section 9.2.2): sent again is what is idempotent, has seen no byte of its
 * answer, and was not sent too often. After an unannounced loss only a connection that was dialled
 * later may take it: other idle ones may be as dead. Muted ones are dropped.
 */
export function sortInFlight(
  inFlight: Deque<Exchange>,
  loss: Loss,
): { again: Exchange[]; failed: Exchange[] } {
  const again: Exchange[] = []
  const failed: Exchange[] = []
  let blamed = loss.blameFirst
  for (let x = inFlight.shift(); x !== null; x = inFlight.shift()) {
    x.holder = null
    if (x.muted) {
      blamed = false
      continue
    }
    // An announced close answered somebody: that cannot go on for ever.
    const tooOften = !loss.announced && x.resent.losses >= LIMITS.maxResends
    if (x.progress === 'sent' && x.resendable && !tooOften && !blamed) {
      x.progress = 'waiting'
      x.flight = null
      const resent = x.sendAgain()
      resent.attempt++
      if (!loss.announced) {
        resent.losses++
        resent.minSerial = loss.nextSerial
      }
      again.push(x)
    } else {
      failed.push(x)
    }
    blamed = false
  }
  return { again, failed }
}

/** Empties the line for good. Those that are muted have been told already, and are dropped. */
export function takeUnmuted(inFlight: Deque<Exchange>): Exchange[] {
  const taken: Exchange[] = []
  for (let x = inFlight.shift(); x !== null; x = inFlight.shift()) {
    if (!x.muted) taken.push(x)
  }
  return taken
}

/** Whether nobody waits for an answer: there is none to come, or it is read only to be dropped. */
export function isAllMuted(inFlight: Deque<Exchange>): boolean {
  for (let x = inFlight.first; x !== null; x = x.next) if (!x.muted) return false
  return true
}
