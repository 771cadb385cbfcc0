import { TimeoutError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { Timer, type TimerOwner } from '../core/timer-wheel.ts'

/** How long one exchange may wait for a connection: its `queueTimeout`. */
export class QueueTimer extends Timer {
  readonly exchange: Exchange

  constructor(owner: TimerOwner, exchange: Exchange) {
    super(owner)
    this.exchange = exchange
  }
}

export function queueTimeoutError(limit: number): TimeoutError {
  return new TimeoutError('queue', limit, `waited ${limit} ms for a connection (queueTimeout)`)
}
