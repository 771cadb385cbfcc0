import type { ResponseHead } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'

/** What a connection has learned of its server's will to keep it (RFC 9112 section 9.3). */
export class KeepAlive {
  /** Whether it answered once with HTTP/1.1 and did not close: only then it is pipelined. */
  proven = false
  /** Exchanges the server will still take: its `Keep-Alive: max`. */
  budget: number = Infinity
  /** How long it may be idle, ms; 0: as long as it likes. */
  timeout: number

  constructor(timeout: number) {
    this.timeout = timeout
  }

  /** Learns from an answer that keeps the connection, with `inFlight` exchanges still behind it. */
  learn(head: ResponseHead, inFlight: number): void {
    if (head.minorVersion === 1) this.proven = true
    if (head.keepAliveTimeout >= 0) {
      const promised = Math.max(1, head.keepAliveTimeout - LIMITS.keepAliveMargin)
      this.timeout = Math.min(this.timeout || Infinity, promised)
    }
    if (head.keepAliveMax >= 0) this.budget = head.keepAliveMax - inFlight
  }
}
