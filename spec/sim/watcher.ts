import { hasSubscribers, subscribe, unsubscribe } from 'node:diagnostics_channel'
import type { SimClock } from '../../lib/testing/sim-clock.ts'
import type { CallRecord } from './caller.ts'
import { ExchangeWatch, type ExchangeMessage } from './exchange-watch.ts'
import type { Stages } from './stages.ts'

type WatchedStages = Pick<Stages, 'maxRetries' | 'maxRedirects' | 'retryBudget' | 'clientIpList'>

interface Message {
  readonly call?: object
  readonly exchange?: object
  readonly connection?: number
  readonly url?: string
  readonly status?: number
  readonly location?: string
  readonly retries?: number
  readonly error?: Error | null
  readonly result?: string
}

/** Statuses that are tried again in every world that does so. */
const PASSING = new Set([408, 429, 500, 502, 503, 504])
const LOOKUPS = new Set(['hit', 'stale-while-revalidate', 'revalidate', 'miss', 'bypass', 'unavailable'])

/** Which event begins what, which ends it, and by what the two are known to belong together. */
const PAIRS = [
  ['trawl:call:start', 'trawl:call:end', 'call'],
  ['trawl:exchange:wait', 'trawl:exchange:end', 'exchange'],
  ['trawl:connection:connect', 'trawl:connection:close', 'connection'],
] as const

/** What became of one call, by its events. */
interface Course {
  /** Where it is, as far as it was told. */
  url: string
  redirects: number
  retries: number
  /** Retries by the origin that they were made for. */
  readonly taken: { readonly origin: string; readonly at: number }[]
  endedAt: number
  wentWell: boolean
}

/** Listens to the diagnostics of one world: what begins must end, once, and nothing ends unbegun. */
export class Watcher {
  readonly violations: string[] = []
  readonly #open = new Map<string, Set<unknown>>()
  readonly #listeners: (readonly [name: string, listener: (message: unknown) => void])[] = []
  readonly #clock: SimClock
  readonly #exchanges = new ExchangeWatch()
  readonly #courses = new Map<object, Course>()

  constructor(clock: SimClock) {
    this.#clock = clock
    for (const [start, end, key] of PAIRS) {
      const open = new Set<unknown>()
      this.#open.set(start, open)
      this.#listen(start, (message) => {
        if (open.has(message[key])) this.violations.push(`${start} twice`)
        open.add(message[key])
      })
      this.#listen(end, (message) => {
        if (!open.delete(message[key])) this.violations.push(`${end} without ${start}: ${message.url ?? ''}`)
      })
    }
    this.#watchExchanges()
    this.#watchCache()
    this.#listen('trawl:call:start', (message) => this.#onStart(message))
    this.#listen('trawl:call:redirect', (message) => this.#onRedirect(message))
    this.#listen('trawl:call:retry', (message) => this.#onRetry(message))
    this.#listen('trawl:call:end', (message) => this.#onEnd(message))
  }

  /** Stops listening; what is still open then has never ended. */
  stop(stages: WatchedStages, records: readonly CallRecord[] = [], maxQueued: number = Infinity): string[] {
    for (const [name, listener] of this.#listeners) unsubscribe(name, listener)
    for (const name of new Set(this.#listeners.map(([each]) => each))) {
      if (hasSubscribers(name)) this.violations.push(`somebody still listens to ${name}`)
    }
    this.violations.push(...this.#exchanges.violations)
    const { maxWaiting } = this.#exchanges
    if (maxWaiting > maxQueued) this.violations.push(`${maxWaiting} waited, maxQueued is ${maxQueued}`)
    for (const [start, open] of this.#open) {
      if (open.size > 0) this.violations.push(`${start}: ${open.size} without an end`)
    }
    for (const { redirects, retries, url } of this.#courses.values()) {
      if (retries > stages.maxRetries) this.violations.push(`${url}: ${retries} retries`)
      if (redirects > stages.maxRedirects) this.violations.push(`${url}: ${redirects} redirects`)
    }
    return [...this.violations, ...this.#checkBudget(stages, records)]
  }

  #watchExchanges(): void {
    const watch = this.#exchanges
    const steps = { wait: 'onWait', send: 'onSend', head: 'onHead', end: 'onEnd' } as const
    for (const [name, step] of Object.entries(steps)) {
      this.#listen(`trawl:exchange:${name}`, (message) => watch[step](message as unknown as ExchangeMessage))
    }
    this.#listen('trawl:connection:open', ({ connection }) => watch.onConnectionOpen(connection!))
    this.#listen('trawl:connection:close', ({ connection }) => watch.onConnectionClose(connection!))
  }

  /** A store in memory has no errors. */
  #watchCache(): void {
    this.#listen('trawl:cache:lookup', ({ url, result }) => {
      if (!LOOKUPS.has(result!)) this.violations.push(`trawl:cache:lookup of ${url}: ${result}`)
    })
    this.#listen('trawl:cache:store', ({ url, status }) => {
      if (url === undefined || !(status! >= 200))
        this.violations.push(`trawl:cache:store of ${url}: ${status}`)
    })
    this.#listen('trawl:cache:error', ({ url, error }) => {
      this.violations.push(`trawl:cache:error, ${url}: ${error?.message}`)
    })
  }

  #onStart({ call, url }: Message): void {
    const course = { url: url!, redirects: 0, retries: 0, taken: [], endedAt: Infinity, wentWell: false }
    this.#courses.set(call!, course)
  }

  #onRedirect({ call, url, location, status }: Message): void {
    const course = this.#courses.get(call!)
    if (course === undefined) return
    if (course.endedAt < Infinity) this.violations.push('trawl:call:redirect after its end')
    if (course.url !== url) this.violations.push(`redirected from ${url}, but was at ${course.url}`)
    if (status! < 301 || status! > 308) this.violations.push(`redirected by ${status}`)
    course.url = location!
    course.redirects++
  }

  #onRetry({ call, url, retries }: Message): void {
    const course = this.#courses.get(call!)
    if (course === undefined) return
    if (course.endedAt < Infinity) this.violations.push('trawl:call:retry after its end')
    if (course.url !== url) this.violations.push(`tried again at ${url}, but was at ${course.url}`)
    if (retries !== ++course.retries) this.violations.push(`retry ${retries} is the ${course.retries}.`)
    course.taken.push({ origin: new URL(url!).origin, at: this.#clock.now() })
  }

  #onEnd({ call, status, error }: Message): void {
    const course = this.#courses.get(call!)
    if (course === undefined) return
    course.endedAt = this.#clock.now()
    // A host that says 404 is in good health.
    course.wentWell = error === null && status !== 0 && !PASSING.has(status!)
  }

  /** No target has more retries than its budget, what comes back each second, and what went well in the end. */
  #checkBudget(stages: WatchedStages, records: readonly CallRecord[]): string[] {
    if (records.length === 0) return []
    const ips = new Set(records.map(({ spec }) => spec.clientIp)).size
    const accounts = stages.retryBudget * Math.max(ips, stages.clientIpList.length)
    const begun = records.reduce((least, { startedAt }) => Math.min(least, startedAt), Infinity)
    const taken = [...this.#courses.values()].flatMap((course) =>
      course.taken.map((each) => ({ ...each, course })),
    )
    const wrong: string[] = []
    for (const [origin, all] of Map.groupBy(taken, (each) => each.origin)) {
      const sorted = all.toSorted((a, b) => a.at - b.at)
      for (const [index, { at }] of sorted.entries()) {
        const back = [...this.#courses.values()].reduce(
          (sum, each) => sum + (each.wentWell && each.endedAt <= at ? each.retries : 0),
          0,
        )
        const seconds = ((at - begun) / 1000) * Math.max(ips, stages.clientIpList.length)
        if (index + 1 <= accounts + back + seconds) continue
        wrong.push(`${origin}: retry ${index + 1} after ${seconds} s, retryBudget is ${stages.retryBudget}`)
        break
      }
    }
    return wrong
  }

  #listen(name: string, react: (message: Message) => void): void {
    const listener = (message: unknown): void => react(message as Message)
    subscribe(name, listener)
    this.#listeners.push([name, listener])
  }
}
