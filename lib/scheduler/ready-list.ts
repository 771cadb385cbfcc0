import { Deque } from '../core/deque.ts'
import type { Exchange } from '../core/exchange.ts'
import type { Connection } from './connection.ts'

/**
 * The connections of one pool that may take one more exchange: the idle ones, oldest first, and beside
 * them those with room in their pipeline. One object, because there is one for each target in use.
 */
export class ReadyList extends Deque<Connection> {
  /** By exchanges in flight, from 1 on; made for the first of them. */
  #byLoad: (Deque<Connection> | undefined)[] | null = null
  /** No connection with fewer in flight stands in `#byLoad`: a deep pipeline is not looked through for each exchange. */
  #least = 1
  /** Connections that carry nothing but muted exchanges; made for the first of them. */
  #muted: Deque<Connection> | null = null

  /** A connection that may go for a better use, if there is one. */
  get spare(): Connection | null {
    return this.first ?? this.#muted?.first ?? null
  }

  /** Puts `connection` where it belongs while up to `depth` exchanges may be in flight on it. */
  place(connection: Connection, depth: number): void {
    this.take(connection)
    if (!connection.hasRoom(depth)) return
    if (connection.load === 0) {
      this.push(connection)
      return
    }
    const { load } = connection
    this.#byLoad ??= []
    ;(this.#byLoad[load] ??= new Deque<Connection>()).push(connection)
    if (load < this.#least) this.#least = load
  }

  /** All that it carries is read only to be dropped. */
  placeMuted(connection: Connection): void {
    this.take(connection)
    this.#muted ??= new Deque<Connection>()
    this.#muted.push(connection)
  }

  /** Takes `connection` out of whatever list it stands in. */
  take(connection: Connection): void {
    ;(connection.deque as Deque<Connection> | null)?.remove(connection)
  }

  /** The idle connection used last of those that this exchange may take. */
  idle(x: Exchange): Connection | null {
    let connection = this.last
    while (connection !== null && connection.served > 0 && connection.serial < x.resent.minSerial) {
      connection = connection.previous
    }
    return connection
  }

  /** The connection with the fewest exchanges in flight among those with room in their pipeline. */
  leastLoaded(x: Exchange, depth: number): Connection | null {
    if (depth === 1 || this.#byLoad === null || !x.pipelinable) return null
    for (; this.#least < depth; this.#least++) {
      let connection = this.#byLoad[this.#least]?.first ?? null
      while (connection !== null && !connection.hasRoom(depth)) {
        // Its front was cancelled since: nothing more goes behind that.
        this.take(connection)
        connection = this.#byLoad[this.#least]!.first
      }
      if (connection === null) continue
      return connection.serial < x.resent.minSerial ? null : connection
    }
    return null
  }
}
