import type { Clock } from '../core/clock.ts'
import type { TimerWheel } from '../core/timer-wheel.ts'
import type { ParserMode } from '../http1/response-decoder.ts'
import type { Network } from '../net/network.ts'

/** What all pools and connections of one client share. */
export interface SchedulerContext {
  /**
   * The clock's reading for the event that is being handled. Whatever starts an event (bytes, a
   * timer, the end of a tick, the user) calls `enter`: reading the clock at each step costs 0.2 us a
   * request.
   */
  now: number
  /** Turns of the loop that have ended with a tick: what was read before that has been handed out. */
  turn: number
  /** Sets `now`, and gives it. */
  enter(): number
  readonly clock: Clock
  readonly wheel: TimerWheel
  readonly network: Network
  readonly decoder: { readonly mode: ParserMode; readonly maxHeadSize: number }
  readonly keepAliveTimeout: number
  /** Tells the clients of one process apart in diagnostics. */
  readonly clientId: number
  /** The serial number that the next connection will get. */
  nextSerial(): number
  takeSerial(): number
}
