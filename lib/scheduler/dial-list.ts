import { Deque } from '../core/deque.ts'
import type { Exchange, ExchangeHolder } from '../core/exchange.ts'
import type { Connection } from './connection.ts'
import type { WaitingQueue } from './waiting-queue.ts'

/** The dials of one pool that are under way, oldest first, and the exchange that each was begun for. */
export class DialList extends Deque<Connection> {
  #lastWisher: Exchange | null = null

  /** Adds a dial for `wisher`. */
  add(connection: Connection, wisher: Exchange): void {
    this.push(connection)
    connection.wisher = wisher
    wisher.wish = connection
  }

  /** It is open, or over. Gives whom it was for. */
  end(connection: Connection): Exchange | null {
    this.remove(connection)
    const { wisher } = connection
    connection.wisher = null
    if (wisher !== null && wisher.wish === connection) wisher.wish = null
    if (this.size === 0) this.#lastWisher = null
    return wisher
  }

  /** The first in line without a dial: mostly the one behind the last that got one. */
  nextWisher(waiting: WaitingQueue, holder: ExchangeHolder): Exchange {
    const last = this.#lastWisher
    const next = last !== null && last.holder === holder ? last.next : null
    this.#lastWisher = next !== null && next.wish === null ? next : waiting.firstWithoutWish!
    return this.#lastWisher
  }
}
