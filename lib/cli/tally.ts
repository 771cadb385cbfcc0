import { EXIT, worseOf, type ExitCode } from './exit-codes.ts'
import { CLI_LIMITS } from './limits.ts'
import type { Outcome } from './outcome.ts'
import { countRecent, type Recent } from './recent.ts'

/** What came from one host. */
export interface HostCount extends Recent {
  ok: number
  failed: number
  bytesOnWire: number
  /** Answers that came over the network, and ms to their heads in all. */
  heads: number
  headMs: number
}

/** What was asked from one client IP, as far as it is known which one it was. */
export interface ClientIpCount extends Recent {
  ok: number
  failed: number
  /** Of those that failed, the ones that the server refused in the end (403, 429). */
  refused: number
}

/** How often an error came, and what it said the first time. */
export interface ErrorCount {
  count: number
  readonly example: string
}

/** Under which all are counted for whom there is no room of their own. */
export const OTHERS = 'others'

/**
 * Counts what became of all items, in bounded memory. Each item is in `ok` or `failed`; in `statuses`, `errors`
 * or `skipped`; and under one client IP: the sums are equal. Under one host, too, unless it has no URL.
 */
export class Tally {
  ok = 0
  failed = 0
  files = 0
  /** Of those that are ok, the ones whose file was there: nothing was asked for. */
  skipped = 0
  /** Of those that failed, the ones that were not brought to an end. */
  unfinished = 0
  /** Files that an earlier try had begun, and the bytes that it had brought. */
  resumed = 0
  bytesResumed = 0
  bytesOnWire = 0
  bytesDecoded = 0
  /** Bytes that did not come over the network because they came coded (gzip and the like). */
  savedByCoding = 0
  /** Answers that the cache gave, and how many bytes of them, decoded. */
  fromCache = 0
  bytesFromCache = 0
  redirects = 0
  retries = 0
  exitCode: ExitCode = EXIT.ok
  /** The present period of `hosts` and `clientIps`; whoever reads them sets it on. */
  period = 0
  /** Of those items that ended without an error. */
  readonly statuses: Map<number, number> = new Map()
  /** By what the cache did, for those in which it had a part. */
  readonly cache: Map<string, number> = new Map()
  readonly errors: Map<string, ErrorCount> = new Map()
  readonly hosts: Map<string, HostCount> = new Map()
  /** All hosts that came after the first `maxHosts`. */
  readonly otherHosts: HostCount = newHost()
  /** '' for those of which it is not known. */
  readonly clientIps: Map<string, ClientIpCount> = new Map()

  get done(): number {
    return this.ok + this.failed
  }

  add(outcome: Outcome): void {
    const ok = outcome.exitCode === EXIT.ok
    if (ok) this.ok++
    else this.failed++
    this.exitCode = worseOf(this.exitCode, outcome.exitCode)
    if (outcome.file !== '' && !outcome.skipped) this.files++
    if (outcome.unfinished) this.unfinished++
    if (outcome.resumedFrom > 0) {
      this.resumed++
      this.bytesResumed += outcome.resumedFrom
    }
    this.redirects += Math.max(0, outcome.redirects)
    this.retries += Math.max(0, outcome.retries)
    if (outcome.error !== '') this.#addError(outcome)
    else if (outcome.skipped) this.skipped++
    else this.statuses.set(outcome.status, (this.statuses.get(outcome.status) ?? 0) + 1)
    this.#addBytes(outcome)
    this.#addHost(outcome, ok)
    this.#addClientIp(outcome, ok)
  }

  #addBytes({ bytesOnWire, bytesDecoded, cache }: Outcome): void {
    const decoded = Math.max(0, bytesDecoded)
    this.bytesOnWire += Math.max(0, bytesOnWire)
    this.bytesDecoded += decoded
    if (cache !== '') this.cache.set(cache, (this.cache.get(cache) ?? 0) + 1)
    if (isStored(cache)) {
      this.fromCache++
      this.bytesFromCache += decoded
    } else if (bytesOnWire >= 0) {
      // A body that is thrown away is not decoded: that saves nothing.
      this.savedByCoding += Math.max(0, decoded - bytesOnWire)
    }
  }

  #addError({ error, message }: Outcome): void {
    let seen = this.errors.get(error)
    const isNew = seen === undefined && this.errors.size < CLI_LIMITS.maxErrorCodes
    seen ??= this.errors.get(OTHERS)
    const code = isNew ? error : OTHERS
    if (isNew || seen === undefined) this.errors.set(code, { count: 1, example: message })
    else seen.count++
  }

  #addHost({ host: name, cache, bytesOnWire, headMs }: Outcome, ok: boolean): void {
    if (name === '') return
    let host = this.hosts.get(name)
    if (host === undefined) {
      if (this.hosts.size < CLI_LIMITS.maxHosts) this.hosts.set(name, (host = newHost()))
      else host = this.otherHosts
    }
    if (ok) host.ok++
    else host.failed++
    host.bytesOnWire += Math.max(0, bytesOnWire)
    if (headMs >= 0 && !isStored(cache)) {
      host.heads++
      host.headMs += headMs
    }
    countRecent(host, this.period)
  }

  #addClientIp({ clientIp, status }: Outcome, ok: boolean): void {
    let name = clientIp
    let count = this.clientIps.get(name)
    if (count === undefined) {
      if (this.clientIps.size >= CLI_LIMITS.maxClientIps) name = OTHERS
      count = this.clientIps.get(name) ?? newClientIp()
      this.clientIps.set(name, count)
    }
    if (ok) count.ok++
    else count.failed++
    if (!ok && (status === 403 || status === 429)) count.refused++
    countRecent(count, this.period)
  }
}

function newHost(): HostCount {
  return {
    ok: 0,
    failed: 0,
    bytesOnWire: 0,
    heads: 0,
    headMs: 0,
    period: 0,
    inPeriod: 0,
    inPeriodBefore: 0,
  }
}

function newClientIp(): ClientIpCount {
  return { ok: 0, failed: 0, refused: 0, period: 0, inPeriod: 0, inPeriodBefore: 0 }
}

/** Whether the cache gave the body. */
function isStored(cache: Outcome['cache']): boolean {
  return cache === 'hit' || cache === 'stale' || cache === 'revalidated'
}
