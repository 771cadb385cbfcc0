import type { Random } from '../../lib/testing/random.ts'
import type { SimClock } from '../../lib/testing/sim-clock.ts'
import type { AnswerPlan } from './answer-plan.ts'
import { parsePath, pathOf } from './answers.ts'
import { drawCacheFields, ResourceVersions } from './resources.ts'
import { Gate } from './gate.ts'
import type { ParsedRequest } from './request-parser.ts'
import type { ServerConnection } from './server-connection.ts'
import type { SimServer } from './server.ts'
import type { Stages } from './stages.ts'

/** What of an answer is the application's, not the wire's. */
export type Twist = Pick<AnswerPlan, 'status' | 'fields'>

interface TwistRates {
  readonly redirect: number
  readonly flaky: number
  readonly forbid: number
  readonly burst: number
  readonly cookie: number
  /** Answers to whoever asks whether a page has changed, that are about another page. */
  readonly wrong304: number
}

const NOT_FOLLOWED = [
  'http://',
  'https://',
  'http://[::1',
  'http://a b/',
  'ftp://ftp.test/x',
  'javascript:alert(1)',
  'mailto:a@b.test',
  'data:text/html,x',
]
const COOKIE_ATTRIBUTES = [
  '',
  'Max-Age=1',
  'Max-Age=0',
  'Expires=soon',
  'HttpOnly',
  'Path=/nowhere',
  'Domain=host9.test',
  'Domain=test',
  'SameSite=None',
  'Partitioned',
]
const RUBBISH_COOKIES = [
  '',
  '=',
  ';;;',
  '; Path=/',
  'a',
  'a b=c',
  `long=${'x'.repeat(5000)}`,
  'x=1; Domain=test',
]
/** More than this are in no healed chain. */
const CALM_HOPS = 1

/** One server's application: redirects, refusals, errors that pass, cookies, and what may be cached. */
export class Twists {
  readonly #random: Random
  readonly #stages: Stages
  readonly #clock: SimClock
  readonly #servers: readonly SimServer[]
  readonly #versions = new ResourceVersions()
  readonly #rates: TwistRates
  readonly #calm: boolean
  /** Nothing but 429 is to be had. */
  readonly #onlyRefuses: boolean
  /** Of the first server; null: all are welcome. */
  readonly #gate: Gate | null
  #refusesUntil = -Infinity
  #serial = 0

  constructor(random: Random, stages: Stages, clock: SimClock, servers: readonly SimServer[], calm: boolean) {
    this.#random = random
    this.#stages = stages
    this.#clock = clock
    this.#servers = servers
    this.#calm = calm
    const some = (most: number): number => (random.chance(0.6) ? random.between(0.02, most) : 0)
    const { redirects, retries, cookies, pacing, clientIps, cache } = stages
    const refuses = !calm && (retries || pacing)
    this.#rates = {
      redirect: redirects ? random.between(0.2, 0.95) : calm ? 0 : 0.02,
      flaky: calm || !(retries || cache) ? 0 : some(0.5),
      forbid: !calm && clientIps ? some(0.6) : 0,
      burst: refuses ? some(0.2) : 0,
      cookie: cookies ? random.between(0.1, 0.8) : 0,
      wrong304: calm ? 0 : some(0.1),
    }
    const { authKind, tokens } = stages
    const [first] = servers
    this.#gate = authKind === null ? null : new Gate(authKind, first!.origin, random.fork(), tokens, calm)
    this.#onlyRefuses = refuses && random.chance(0.05)
  }

  /** No call goes further than to its first answer, and nothing is kept of that. */
  get arePlain(): boolean {
    return this.#stages.none
  }

  answer(request: ParsedRequest, { server, socket }: ServerConnection): Twist {
    const refusal = server.origin === this.#servers[0]!.origin ? this.#gate?.refusal(request) : null
    if (refusal != null) return { status: 401, fields: refusal }
    const fields = this.#cookies(server, jarOf(request.headers, socket.dialled.clientIp))
    const status = this.#status(request, server, fields)
    if (status === null && this.#stages.cache) {
      const fresh = this.#cached(request, fields)
      if (fresh !== null) return fresh
    }
    return { status, fields }
  }

  #status(request: ParsedRequest, server: SimServer, fields: string[]): number | null {
    const random = this.#random
    const now = this.#clock.now()
    if (random.chance(this.#rates.burst)) this.#refusesUntil = now + random.pick([20, 300, 3000])
    if (this.#onlyRefuses || now < this.#refusesUntil) {
      this.#retryAfter(fields)
      return random.pick([429, 429, 429, 503])
    }
    if (random.chance(this.#rates.forbid)) return 403
    if (random.chance(this.#rates.flaky)) {
      if (random.chance(0.4)) this.#retryAfter(fields)
      return random.pick([408, 429, 500, 502, 503, 504])
    }
    return random.chance(this.#rates.redirect) ? this.#redirect(request, server, fields) : null
  }

  /** Retry-After as servers write it: seconds, dates by their own clock, nothing, rubbish, far too much. */
  #retryAfter(fields: string[]): void {
    const random = this.#random
    const kind = random.pick(['none', 'none', '0', '1', '2', '3, 3', 'date', 'past', 'soon', '-1', '99999'])
    const skew = random.pick([0, 3_600_000, -86_400_000])
    const date = this.#clock.date() + skew
    if (random.chance(0.7) || skew !== 0) fields.push(`Date: ${new Date(date).toUTCString()}`)
    if (kind === 'date') fields.push(`Retry-After: ${new Date(date + 2000).toUTCString()}`)
    else if (kind === 'past') fields.push(`Retry-After: ${new Date(date - 60_000).toUTCString()}`)
    else if (kind !== 'none') fields.push(`Retry-After: ${kind}`)
  }

  #redirect(request: ParsedRequest, server: SimServer, fields: string[]): number | null {
    const random = this.#random
    const { id, size, status, hop } = parsePath(request.path)
    // In a healed world nothing may fail: no chain too long, no body sent twice, no way out of https.
    if (this.#calm && (hop >= CALM_HOPS || request.method !== 'GET' || server.tls)) return null
    const next = pathOf(id, size, status, hop + 1)
    const code = random.pick([301, 302, 303, 307, 308])
    fields.push(...this.#location(request, server, next, code))
    return code
  }

  #location(request: ParsedRequest, server: SimServer, next: string, code: number): string[] {
    const random = this.#random
    const other = random.pick(this.#servers)
    const fragment = random.chance(0.2) ? '#part' : ''
    const ways = ['other', 'other', 'other', 'other', 'relative', 'relative', 'relative', 'secret']
    const pitfalls = ['none', 'rubbish', 'dead', 'closed', 'two']
    // A request that must not be sent twice is not led in circles, so that its sendings can be told apart.
    const mayCircle = code === 303 || request.method === 'GET' || request.method === 'HEAD'
    const circles = mayCircle ? ['loop', 'back'] : []
    switch (random.pick(this.#calm ? ways : [...ways, ...pitfalls, ...circles])) {
      case 'relative':
        return [`Location: ${next}${fragment}`]
      case 'secret':
        return [`Location: ${withSecret(other.origin)}${next}`]
      case 'loop':
        return [`Location: ${request.path}`]
      case 'back':
        return [`Location: ${other.origin}${next.replace(/&hop=\d+$/, '')}`]
      case 'none':
        return []
      case 'rubbish':
        return [`Location: ${random.pick(NOT_FOLLOWED)}`]
      case 'dead':
        return [`Location: http://nowhere.test${next}`]
      case 'closed':
        return [`Location: http://${server.host}:9${next}`]
      case 'two':
        return [`Location: ${next}`, `Location: ${other.origin}${next}&more=1`]
      default:
        return [`Location: ${other.origin}${next}${fragment}`]
    }
  }

  /** Each value names the host and the jar that it was set for: it may go nowhere else. */
  #cookies(server: SimServer, jar: string): string[] {
    const random = this.#random
    if (!random.chance(this.#rates.cookie)) return []
    const value = (kind: string): string => `${server.host}~${jar}~${kind}~${++this.#serial}`
    const fields = [`Set-Cookie: keep=${value('keep')}; Path=/`]
    for (let count = random.int(0, 3); count > 0; count--) {
      const name = random.pick(['a', 'b', 'c'])
      const attribute = random.pick([...COOKIE_ATTRIBUTES, `Domain=${server.host}`])
      const kind = attribute === 'Path=/nowhere' ? 'nowhere' : 'plain'
      const plain = `${name}=${value(kind)}; ${attribute}`
      const secure = `s${name}=${value('secure')}; Secure`
      fields.push(`Set-Cookie: ${random.pick([plain, plain, plain, secure, random.pick(RUBBISH_COOKIES)])}`)
    }
    return fields
  }

  /** A 304 where one is due, or the fields that say how long the answer may be used. */
  #cached(request: ParsedRequest, fields: string[]): Twist | null {
    const random = this.#random
    const tag = request.headers.get('if-none-match')
    if (tag !== undefined && random.chance(this.#rates.wrong304)) {
      return { status: 304, fields: [...fields, 'ETag: "another"'] }
    }
    const changed = random.chance(0.2)
    const current = this.#versions.of(request.path, changed)
    if (tag === current) {
      return { status: 304, fields: [...fields, `ETag: ${current}`, ...drawCacheFields(random, true)] }
    }
    fields.push(...drawCacheFields(random, false))
    if (random.chance(0.8)) fields.push(`ETag: ${current}`)
    return null
  }
}

/** The addresses of connections that no client IP was chosen for, of one family or the other. */
const OWN_ADDRESSES = ['192.0.2.1', '2001:db8::1']

/** The first of them for all of them: they share a jar. */
export function clientIpOf(address: string): string {
  return address === '' || OWN_ADDRESSES.includes(address) ? OWN_ADDRESSES[0]! : address
}

/** Whose jar a request's cookies come from: its session's, or else its client IP's. */
export function jarOf(headers: ReadonlyMap<string, string>, clientIp: string): string {
  return headers.get('x-session') ?? clientIpOf(clientIp)
}

/** An origin with a password that names it. */
export function withSecret(origin: string): string {
  return origin.replace('//', `//user:${encodeURIComponent(origin)}@`)
}
