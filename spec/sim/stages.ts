import { crc32 } from 'node:zlib'
import type { ClientOptions, RetriedRequest } from '../../lib/index.ts'
import { authOption, Tokens, type AuthKind } from './gate.ts'
import { PROXY_URL } from './proxy.ts'
import type { Random } from '../../lib/testing/random.ts'

export const STAGE_NAMES = [
  'redirects',
  'retries',
  'cookies',
  'cache',
  'clientIps',
  'pacing',
  'auth',
  'proxies',
] as const
export type StageName = (typeof STAGE_NAMES)[number]

/** How fast one host may be asked. */
export interface Pace {
  readonly minInterval: number
  readonly requestsPerInterval: number
  readonly interval: number
  readonly jitter: number
  readonly stallLimit: number
  readonly autoThrottle: false | { minDelay: number; startDelay: number; maxDelay: number }
}

/** Which stages of a call a world has, and the client's options that they come from. */
export interface Stages extends Record<StageName, boolean> {
  /** None of them: exchanges alone. */
  readonly none: boolean
  readonly names: readonly StageName[]
  readonly maxRetries: number
  readonly maxRedirects: number
  readonly retryBudget: number
  readonly clientIpList: readonly string[]
  /** Those of them that are no addresses of this machine, until the world is healed. */
  readonly unbindable: readonly string[]
  readonly sessions: readonly string[]
  /** null: not paced. */
  readonly pace: Pace | null
  /** By host. */
  readonly paceOf: ReadonlyMap<string, Pace>
  readonly maxConnOf: ReadonlyMap<string, number>
  /** null: none. */
  readonly authKind: AuthKind | null
  readonly tokens: Tokens
  isProxied(origin: string): boolean
  readonly options: ClientOptions
}

const IPS = ['192.0.2.11', '192.0.2.12', '192.0.2.13', '192.0.2.14', '2001:db8::11', '2001:db8::12']
const THROTTLES = [
  { minDelay: 1, startDelay: 20, maxDelay: 100 },
  { minDelay: 30, startDelay: 30, maxDelay: 60 },
]
const STATUSES = [403, 408, 429, 500, 502, 503, 504]

/**
 * A third of the worlds has none of them, so that what they cover is not lost; the others some, as all
 * at once would hide each other.
 */
export function drawStages(
  random: Random,
  hosts: readonly string[],
  firstOrigin: string,
  isOff: (name: StageName) => boolean,
): Stages {
  const none = random.chance(0.3)
  const share = random.pick([0.25, 0.5, 0.8])
  const on = Object.fromEntries(
    STAGE_NAMES.map((name) => [name, !none && random.chance(share) && !isOff(name)]),
  ) as Record<StageName, boolean>
  const clientIpList = on.clientIps ? random.shuffle([...IPS]).slice(0, random.int(1, 4)) : []
  const pace = on.pacing && random.chance(0.7) ? drawPace(random) : null
  const paceOf = new Map<string, Pace>()
  const maxConnOf = new Map<string, number>()
  for (const host of hosts) {
    if (on.pacing && random.chance(0.3)) paceOf.set(host, drawPace(random))
    if (on.pacing && random.chance(0.3)) maxConnOf.set(host, random.int(1, 2))
  }
  const stages = {
    ...on,
    none: STAGE_NAMES.every((name) => !on[name]),
    names: STAGE_NAMES.filter((name) => on[name]),
    maxRetries: on.retries ? random.int(1, 3) : 0,
    maxRedirects: on.redirects ? random.pick([1, 5, 20, 20]) : 20,
    retryBudget: random.pick([1, 3, 100]),
    clientIpList,
    unbindable: clientIpList.filter(() => random.chance(0.3)),
    sessions: random.chance(0.5) ? ['', 'one', 'two'] : [''],
    pace,
    paceOf,
    maxConnOf,
    authKind: on.auth ? random.pick(['basic', 'bearer', 'digest'] as const) : null,
    tokens: new Tokens(firstOrigin),
    isProxied: drawProxied(random, on.proxies),
  }
  return { ...stages, options: optionsOf(random, stages, firstOrigin) }
}

/** All of them, or every other one by its name. */
function drawProxied(random: Random, isOn: boolean): (origin: string) => boolean {
  if (!isOn) return () => false
  return random.chance(0.5) ? () => true : (origin) => crc32(origin) % 2 === 0
}

function drawPace(random: Random): Pace {
  const isCounted = random.chance(0.5)
  return {
    minInterval: isCounted && random.chance(0.5) ? 0 : random.pick([5, 50, 200]),
    requestsPerInterval: isCounted ? random.pick([1, 3, 10]) : Infinity,
    interval: random.pick([100, 1000]),
    jitter: random.pick([0, 0, 0.5]),
    stallLimit: random.pick([500, 3000, 900_000]),
    autoThrottle: random.chance(0.3) ? random.pick(THROTTLES) : false,
  }
}

function optionsOf(random: Random, stages: Omit<Stages, 'options'>, firstOrigin: string): ClientOptions {
  const { pace, paceOf, maxConnOf } = stages
  const options: ClientOptions = {
    maxRetries: stages.maxRetries,
    retryBudget: stages.retryBudget,
    maxRedirects: stages.maxRedirects,
    redirect: stages.redirects ? 'follow' : 'manual',
    allowInsecureRedirect: random.chance(0.5),
    secretHeaders: ['X-Api-Key'],
  }
  if (stages.retries && random.chance(stages.clientIps ? 0.9 : 0.5)) options.retryStatuses = STATUSES
  if (stages.retries && random.chance(0.3)) {
    options.modifyRequest = random.pick([
      () => undefined,
      () => Promise.resolve(),
      (request: RetriedRequest) => request,
    ])
  }
  if (stages.cookies) options.cookies = true
  if (stages.cache) options.cache = true
  if (stages.clientIps) {
    options.clientIps = stages.clientIpList
    options.clientIpPolicy = random.pick(['round-robin', 'sticky', 'least-loaded'] as const)
    options.moveAfterRefusal = random.chance(0.6)
  }
  if (pace !== null) options.pacing = pace
  const hosts = [...new Set([...paceOf.keys(), ...maxConnOf.keys()])]
  if (hosts.length > 0) {
    options.hosts = Object.fromEntries(
      hosts.map((host) => [host, { pacing: paceOf.get(host), maxConnPerTarget: maxConnOf.get(host) }]),
    )
  }
  if (stages.authKind !== null) options.auth = authOption(stages.authKind, firstOrigin, stages.tokens)
  if (stages.proxies) {
    options.proxy = (url) => (stages.isProxied(new URL(url).origin) ? PROXY_URL : null)
  }
  return options
}
