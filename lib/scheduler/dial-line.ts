import { Deque } from '../core/deque.ts'
import { LIMITS } from '../core/limits.ts'
import type { Contention } from './pool-owner.ts'
import type { Pool } from './pool.ts'

const LEVELS = 2 * LIMITS.maxPriority + 1

/** Both lines of one priority. Each is served in turn: who was served goes to the end. */
class Level {
  /** Pools without a connection: they come first, or a busy target could starve them. */
  readonly starved = new Deque<Pool>()
  /** Pools that have some and want more. */
  readonly wanting = new Deque<Pool>()
}

/**
 * The pools that wait for a connection out of `maxConn`: by priority, those without any first, and
 * then in turn.
 */
export class DialLine {
  size = 0
  readonly #levels: (Level | undefined)[] = Array.from({ length: LEVELS })

  /** Puts `pool` in line for its present priority; one that stands there keeps its place. */
  join(pool: Pool): void {
    const priority = pool.priority
    if (priority === -Infinity) {
      this.leave(pool)
      return
    }
    const level = (this.#levels[LIMITS.maxPriority - priority] ??= new Level())
    const line = pool.connectionCount === 0 ? level.starved : level.wanting
    if (pool.deque === line) return
    this.leave(pool)
    line.push(pool)
    pool.hungry = priority
    this.size++
  }

  leave(pool: Pool): void {
    if (pool.hungry === null) return
    ;(pool.deque as Deque<Pool>).remove(pool)
    pool.hungry = null
    this.size--
  }

  /** Takes whoever is next. */
  shift(): Pool | null {
    for (const level of this.#levels) {
      const pool = level?.starved.first ?? level?.wanting.first
      if (pool === undefined || pool === null) continue
      this.leave(pool)
      return pool
    }
    return null
  }

  /** Whether somebody in line goes before `pool`, which comes now. */
  isAhead(pool: Pool): boolean {
    if (this.size === (pool.hungry === null ? 0 : 1)) return false
    for (let at = 0; at <= LIMITS.maxPriority - pool.priority; at++) {
      const level = this.#levels[at]
      if (level === undefined) continue
      const own = pool.hungry === LIMITS.maxPriority - at ? 1 : 0
      if (level.starved.size + level.wanting.size > own) return true
    }
    return false
  }

  /** Whether `pool` should give up a connection to somebody in line. */
  contention(pool: Pool): Contention {
    if (this.size === (pool.hungry === null ? 0 : 1)) return 'none'
    const priority = pool.priority
    for (let at = 0; at < LEVELS; at++) {
      const level = this.#levels[at]
      if (level === undefined) continue
      const own = LIMITS.maxPriority - at
      if (own < priority) return 'none'
      if (other(level.starved, pool) === null && !isPoorer(other(level.wanting, pool), pool)) continue
      return own > priority ? 'now' : 'turn'
    }
    return 'none'
  }
}

function other(line: Deque<Pool>, pool: Pool): Pool | null {
  return line.first === pool ? pool.next : line.first
}

/** Fewer connections by two: giving one up for a difference of one would go on for ever. */
function isPoorer(candidate: Pool | null, than: Pool): boolean {
  return candidate !== null && candidate.connectionCount + 1 < than.connectionCount
}
