import { LIMITS } from '../../lib/index.ts'
import type { DialFate } from '../../lib/testing/sim-network.ts'
import type { Random } from '../../lib/testing/random.ts'
import { isBodiless, PLAIN, type AnswerEnd, type AnswerPlan } from './answer-plan.ts'
import { parsePath } from './answers.ts'
import type { ParsedRequest } from './request-parser.ts'
import type { ServerConnection } from './server-connection.ts'
import type { Behaviour, IdleDeed } from './server.ts'
import type { Twists } from './twists.ts'

/** What may go wrong, and what is only unusual. */
export const DEEDS = [
  'refuse',
  'hangDial',
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
  const share = random.pick([0.1, 0.3, 0.5])
  for (const name of DEEDS) rates[name] = random.chance(share) ? random.between(0.02, 0.3) : 0
  return rates
}

/** A server's behaviour, drawn anew for each dial, request and idle connection. */
export class Mood implements Behaviour {
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
    this.#closes = lingers ? ['half-close'] : ['close', 'half-close']
  }

  onDial(): DialFate {
    if (this.#happens('refuse')) return 'refuse'
    if (this.#happens('hangDial')) return 'hang'
    if (this.#tls && this.#happens('failTls')) return 'tls'
    return 'accept'
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
    } satisfies AnswerPlan
    let result: AnswerPlan = plan
    if (this.#happens('max')) result = this.#limited(result, connection)
    if (this.#happens('http10')) {
      result = { ...result, minorVersion: 0, framing: 'length', end: random.pick(this.#closes) }
    }
    if (!bodiless && this.#happens('untilClose')) {
      result = { ...result, framing: 'close', end: random.pick(this.#closes) }
    }
    return this.#spoil(result)
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

  #spoil(plan: AnswerPlan): AnswerPlan {
    const random = this.#random
    if (this.#happens('noHead')) return { ...plan, cut: 0, end: random.pick<AnswerEnd>(['hang', 'drop']) }
    if (this.#happens('slowHead')) return { ...plan, delay: random.pick([150, 400, 1500]) }
    if (this.#happens('slowBody')) return { ...plan, pieces: 4, gap: random.pick([50, 200, 700]) }
    if (this.#happens('stall')) return { ...plan, cut: random.next(), end: 'hang' }
    if (this.#happens('cutReset')) return { ...plan, cut: random.next(), end: 'reset' }
    if (this.#happens('cut')) {
      // Without TLS, nobody can tell a body cut short from one that ends with its connection.
      if (this.#tls) return { ...plan, cut: random.next(), end: 'unclean' }
      if (plan.framing !== 'close') return { ...plan, cut: random.next(), end: 'drop' }
    }
    if (this.#happens('drop') && plan.end === 'keep')
      return { ...plan, end: random.pick<AnswerEnd>(['drop', 'reset']) }
    if (this.#happens('damage') && plan.coding !== '') return { ...plan, damaged: true }
    if (this.#happens('early')) return { ...plan, early: true }
    return plan
  }
}
