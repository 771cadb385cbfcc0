import type { Clock } from '../core/clock.ts'
import { ArgumentError, ConnectError } from '../core/errors.ts'
import { ipFamily } from '../core/ip-address.ts'
import { LIMITS } from '../core/limits.ts'
import { LruMap } from '../core/lru-map.ts'
import { onRejection } from '../core/rejection.ts'
import { publishAside } from './events.ts'
import { IpRefusals } from './ip-refusals.ts'

/** What a policy of the user's own decides by. */
export interface ClientIpChoice {
  /** `host[:port]` of the request's URL. */
  readonly host: string
  /** The request's `session`; '' for none. */
  readonly session: string
  /** Those that may be used now: of the host's family as far as that is known, and not set aside. */
  readonly clientIps: readonly string[]
}

/**
 * How a call's client IP is chosen. 'round-robin': in turn, per host. 'sticky': a session always has the
 * same one while that is in order; calls without a session go in turn. 'least-loaded': the one with the
 * fewest exchanges that wait or are in flight.
 */
export type ClientIpPolicy = 'round-robin' | 'sticky' | 'least-loaded' | ((choice: ClientIpChoice) => string)

/** One client IP in `stats()`. */
export interface ClientIpStats {
  clientIp: string
  /** Times it was chosen. */
  chosen: number
  /** Exchanges that wait or are in flight on it. */
  load: number
  /** ms for which it is set aside, because it could not be bound; 0: it is not. */
  setAside: number
  /** Why it is, or was the last time; '' if it never was. */
  reason: string
  /** Hosts that refuse it (403, 429) and are not asked from it for a while. */
  refusedBy: number
}

interface ClientIp {
  readonly ip: string
  readonly family: 4 | 6
  chosen: number
  setAsideUntil: number
  reason: string
}

/**
 * The client's own addresses, and which of them each call is made from. Chosen once per call; no I/O
 * is done here: whoever binds and reads answers says what came of it.
 */
export class ClientIps {
  readonly #all: readonly ClientIp[]
  readonly #byFamily: Readonly<Record<0 | 4 | 6, readonly ClientIp[]>>
  readonly #byIp = new Map<string, ClientIp>()
  readonly #policy: ClientIpPolicy
  readonly #client: number
  readonly #clock: Clock
  readonly #load: (clientIp: string) => number
  readonly #refusals = new IpRefusals()
  /** Whose turn it is, by host. */
  readonly #turns = new LruMap<string, number>(LIMITS.maxIpChoices)
  /** Where the next new host begins: hosts that are asked once must not all be asked from the first IP. */
  #nextHost = 0
  /** Sessions that had to leave their own IP, by session and host: they stay where they went. */
  readonly #moved = new LruMap<string, string>(LIMITS.maxIpChoices)

  /** Throws ArgumentError. `load`: exchanges that wait or are in flight on a client IP. `client`: its number in events. */
  constructor(
    ips: readonly string[],
    policy: ClientIpPolicy,
    clock: Clock,
    load: (clientIp: string) => number,
    client = 0,
  ) {
    this.#client = client
    this.#all = readAddresses(ips)
    checkPolicy(policy)
    const ofFamily = (family: 4 | 6): ClientIp[] => this.#all.filter((each) => each.family === family)
    this.#byFamily = { 0: this.#all, 4: ofFamily(4), 6: ofFamily(6) }
    for (const each of this.#all) this.#byIp.set(each.ip, each)
    this.#policy = policy
    this.#clock = clock
    this.#load = load
  }

  /**
   * The client IP for a call. When `host` refuses all that are left, the one that is set aside for the
   * shortest time is taken all the same: the target's own pause is enough.
   *
   * @param family 4 or 6 when the host is an address; 0: not known
   * @param not those that failed or were refused in this call already
   * @throws ConnectError when none is left, with the reason for each; ArgumentError when the user's policy
   *   names one that is not among those it was given, or throws
   */
  choose(host: string, session: string, family: 0 | 4 | 6, not?: ReadonlySet<string>): string {
    const chosen = this.#pick(host, session, family, not)
    chosen.chosen++
    return chosen.ip
  }

  /** It could not be bound: set aside for `LIMITS.bindQuarantine` ms. */
  bindFailed(ip: string, reason: string): void {
    const known = this.#byIp.get(ip)
    if (known === undefined) return
    const now = this.#clock.now()
    const isNew = known.setAsideUntil <= now
    known.setAsideUntil = now + LIMITS.bindQuarantine
    known.reason = reason
    if (isNew) this.#tell(ip, null, LIMITS.bindQuarantine, reason)
  }

  /**
   * `host` refused a request from this IP (403, 429). So many in a row, and the pair is set aside.
   *
   * @param sentAt when the request was sent: a burst that was under way together counts once
   */
  refused(ip: string, host: string, sentAt: number = Infinity): void {
    if (!this.#refusals.refused(ip, host, sentAt, this.#clock.now())) return
    this.#tell(ip, host, LIMITS.pairQuarantine, 'the host refuses it (403, 429)')
  }

  /** `host` answered a request from this IP otherwise: that ends the row. */
  accepted(ip: string, host: string): void {
    this.#refusals.accepted(ip, host)
  }

  stats(): ClientIpStats[] {
    const now = this.#clock.now()
    const refusing = this.#refusals.counts(now)
    return this.#all.map(({ ip, chosen, setAsideUntil, reason }) => ({
      clientIp: ip,
      chosen,
      load: this.#load(ip),
      setAside: Math.max(0, setAsideUntil - now),
      reason,
      refusedBy: refusing.get(ip) ?? 0,
    }))
  }

  // --- private ---------------------------------------------------------------------------------

  #tell(clientIp: string, host: string | null, ms: number, why: string): void {
    publishAside({ client: this.#client, clientIp, host, ms, why })
  }

  #pick(host: string, session: string, family: 0 | 4 | 6, not: ReadonlySet<string> | undefined): ClientIp {
    const now = this.#clock.now()
    const list = this.#byFamily[family]
    const isGood = (each: ClientIp): boolean =>
      each.setAsideUntil <= now && not?.has(each.ip) !== true && this.#refusals.until(each.ip, host) <= now
    const good = this.#byPolicy(list, host, session, isGood)
    if (good !== null) return good
    let soonest: ClientIp | null = null
    for (const each of list) {
      if (each.setAsideUntil > now || not?.has(each.ip) === true) continue
      const isSooner =
        soonest === null || this.#refusals.until(each.ip, host) < this.#refusals.until(soonest.ip, host)
      if (isSooner) soonest = each
    }
    if (soonest === null) throw this.#noneLeft(host, family, now)
    return soonest
  }

  /** null: none is good. */
  #byPolicy(
    list: readonly ClientIp[],
    host: string,
    session: string,
    isGood: (each: ClientIp) => boolean,
  ): ClientIp | null {
    if (list.length === 0) return null
    if (typeof this.#policy === 'function') return this.#byUser(this.#policy, list, host, session, isGood)
    switch (this.#policy) {
      case 'sticky':
        return session === '' ? this.#inTurn(list, host, isGood) : this.#sticky(list, host, session, isGood)
      case 'least-loaded':
        return this.#leastLoaded(list, host, isGood)
      case 'round-robin':
        return this.#inTurn(list, host, isGood)
    }
  }

  #inTurn(list: readonly ClientIp[], host: string, isGood: (each: ClientIp) => boolean): ClientIp | null {
    const turn = this.#turns.get(host) ?? this.#nextHost++
    for (let step = 0; step < list.length; step++) {
      const at = (turn + step) % list.length
      if (!isGood(list[at]!)) continue
      this.#turns.set(host, at + 1)
      return list[at]!
    }
    return null
  }

  /** Its own one, by a hash, so that it is the same in each run; once it had to go, where it went. */
  #sticky(
    list: readonly ClientIp[],
    host: string,
    session: string,
    isGood: (each: ClientIp) => boolean,
  ): ClientIp | null {
    const key = `${session}\n${host}`
    const moved = this.#moved.size === 0 ? undefined : this.#byIp.get(this.#moved.get(key) ?? '')
    if (moved !== undefined && list.includes(moved) && isGood(moved)) return moved
    const own = hash(session) % list.length
    for (let step = 0; step < list.length; step++) {
      const each = list[(own + step) % list.length]!
      if (!isGood(each)) continue
      if (step > 0) this.#moved.set(key, each.ip)
      else this.#moved.delete(key)
      return each
    }
    return null
  }

  /** Of those that have as little to do, the one whose turn it is. */
  #leastLoaded(
    list: readonly ClientIp[],
    host: string,
    isGood: (each: ClientIp) => boolean,
  ): ClientIp | null {
    let least = Infinity
    for (const each of list) if (isGood(each)) least = Math.min(least, this.#load(each.ip))
    return this.#inTurn(list, host, (each) => isGood(each) && this.#load(each.ip) === least)
  }

  #byUser(
    policy: (choice: ClientIpChoice) => string,
    list: readonly ClientIp[],
    host: string,
    session: string,
    isGood: (each: ClientIp) => boolean,
  ): ClientIp | null {
    const clientIps = list.filter(isGood).map((each) => each.ip)
    if (clientIps.length === 0) return null
    let answer: unknown
    try {
      answer = policy({ host, session, clientIps: [...clientIps] })
    } catch (error) {
      throw new ArgumentError(`clientIpPolicy threw for host "${host}" (${String(error)})`, error)
    }
    if (typeof answer === 'string' && clientIps.includes(answer)) return this.#byIp.get(answer)!
    onRejection(answer, () => undefined)
    const named = typeof answer === 'string' ? JSON.stringify(answer.slice(0, 64)) : typeof answer
    const offered = clientIps.slice(0, SHOWN).join(', ')
    throw new ArgumentError(
      `clientIpPolicy gave ${named} for host "${host}"; it must give one of clientIps: ${offered}`,
    )
  }

  #noneLeft(host: string, family: 0 | 4 | 6, now: number): ConnectError {
    const reasons = this.#all.slice(0, SHOWN).map((each) => {
      const { ip, setAsideUntil, reason } = each
      if (family !== 0 && each.family !== family) return `${ip} is IPv${each.family}`
      // That it was tried too says less.
      if (setAsideUntil > now) return `${ip} is set aside for ${Math.ceil(setAsideUntil - now)} ms: ${reason}`
      return `${ip} was tried in this call`
    })
    if (this.#all.length > SHOWN) reasons.push(`and ${this.#all.length - SHOWN} more`)
    const kind = family === 0 ? '' : ` IPv${family}`
    return new ConnectError('tcp', `no${kind} client IP is left for "${host}": ${reasons.join('; ')}`)
  }
}

/** Client IPs named in a message. */
const SHOWN = 8

function readAddresses(ips: readonly string[]): ClientIp[] {
  if (!Array.isArray(ips) || ips.length === 0 || ips.length > LIMITS.maxClientIps) {
    const given = Array.isArray(ips) ? `has ${ips.length} addresses` : `is ${typeof ips}`
    throw new ArgumentError(
      `option clientIps ${given}; it must be a list of 1 to ${LIMITS.maxClientIps} addresses of this machine`,
    )
  }
  const seen = new Set<string>()
  return ips.map((ip: unknown) => {
    const family = typeof ip === 'string' ? ipFamily(ip) : 0
    if (typeof ip !== 'string' || family === 0) {
      const given = typeof ip === 'string' ? JSON.stringify(ip.slice(0, 64)) : typeof ip
      throw new ArgumentError(
        `option clientIps holds ${given}; each must be an IPv4 or IPv6 address of this machine`,
      )
    }
    const canonical = new URL(`http://${family === 6 ? `[${ip}]` : ip}/`).hostname
    if (seen.has(canonical)) throw new ArgumentError(`option clientIps holds ${ip} twice; give it once`)
    seen.add(canonical)
    return { ip, family, chosen: 0, setAsideUntil: 0, reason: '' }
  })
}

function checkPolicy(policy: unknown): void {
  if (typeof policy === 'function' || POLICIES.includes(policy)) return
  const given = typeof policy === 'string' ? JSON.stringify(policy.slice(0, 64)) : typeof policy
  throw new ArgumentError(
    `option clientIpPolicy is ${given}; it must be ${POLICIES.join(', ')} or a function`,
  )
}

const POLICIES: readonly unknown[] = ['round-robin', 'sticky', 'least-loaded']

/** FNV-1a, and a last mix, because the list's length takes the low bits alone. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193)
  value = Math.imul(value ^ (value >>> 16), 0x45d9f3b)
  return (value ^ (value >>> 16)) >>> 0
}
