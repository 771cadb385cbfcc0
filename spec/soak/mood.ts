import type { Random } from '../../lib/testing/random.ts'
import {
  ACCEPT_DEEDS,
  drawMisdeed,
  INDISTINGUISHABLE,
  MISDEED_KINDS,
  NO_MISDEED,
  type AcceptDeed,
  type Misdeed,
  type MisdeedKind,
} from '../hostile/misdeeds.ts'

/** Those that cost both sides many milliseconds, and would leave no time for the others. */
const COSTLY: ReadonlySet<MisdeedKind> = new Set([
  'gzip-bomb',
  'nested-gzip-bomb',
  'endless-body',
  'many-fields',
  'endless-head',
  'endless-trailers',
  'endless-chunk-extension',
  'many-chunk-extensions',
  'interim-storm',
])
/** A POST is taken, and not answered: whoever sends it again is found out. */
export const UNANSWERED: readonly MisdeedKind[] = [
  'close-unanswered',
  'reset-unanswered',
  'close-reuse',
  'reset-reuse',
]
const KINDS = MISDEED_KINDS.filter((kind) => !INDISTINGUISHABLE.has(kind))
const CHEAP = KINDS.filter((kind) => !COSTLY.has(kind))

/** What a hostile server is up to for some seconds: a few kinds of misdeeds, and how often. */
export class Mood {
  readonly #random: Random
  #kinds: readonly MisdeedKind[] = []
  #rate = 0
  #acceptRate = 0

  constructor(random: Random) {
    this.#random = random
    this.change()
  }

  change(): void {
    const random = this.#random
    const kinds = random.chance(0.15) ? KINDS : CHEAP
    this.#kinds = random.shuffle([...kinds]).slice(0, random.int(1, 6))
    this.#rate = random.pick([0, 0.1, 0.3, 0.6])
    this.#acceptRate = random.pick([0, 0, 0.1, 0.4])
  }

  /** Does nothing wrong any more. */
  heal(): void {
    this.#rate = 0
    this.#acceptRate = 0
  }

  decide(method: string): Misdeed {
    const random = this.#random
    if (!random.chance(this.#rate)) return NO_MISDEED
    return drawMisdeed(random, method === 'POST' && random.chance(0.5) ? UNANSWERED : this.#kinds)
  }

  accept(): AcceptDeed {
    return this.#random.chance(this.#acceptRate) ? this.#random.pick(ACCEPT_DEEDS) : 'accept'
  }
}
