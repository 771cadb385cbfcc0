import type { RequestOptions } from '../../lib/index.ts'
import type { Random } from '../../lib/testing/random.ts'
import { LEAST_SIZE, pathOf, type Page, type PageKind } from './page.ts'
import type { OpenTarget } from './targets.ts'

/** One call that is to be made. */
export interface Errand {
  readonly target: OpenTarget
  /** Its number, which goes along as X-Call. */
  readonly call: string
  readonly url: string
  /** What the target has there; null: a hostile one, which has anything. */
  readonly page: Page | null
  readonly options: RequestOptions
  /** No server that it leads to does anything wrong: it must not fail. */
  readonly innocent: boolean
}

/** Every so many ms other targets are left out, and those that were come back. */
const ROTATION = 8_000
/** One in so many is left out. */
const ONE_IN = 5
/** Pages of one target that may be kept, and paths for its POSTs: few, so that they come again. */
const KEPT = 2
/** Each has a jar and a client IP of its own. */
const SESSIONS = 4

const PATIENT: RequestOptions = { connectTimeout: 20_000, replyTimeout: 20_000, bodyTimeout: 20_000 }
const WARY: RequestOptions = {
  queueTimeout: 15_000,
  connectTimeout: 1_500,
  requestTimeout: 2_000,
  replyTimeout: 1_500,
  bodyTimeout: 1_000,
  maxBodySize: 2 ** 21,
}

const KINDS: readonly PageKind[] = [
  ...Array.from({ length: 12 }, () => 'page' as const),
  ...Array.from({ length: 4 }, () => 'kept' as const),
  ...Array.from({ length: 3 }, () => 'moved' as const),
  'none',
  'lost',
  'busy',
  'slow',
]

/** Draws calls from a seed: some in a row to one target, then to the next. */
export class Errands {
  readonly #targets: readonly OpenTarget[]
  readonly #random: Random
  readonly #now: () => number
  #calls = 0

  constructor(targets: readonly OpenTarget[], random: Random, now: () => number) {
    this.#targets = targets
    this.#random = random
    this.#now = now
  }

  get random(): Random {
    return this.#random
  }

  /** Without an end. A crawler finds many links to one host at a time. */
  *gets(): Generator<Errand, never> {
    for (;;) {
      const target = this.target()
      const most = target.kind === 'honest' ? 40 : 8
      const session = `session ${this.#random.int(1, SESSIONS)}`
      for (let left = this.#random.int(1, most); left > 0; left--) {
        const errand = this.get(target)
        yield { ...errand, options: { ...errand.options, session } }
      }
    }
  }

  /** One that is in use now. */
  target(): OpenTarget {
    const turn = Math.floor(this.#now() / ROTATION)
    const index = this.#random.int(0, this.#targets.length - 1)
    const isLeftOut = (index + turn) % ONE_IN === 0
    return this.#targets[isLeftOut ? (index + 1) % this.#targets.length : index]!
  }

  get(target: OpenTarget): Errand {
    if (target.kind === 'hostile') return this.#hostile(target)
    const kind = this.#random.pick(KINDS)
    const method = kind === 'page' && this.#random.chance(0.1) ? 'HEAD' : 'GET'
    return this.#moved(target, kind, { method })
  }

  /** A page whose size is given. */
  large(target: OpenTarget, kind: PageKind, size: number): Errand {
    if (target.kind === 'hostile') return this.#hostile(target, size)
    return this.#make(target, this.#page(kind, size), {})
  }

  /** `mayMove`: its body can be sent to where a redirect leads. */
  post(target: OpenTarget, options: RequestOptions, mayMove: boolean): Errand {
    const own = { ...options, method: 'POST' }
    if (target.kind === 'hostile') return this.#hostile(target, undefined, own)
    return this.#moved(target, mayMove && this.#random.chance(0.1) ? 'moved' : 'form', own)
  }

  #moved(target: OpenTarget, kind: PageKind, options: RequestOptions): Errand {
    if (kind !== 'moved') return this.#make(target, this.#page(kind), options)
    const there = this.#random.chance(0.5) ? target : this.#random.pick(this.#targets)
    const next = options.method === 'POST' ? 'form' : 'page'
    const path = there.kind === 'hostile' ? this.#hostilePath() : pathOf(this.#page(next))
    const to = there === target ? path : there.origin + path
    const isInsecure = target.scheme === 'https' && there.scheme === 'http'
    const made = this.#make(target, { ...this.#page('moved'), to }, options)
    if (there.kind === 'honest' && !isInsecure) return made
    return { ...made, innocent: false, options: { ...made.options, ...WARY } }
  }

  #page(kind: PageKind, size = this.#size()): Page {
    const random = this.#random
    const isKept = kind === 'kept' || kind === 'form'
    // Its path is the same each time, or nothing would be found again.
    const id = isKept ? random.int(1, KEPT) : ++this.#calls
    const delay = isKept ? 100 : random.int(20, 400)
    return { kind, id, size: isKept ? LEAST_SIZE + id * 100 : size, delay, to: '' }
  }

  #size(): number {
    const random = this.#random
    return random.chance(0.05) ? random.int(20_000, 200_000) : random.int(LEAST_SIZE, 8_000)
  }

  #make(target: OpenTarget, page: Page, options: RequestOptions): Errand {
    const call = String(++this.#calls)
    const limits = target.kind === 'honest' ? PATIENT : WARY
    return {
      target,
      call,
      url: target.origin + pathOf(page),
      page,
      options: { ...limits, ...options, headers: { 'x-call': call } },
      innocent: target.kind === 'honest',
    }
  }

  #hostile(target: OpenTarget, size?: number, options: RequestOptions = {}): Errand {
    const random = this.#random
    const call = String(++this.#calls)
    const limits: RequestOptions = {
      ...WARY,
      maxRetries: random.int(0, 2),
      ...(random.chance(0.2) && { totalTimeout: 10_000 }),
    }
    return {
      target,
      call,
      url: target.origin + this.#hostilePath(size),
      page: null,
      options: { ...limits, ...options, headers: { 'x-call': call } },
      innocent: false,
    }
  }

  #hostilePath(size = this.#size()): string {
    return `/any/${++this.#calls}?body=${size}`
  }
}
