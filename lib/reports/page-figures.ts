import { LIMITS } from '../core/limits.ts'
import { HostTable } from './page-hosts.ts'
import { TimeBuckets } from './page-times.ts'
import { isFromCache, type RunOutcome } from './run-outcome.ts'

/** What was done from one client IP. */
export interface IpFigures {
  done: number
  ok: number
  /** Answers with 403 or 429. */
  refused: number
  bytesOnWire: number
}

/** How often an error came, and the first one. */
export interface ErrorFigures {
  count: number
  readonly message: string
  readonly url: string
}

/** Names beyond the limit stand together under this one. */
export const OTHERS = 'others'

/** All that outcomes tell, in memory that does not grow with their number. */
export class RunFigures {
  done = 0
  ok = 0
  /** As items tell them; one that has failed may not know. */
  retries = 0
  /** As the channels tell them; who asks again by a new call is not seen there. */
  retriesSeen = 0
  redirects = 0
  bytesOnWire = 0
  bytesDecoded = 0
  /** Bytes that did not go over the wire: because a coding made them fewer, and because the cache had them. */
  savedByCoding = 0
  savedByCache = 0
  fromCache = 0
  readonly times: TimeBuckets
  readonly hosts: HostTable = new HostTable()
  readonly statuses: Map<number, number> = new Map()
  readonly errors: Map<string, ErrorFigures> = new Map()
  readonly clientIps: Map<string, IpFigures> = new Map()
  /** Where nobody else tells when bytes came: then they came when their item was done. */
  readonly #countsBytes: boolean

  constructor(startedAt: number, countsBytes: boolean) {
    this.times = new TimeBuckets(startedAt)
    this.#countsBytes = countsBytes
  }

  add(outcome: RunOutcome, now: number): void {
    const { ok, status, error } = outcome
    const bytes = Math.max(0, outcome.bytesOnWire)
    const decoded = Math.max(0, outcome.bytesDecoded)
    this.done++
    if (ok) this.ok++
    this.retries += Math.max(0, outcome.retries)
    this.redirects += Math.max(0, outcome.redirects)
    this.bytesOnWire += bytes
    this.bytesDecoded += decoded
    if (isFromCache(outcome)) {
      this.fromCache++
      this.savedByCache += decoded
    } else if (outcome.bytesOnWire >= 0) this.savedByCoding += Math.max(0, decoded - bytes)
    const bucket = this.times.at(now)
    if (ok) bucket.ok++
    else if (error === '' && status !== 0) bucket.badStatus++
    else bucket.errors++
    if (isRefusal(status)) bucket.refusals++
    if (this.#countsBytes) bucket.bytes += bytes
    this.hosts.add(outcome)
    if (status !== 0) this.statuses.set(status, (this.statuses.get(status) ?? 0) + 1)
    if (error !== '') this.#addError(error, outcome)
    if (outcome.clientIp !== '') this.#addIp(outcome, bytes)
  }

  /** An answer or an error that is tried again, and so is no outcome. */
  addRetry(status: number, now: number): void {
    const bucket = this.times.at(now)
    this.retriesSeen++
    bucket.retries++
    if (!isRefusal(status)) return
    bucket.refusals++
    bucket.refusedRetries++
  }

  #addError(error: string, { message, url }: RunOutcome): void {
    const code = this.errors.has(error) || this.errors.size < LIMITS.maxReportNames ? error : OTHERS
    const seen = this.errors.get(code)
    if (seen !== undefined) seen.count++
    else this.errors.set(code, { count: 1, message: cutText(message), url: cutText(url) })
  }

  #addIp(outcome: RunOutcome, bytes: number): void {
    const known = this.clientIps.has(outcome.clientIp) || this.clientIps.size < LIMITS.maxReportNames
    const name = known ? outcome.clientIp : OTHERS
    let ip = this.clientIps.get(name)
    if (ip === undefined) {
      ip = { done: 0, ok: 0, refused: 0, bytesOnWire: 0 }
      this.clientIps.set(name, ip)
    }
    ip.done++
    if (outcome.ok) ip.ok++
    if (outcome.status === 403 || outcome.status === 429) ip.refused++
    ip.bytesOnWire += bytes
  }
}

/** A text that is kept: a copy, so that it does not hold on to a long one that it is a part of. */
export function cutText(text: string): string {
  if (text.length <= LIMITS.maxReportText) return text
  return Buffer.from(`${text.slice(0, LIMITS.maxReportText)}...`).toString()
}

function isRefusal(status: number): boolean {
  return status === 403 || status === 429 || status === 503
}
