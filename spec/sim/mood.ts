import { LIMITS } from '../../lib/index.ts'
import type { DialFate } from '../../lib/testing/sim-network.ts'
import type { Random } from '../../lib/testing/random.ts'
import type { LookupFate } from '../../lib/testing/sim-hosts.ts'
import { isBodiless, PLAIN, type AnswerEnd, type AnswerPlan } from './answer-plan.ts'
import { parsePath } from './answers.ts'
import { MISDEEDS, STORM, type Misdeed } from './misdeeds.ts'
import type { ParsedRequest } from './request-parser.ts'
import type { ServerConnection } from './server-connection.ts'
import type { Addressing, Behaviour, IdleDeed } from './server.ts'
import type { Twists } from './twists.ts'

/** What may go wrong, and what is only unusual. */
export const DEEDS = [
  'refuse',
  'hangDial',
  'slowDial',
  'lookupFail',
  'lookupHang',
  'lookupSlow',
  'failTls',
  'slowHead',
  'noHead',
  'slowBody',
  'stall',
  'cut',
  'cutReset',
  'drop',
  'damage',
  'early',
  'reuseClose',
  'reuseReset',
  'idleClose',
  'idleReset',
  'idleGarbage',
  'idleFake',
  ...MISDEEDS,
] as const
export const VARIETIES = [
  'interim',
  'trailers',
  'coded',
  'chunked',
  'untilClose',
  'http10',
  'close',
  'max',
  'drip',
] as const

export type Rates = Partial<Record<(typeof DEEDS)[number] | (typeof VARIETIES)[number], number>>

/**
 * Every world has some of the misdeeds and not the others: all of them at once would hide each
 * other, since few connections would live to see a second one.
 */
export function drawRates(random: Random, faulty: boolean): Rates {
  const rates: Rates = {}
  for (const name of VARIETIES) rates[name] = random.chance(0.5) ? random.between(0.05, 0.6) : 0
  if (!faulty) return rates
  const share = random.pick([0.05, 0.2, 0.4])
  for (const name of DEEDS) rates[name] = random.chance(share) ? random.between(0.02, 0.3) : 0
  // Each costs as much to decode as a whole world.
  if (random.chance(0.9)) rates.bomb = 0
  // A host that is nowhere to be found, as long as faults last.
  if (random.chance(0.03)) rates.lookupFail = 1
  return rates
}

const FOUR: Addressing['families'] = [4]
const SIX: Addressing['families'] = [6]
const FOUR_FIRST: Addressing['families'] = [4, 6]
const SIX_FIRST: Addressing['families'] = [6, 4]

function drawAddressing(random: Random, calm: boolean): Addressing {
  if (calm) return { families: random.pick([FOUR_FIRST, SIX_FIRST]), dead: false }
  const families = random.pick([FOUR, FOUR, FOUR, SIX, FOUR_FIRST, SIX_FIRST])
  return { families, dead: families.length > 1 && random.chance(0.3) }
}

/** A server's behaviour, drawn anew for each dial, request and idle connection. */
export class Mood implements Behaviour {
  readonly addressing: Addressing
  readonly #random: Random
  readonly #rates: Rates
  readonly #tls: boolean
  readonly #closes: readonly AnswerEnd[]
  readonly #twists: Twists

  /** `lingers`: reads on after its FIN, so that no reset destroys an answer (RFC 9112 section 9.6). */
  constructor(random: Random, rates: Rates, twists: Twists, tls: boolean, lingers: boolean) {
    this.#random = random
    this.#twists = twists
    this.#rates = rates
    this.#tls = tls
    this.addressing = drawAddressing(random, lingers)
    this.#closes = lingers ? ['half-close'] : ['close', 'half-close']
  }

  onDial(): DialFate {
    if (this.#happens('refuse')) return 'refuse'
    if (this.#happens('hangDial')) return 'hang'
    if (this.#happens('slowDial')) return { after: this.#random.pick([20, 100, 400, 1200]) }
    if (this.#tls && this.#happens('failTls')) return 'tls'
    return 'accept'
  }

  onLookup(): LookupFate {
    if (this.#happens('lookupFail')) return 'fail'
    if (this.#happens('lookupHang')) return 'hang'
    return this.#happens('lookupSlow') ? { after: this.#random.pick([5, 100, 400]) } : 'found'
  }

  onReuse(): 'close' | 'reset' | null {
    if (this.#happens('reuseClose')) return 'close'
    return this.#happens('reuseReset') ? 'reset' : null
  }

  onIdle(): IdleDeed | null {
    const after = this.#random.pick([0, 0, 1, 5, 20, 100])
    if (this.#happens('idleClose')) return { after, deed: 'close' }
    if (this.#happens('idleReset')) return { after, deed: 'reset' }
    if (this.#happens('idleGarbage')) return { after, deed: 'garbage' }
    return this.#happens('idleFake') ? { after, deed: this.#random.pick(['fake', 'fake-close']) } : null
  }

  answer(request: ParsedRequest, connection: ServerConnection): AnswerPlan {
    const random = this.#random
    const twist = this.#twists.answer(request, connection)
    const bodiless = isBodiless(request.method, twist.status ?? parsePath(request.path).status)
    const framing = this.#happens('chunked') ? 'chunked' : 'length'
    const plan = {
      ...PLAIN,
      ...twist,
      framing,
      coding: this.#coding(request),
      interim: this.#happens('interim') ? random.pick([[100], [103], [100, 103], [103, 103, 103]]) : [],
      trailers: this.#happens('trailers'),
      delay: random.pick([0, 1, 1, 5, 30]),
      pieces: random.pick([1, 1, 2, 5]),
      gap: random.pick([0, 1, 10]),
      end: this.#happens('close') ? random.pick(this.#closes) : 'keep',
      drip: this.#happens('drip') ? random.pick([2, 3, 10, 40]) : 1,
    } satisfies AnswerPlan
    let result: AnswerPlan = plan
    if (this.#happens('max')) result = this.#limited(result, connection)
    if (this.#happens('http10')) {
      result = { ...result, minorVersion: 0, framing: 'length', end: random.pick(this.#closes) }
    }
    if (!bodiless && this.#happens('untilClose')) {
      result = { ...result, framing: 'close', end: random.pick(this.#closes) }
    }
    return this.#spoil(result, request)
  }

  #happens(name: keyof Rates): boolean {
    return this.#random.chance(this.#rates[name] ?? 0)
  }

  #coding(request: ParsedRequest): AnswerPlan['coding'] {
    const offered = request.headers.get('accept-encoding') ?? ''
    // Larger ones are decoded by threads, whose time is not virtual.
    if (!this.#happens('coded') || parsePath(request.path).size > LIMITS.syncDecodeSize / 2) return ''
    const coding = this.#random.pick(['gzip', 'deflate'] as const)
    return offered.includes(coding) ? coding : ''
  }

  /** As servers do: they say how many more, and close with the last. */
  #limited(plan: AnswerPlan, connection: ServerConnection): AnswerPlan {
    const left = 4 - connection.answered
    if (left <= 0) return { ...plan, end: this.#random.pick(this.#closes) }
    return { ...plan, fields: [...plan.fields, `Keep-Alive: timeout=5, max=${left}`] }
  }

  #spoil(plan: AnswerPlan, request: ParsedRequest): AnswerPlan {
    const random = this.#random
    const early = parsePath(request.path).id % 2 === 0
    if (this.#happens('noHead'))
      return { ...plan, early, cut: 0, end: random.pick<AnswerEnd>(['hang', 'drop']) }
    if (this.#happens('slowHead')) return { ...plan, delay: random.pick([150, 400, 1500]) }
    if (this.#happens('slowBody')) return { ...plan, pieces: 4, gap: random.pick([50, 200, 700]) }
    if (this.#happens('stall')) return { ...plan, cut: random.next(), end: 'hang' }
    if (this.#happens('cutReset')) return { ...plan, early, cut: random.next(), end: 'reset' }
    if (this.#happens('cut')) {
      // Without TLS, nobody can tell a body cut short from one that ends with its connection.
      if (this.#tls) return { ...plan, cut: random.next(), end: 'unclean' }
      if (plan.framing !== 'close') return { ...plan, cut: random.next(), end: 'drop' }
    }
    if (this.#happens('drop') && plan.end === 'keep')
      return { ...plan, end: random.pick<AnswerEnd>(['drop', 'reset']) }
    if (this.#happens('damage') && plan.coding !== '') return { ...plan, damaged: true }
    if (this.#happens('early')) return { ...plan, early: true }
    const misdeed = MISDEEDS.find((each) => this.#happens(each))
    if (misdeed === undefined) return plan
    const status = plan.status ?? parsePath(request.path).status
    const needsBody = !(['storm', 'huge-head', 'surplus', 'poison'] as Misdeed[]).includes(misdeed)
    const isThere = !needsBody || !isBodiless(request.method, status)
    return isThere ? this.#misdo(plan, misdeed, request) : plan
  }

  #misdo(plan: AnswerPlan, misdeed: Misdeed, request: ParsedRequest): AnswerPlan {
    const isKept = plan.end === 'keep' && plan.framing !== 'close'
    switch (misdeed) {
      case 'long-length': {
        const end = this.#random.pick<AnswerEnd>(['drop', 'half-close', 'reset', 'hang'])
        return { ...plan, misdeed, framing: 'length', end }
      }
      case 'short-length':
      case 'two-lengths':
        return { ...plan, misdeed, framing: 'length' }
      case 'rubbish-chunk':
      case 'bare-chunk':
        return plan.minorVersion === 0 ? plan : { ...plan, misdeed, framing: 'chunked' }
      case 'surplus':
        return isKept ? { ...plan, misdeed } : plan
      case 'poison':
        // What another was asked for may be stored, followed and kept in jars; here nothing is.
        return isKept && this.#twists.arePlain ? { ...plan, misdeed } : plan
      case 'storm':
        return { ...plan, misdeed, interim: STORM }
      case 'huge-head':
        return { ...plan, misdeed }
      case 'bomb': {
        const isOffered = request.headers.get('accept-encoding')?.includes('gzip') === true
        // What stands before the bomb on the wire makes its ratio smaller.
        const isSmall = parsePath(request.path).size <= 20_000
        return isOffered && isSmall ? { ...plan, misdeed, coding: 'gzip' } : plan
      }
    }
  }
}
