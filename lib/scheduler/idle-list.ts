import { Deque, type DequeItem } from '../core/deque.ts'
import type { Connection } from './connection.ts'

/** A connection's place among the idle ones of all pools. */
export class IdleEntry implements DequeItem<IdleEntry> {
  previous: IdleEntry | null = null
  next: IdleEntry | null = null
  deque: object | null = null
  readonly connection: Connection

  constructor(connection: Connection) {
    this.connection = connection
  }
}

/** The idle connections of all pools, the least recently used first. */
export class IdleList {
  readonly #entries = new Deque<IdleEntry>()

  get size(): number {
    return this.#entries.size
  }

  /** `connection` has just become idle, or is still. */
  note(connection: Connection): void {
    connection.idleEntry ??= new IdleEntry(connection)
    this.#entries.remove(connection.idleEntry)
    this.#entries.push(connection.idleEntry)
  }

  /** `connection` is in use or gone. */
  forget(connection: Connection): void {
    if (connection.idleEntry !== null) this.#entries.remove(connection.idleEntry)
  }

  /** The one that nobody has used for longest; one taken in this very tick is idle no more. */
  oldest(): Connection | null {
    for (let entry = this.#entries.first; entry !== null; entry = this.#entries.first) {
      if (entry.connection.idle) return entry.connection
      this.#entries.remove(entry)
    }
    return null
  }
}
