import { Deque } from '../core/deque.ts'
import type { Exchange } from '../core/exchange.ts'
import type { Connection } from './connection.ts'

/** The connections of one pool that may take one more exchange, by how much they have to do already. */
export class ReadyList {
  /** By exchanges in flight: [0] idle, oldest first. */
  readonly #byLoad: (Deque<Connection> | undefined)[] = [new Deque()]
  /** Connections that carry nothing but muted exchanges; made for the first of them. */
  #muted: Deque<Connection> | null = null

  /** A connection that may go for a better use, if there is one. */
  get spare(): Connection | null {
    return this.#byLoad[0]!.first ?? this.#muted?.first ?? null
  }

  /** Puts `connection` where it belongs while up to `depth` exchanges may be in flight on it. */
  place(connection: Connection, depth: number): void {
    this.remove(connection)
    if (!connection.hasRoom(depth)) return
    ;(this.#byLoad[connection.load] ??= new Deque<Connection>()).push(connection)
  }

  /** All that it carries is read only to be dropped. */
  placeMuted(connection: Connection): void {
    this.remove(connection)
    this.#muted ??= new Deque<Connection>()
    this.#muted.push(connection)
  }

  remove(connection: Connection): void {
    ;(connection.deque as Deque<Connection> | null)?.remove(connection)
  }

  /** The idle connection used last of those that this exchange may take. */
  idle(x: Exchange): Connection | null {
    let connection = this.#byLoad[0]!.last
    while (connection !== null && connection.served > 0 && connection.serial < x.minSerial) {
      connection = connection.previous
    }
    return connection
  }

  /** The connection with the fewest exchanges in flight among those with room in their pipeline. */
  leastLoaded(x: Exchange, depth: number): Connection | null {
    if (depth === 1 || !x.pipelinable) return null
    for (let load = 1; load < depth; load++) {
      let connection = this.#byLoad[load]?.first ?? null
      while (connection !== null && !connection.hasRoom(depth)) {
        // Its front was cancelled since: nothing more goes behind that.
        this.remove(connection)
        connection = this.#byLoad[load]!.first
      }
      if (connection === null) continue
      return connection.serial < x.minSerial ? null : connection
    }
    return null
  }
}
