import { ArgumentError } from './errors.ts'
import { ipFamily } from './ip-address.ts'
import { LIMITS } from './limits.ts'
import { nearestName } from './nearest-name.ts'
import { ownOptions } from './own-options.ts'
import {
  NO_PACING,
  type AutoThrottleSettings,
  type PacingOptions,
  type TargetSettings,
} from './target-settings.ts'

/** Pacing as the user gives it: what is left out is the client's own, or the default. */
export interface PacingInput extends Partial<Omit<PacingOptions, 'autoThrottle'>> {
  /** true: with its defaults. */
  readonly autoThrottle?: boolean | Partial<AutoThrottleSettings>
}

/** What the client's options and those of one pattern in `hosts` have in common. */
export interface HostOptions {
  readonly maxConnPerTarget?: number | undefined
  readonly maxPipelinedRequests?: number | undefined
  readonly prefer?: 'connection' | 'pipeline' | undefined
  readonly pacing?: PacingInput | undefined
  readonly maxDownloadRatePerTarget?: number | undefined
}

type FieldCheck = (where: string, value: unknown) => void

/** Timers go no further. */
const MAX_TIME = 0x7fffffff

const THROTTLE_CHECKS: Readonly<Record<string, FieldCheck>> = {
  targetConcurrency: number(0.01, 1_000),
  startDelay: number(0, MAX_TIME, 'ms'),
  minDelay: number(0, MAX_TIME, 'ms'),
  maxDelay: number(1, MAX_TIME, 'ms'),
}

const PACING_CHECKS: Readonly<Record<string, FieldCheck>> = {
  minInterval: number(0, MAX_TIME, 'ms'),
  requestsPerInterval: (where, value) => {
    if (value !== Infinity) whole(1, LIMITS.maxRequestsPerInterval)(where, value)
  },
  interval: number(1, MAX_TIME, 'ms'),
  jitter: number(0, 1),
  autoThrottle: checkThrottle,
  stallLimit: number(0, MAX_TIME, 'ms'),
}

const TOTAL_CHECKS: Readonly<Record<string, FieldCheck>> = {
  minInterval: PACING_CHECKS['minInterval']!,
  requestsPerInterval: PACING_CHECKS['requestsPerInterval']!,
  interval: PACING_CHECKS['interval']!,
}

const HOST_CHECKS: Readonly<Record<string, FieldCheck>> = {
  maxConnPerTarget: whole(1, 1_000_000),
  maxPipelinedRequests: whole(1, LIMITS.maxDepth),
  prefer: (where, value) => {
    if (value !== 'connection' && value !== 'pipeline') fail(where, value, "'connection' or 'pipeline'")
  },
  pacing: checkPacing,
  maxDownloadRatePerTarget: checkDownloadRate,
}

/** Checks the option `pacing`. Throws ArgumentError. */
export function checkPacing(where: string, value: unknown): void {
  checkFields(where, value, PACING_CHECKS)
}

/** Checks the option `totalPacing`. Throws ArgumentError. */
export function checkTotalPacing(where: string, value: unknown): void {
  checkFields(where, value, TOTAL_CHECKS)
}

/** Checks a limit of bytes read a second. Throws ArgumentError. */
export function checkDownloadRate(where: string, value: unknown): void {
  if (typeof value === 'number' && value >= 1) return
  fail(where, value, 'a number of bytes per second from 1; Infinity for no limit')
}

/** Checks the option `hosts`. Throws ArgumentError. */
export function checkHosts(where: string, value: unknown): void {
  if (typeof value !== 'object' || value === null)
    fail(where, value, 'an object: patterns and their settings')
  const patterns = Object.entries(value)
  if (patterns.length > LIMITS.maxHostPatterns) {
    fail(where, patterns.length, `at most ${LIMITS.maxHostPatterns} patterns`)
  }
  const seen = new Map<string, string>()
  for (const [pattern, options] of patterns) {
    const canonical = canonicalPattern(where, pattern)
    const same = seen.get(canonical)
    if (same !== undefined) {
      throw new ArgumentError(`${where}: '${pattern}' and '${same}' are the same host; give it once`)
    }
    seen.set(canonical, pattern)
    checkFields(`${where}['${pattern}']`, options, HOST_CHECKS)
  }
}

/**
 * The settings of each host: those of the most specific pattern over the client's own. A host's own name
 * goes before `*.example.com`, which is all names below example.com, that one not included; of two such
 * the longer one wins; `*` is for all others. Patterns do not add up: only one counts.
 */
export class HostSettings {
  readonly #own: TargetSettings
  readonly #exact = new Map<string, TargetSettings>()
  /** By what follows the star: `.example.com`. */
  readonly #below = new Map<string, TargetSettings>()

  /** Throws ArgumentError. `defaults`: the client's own options. */
  constructor(defaults: HostOptions = {}, hosts: Readonly<Record<string, HostOptions>> = {}) {
    checkHosts('hosts', hosts)
    const { pacing } = ownOptions(defaults)
    if (pacing !== undefined) checkPacing('pacing', pacing)
    let own = merge(DEFAULTS, defaults, 'pacing')
    for (const [pattern, options] of Object.entries(hosts)) {
      const settings = merge(merge(DEFAULTS, defaults, 'pacing'), options, `hosts['${pattern}'].pacing`)
      const canonical = canonicalPattern('hosts', pattern)
      if (canonical === '*') own = settings
      else if (canonical.startsWith('*')) this.#below.set(canonical.slice(1), settings)
      else this.#exact.set(canonical, settings)
    }
    this.#own = own
  }

  /** `host` as in `Target`: lower case, IPv6 without brackets. */
  of(host: string): TargetSettings {
    const exact = this.#exact.get(host)
    if (exact !== undefined) return exact
    if (this.#below.size === 0) return this.#own
    // The first dot is that of the longest suffix.
    for (let dot = host.indexOf('.'); dot !== -1; dot = host.indexOf('.', dot + 1)) {
      const below = dot === 0 ? undefined : this.#below.get(host.slice(dot))
      if (below !== undefined) return below
    }
    return this.#own
  }
}

const DEFAULTS: TargetSettings = {
  maxConnPerTarget: LIMITS.maxConnPerTarget,
  maxPipelinedRequests: LIMITS.maxPipelinedRequests,
  prefer: 'connection',
  pacing: NO_PACING,
  maxDownloadRatePerTarget: Infinity,
}

function merge(base: TargetSettings, given: HostOptions, where: string): TargetSettings {
  const options = ownOptions(given)
  return {
    maxConnPerTarget: options.maxConnPerTarget ?? base.maxConnPerTarget,
    maxPipelinedRequests: options.maxPipelinedRequests ?? base.maxPipelinedRequests,
    prefer: options.prefer ?? base.prefer,
    maxDownloadRatePerTarget: options.maxDownloadRatePerTarget ?? base.maxDownloadRatePerTarget,
    pacing: options.pacing === undefined ? base.pacing : mergePacing(base.pacing, options.pacing, where),
  }
}

function mergePacing(base: PacingOptions, given: PacingInput, where: string): PacingOptions {
  const options = ownOptions(given)
  const { autoThrottle } = options
  return {
    minInterval: options.minInterval ?? base.minInterval,
    requestsPerInterval: options.requestsPerInterval ?? base.requestsPerInterval,
    interval: options.interval ?? base.interval,
    jitter: options.jitter ?? base.jitter,
    autoThrottle: autoThrottle === undefined ? base.autoThrottle : throttle(autoThrottle, where),
    stallLimit: options.stallLimit ?? base.stallLimit,
  }
}

function throttle(
  given: boolean | Partial<AutoThrottleSettings>,
  where: string,
): false | AutoThrottleSettings {
  if (given === false) return false
  const options: Partial<AutoThrottleSettings> = ownOptions(given === true ? {} : given)
  const minDelay = options.minDelay ?? 0
  const maxDelay = options.maxDelay ?? Math.max(LIMITS.throttleMax, minDelay, options.startDelay ?? 0)
  const startDelay = options.startDelay ?? Math.min(Math.max(LIMITS.throttleStart, minDelay), maxDelay)
  if (minDelay > startDelay || startDelay > maxDelay) {
    throw new ArgumentError(
      `${where}.autoThrottle: minDelay ${minDelay}, startDelay ${startDelay} and maxDelay ${maxDelay} must not fall`,
    )
  }
  return { targetConcurrency: options.targetConcurrency ?? 1, startDelay, minDelay, maxDelay }
}

function checkThrottle(where: string, value: unknown): void {
  if (typeof value !== 'boolean') checkFields(where, value, THROTTLE_CHECKS)
}

function checkFields(where: string, value: unknown, checks: Readonly<Record<string, FieldCheck>>): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) fail(where, value, 'an object')
  for (const [name, field] of Object.entries(value)) {
    if (!Object.hasOwn(checks, name)) {
      const nearest = nearestName(name.slice(0, 64), Object.keys(checks))
      throw new ArgumentError(
        `unknown option ${JSON.stringify(name.slice(0, 64))} of ${where}; did you mean ${nearest}?`,
      )
    }
    if (field !== undefined) checks[name]!(`${where}.${name}`, field)
  }
}

/** As it is compared: lower case, in the form that host names have on the wire. Throws ArgumentError. */
function canonicalPattern(where: string, pattern: string): string {
  if (pattern === '*') return pattern
  const rule = "a host name, an address, '*.example.com' or '*'; without scheme, port and path"
  const star = pattern.startsWith('*.')
  const name = star ? pattern.slice(2) : pattern
  const family = ipFamily(name.replace(/^\[(.*)\]$/, '$1'))
  const host = family === 6 && !name.startsWith('[') ? `[${name}]` : name
  if (
    /[*/:?#@\\\s]/.test(family === 6 ? '' : name) ||
    !URL.canParse(`http://${host}/`) ||
    (star && family !== 0)
  ) {
    fail(`a pattern of ${where}`, pattern, rule)
  }
  const { hostname } = new URL(`http://${host}/`)
  return (star ? '*.' : '') + hostname.replace(/^\[(.*)\]$/, '$1')
}

function number(min: number, max: number, unit = ''): FieldCheck {
  return (where, value) => {
    if (typeof value === 'number' && value >= min && value <= max) return
    fail(where, value, `a number${unit === '' ? '' : ` of ${unit}`} from ${min} to ${max}`)
  }
}

function whole(min: number, max: number): FieldCheck {
  return (where, value) => {
    if (typeof value === 'number' && Number.isInteger(value) && value >= min && value <= max) return
    fail(where, value, `a whole number from ${min} to ${max}`)
  }
}

function fail(where: string, value: unknown, rule: string): never {
  throw new ArgumentError(`${where} is ${show(value)}; it must be ${rule}`)
}

function show(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.slice(0, 64))
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'an array' : 'an object'
  return typeof value === 'function' || typeof value === 'symbol' ? `a ${typeof value}` : String(value)
}
