import { EXIT, worseOf, type ExitCode } from './exit-codes.ts'
import { CLI_LIMITS } from './limits.ts'
import type { Outcome } from './outcome.ts'

/** What came from one host. */
export interface HostCount {
  ok: number
  failed: number
  bytesOnWire: number
}

/** How often an error came, and what it said the first time. */
export interface ErrorCount {
  count: number
  readonly example: string
}

/** Counts what became of all items, in bounded memory. */
export class Tally {
  ok = 0
  failed = 0
  files = 0
  bytesOnWire = 0
  bytesDecoded = 0
  redirects = 0
  retries = 0
  exitCode: ExitCode = EXIT.ok
  readonly statuses: Map<number, number> = new Map()
  /** By what the cache did, for those in which it had a part. */
  readonly cache: Map<string, number> = new Map()
  readonly errors: Map<string, ErrorCount> = new Map()
  readonly hosts: Map<string, HostCount> = new Map()
  /** All hosts that came after the first `maxHosts`. */
  readonly otherHosts: HostCount = { ok: 0, failed: 0, bytesOnWire: 0 }

  get done(): number {
    return this.ok + this.failed
  }

  add(outcome: Outcome): void {
    const ok = outcome.exitCode === EXIT.ok
    if (ok) this.ok++
    else this.failed++
    this.exitCode = worseOf(this.exitCode, outcome.exitCode)
    if (outcome.file !== '') this.files++
    const bytes = Math.max(0, outcome.bytesOnWire)
    this.bytesOnWire += bytes
    this.bytesDecoded += Math.max(0, outcome.bytesDecoded)
    this.redirects += Math.max(0, outcome.redirects)
    this.retries += Math.max(0, outcome.retries)
    if (outcome.cache !== '') this.cache.set(outcome.cache, (this.cache.get(outcome.cache) ?? 0) + 1)
    if (outcome.status !== 0) this.statuses.set(outcome.status, (this.statuses.get(outcome.status) ?? 0) + 1)
    if (outcome.error !== '') this.#addError(outcome)
    if (outcome.host === '') return
    const host = this.#host(outcome.host)
    if (ok) host.ok++
    else host.failed++
    host.bytesOnWire += bytes
  }

  #addError(outcome: Outcome): void {
    const seen = this.errors.get(outcome.error)
    if (seen === undefined) this.errors.set(outcome.error, { count: 1, example: outcome.message })
    else seen.count++
  }

  #host(name: string): HostCount {
    let host = this.hosts.get(name)
    if (host === undefined) {
      if (this.hosts.size >= CLI_LIMITS.maxHosts) return this.otherHosts
      host = { ok: 0, failed: 0, bytesOnWire: 0 }
      this.hosts.set(name, host)
    }
    return host
  }
}
