import type { DequeItem } from '../core/deque.ts'
import type { Exchange } from '../core/exchange.ts'
import type { Connection } from './connection.ts'
import type { IdleEntry } from './idle-list.ts'

export type ConnectionState = 'connecting' | 'open' | 'draining' | 'closed'

/** What its pool and the scheduler go by: where a connection stands in their lists, and what it read last. */
export abstract class ConnectionPlace implements DequeItem<Connection> {
  previous: Connection | null = null
  next: Connection | null = null
  deque: object | null = null
  state: ConnectionState = 'connecting'
  /** Whom it is dialled for. Whoever waits longest gets it, but the dial's failure is this one's. */
  wisher: Exchange | null = null
  /** Its place in the pool's list. */
  index = 0
  /** The pool's round of matching it opened in, while nothing has come; -1: that is over. */
  openedIn = -1
  /** When a byte last came, or when it opened, on the clock's `now()`. */
  lastReadAt = 0
  /** That read took all there was room for: there may be more. */
  mayHoldMore = false
  /** The turn of the loop of the last read of TLS, which hands out one record after the other; -1: none. */
  recordsIn = -1
  /** Already in the scheduler's list for the end of this tick. */
  touched = false
  /** Exchanges taken since no other target wanted a connection. */
  turn = 0
  /** Its place in the scheduler's list of idle connections; made when it is first idle. */
  idleEntry: IdleEntry | null = null
}
