import type * as Prometheus from 'prom-client'
import { LIMITS } from '../core/limits.ts'
import type { ClientStats } from '../index.ts'
import { ClientMetrics } from './metrics-client.ts'
import type { RunOutcome } from './run-outcome.ts'

/** Upper ends of the buckets for times, seconds: 1 ms to 131 s, each twice the one before. */
const TIMES: readonly number[] = Array.from({ length: 18 }, (_, i) => 0.001 * 2 ** i)
/** Values beyond the limit of a label stand together under this one. */
const OTHER = 'other'

/**
 * Figures of a run as Prometheus reads them. No label names a host or a URL: a crawl has as many as it likes, each would be
 * a series for ever, and the busiest of them change. The page and the report have figures of hosts.
 */
export class Metrics {
  readonly #registry: Prometheus.Registry
  readonly #items: Prometheus.Counter<'result'>
  readonly #responses: Prometheus.Counter<'class'>
  readonly #errors: BoundedLabel<'code'>
  readonly #cache: BoundedLabel<'result'>
  readonly #clientIps: BoundedLabel<'client_ip'>
  readonly #refusals: BoundedLabel<'client_ip'>
  readonly #wireBytes: Prometheus.Counter
  readonly #decodedBytes: Prometheus.Counter
  readonly #retries: Prometheus.Counter
  readonly #redirects: Prometheus.Counter
  readonly #head: Prometheus.Histogram
  readonly #total: Prometheus.Histogram

  private constructor(prom: typeof Prometheus, stats: (() => ClientStats) | null) {
    const registry = new prom.Registry()
    const registers = [registry]
    const counter = <T extends string>(name: string, help: string, ...labelNames: T[]) =>
      new prom.Counter({ name, help, labelNames, registers })
    const times = (name: string, help: string) =>
      new prom.Histogram({ name, help, buckets: [...TIMES], registers })
    this.#registry = registry
    this.#items = counter('trawl_items_total', 'Items done, by result: ok or failed.', 'result')
    this.#responses = counter(
      'trawl_responses_total',
      'Items answered, by the class of the last status.',
      'class',
    )
    this.#errors = new BoundedLabel(
      'code',
      counter('trawl_errors_total', 'Items that failed without an error status, by error code.', 'code'),
    )
    this.#cache = new BoundedLabel(
      'result',
      counter('trawl_cache_results_total', 'Items in which the cache had a part, by what it did.', 'result'),
    )
    this.#clientIps = new BoundedLabel(
      'client_ip',
      counter('trawl_client_ip_items_total', 'Items done, by client IP.', 'client_ip'),
    )
    this.#refusals = new BoundedLabel(
      'client_ip',
      counter('trawl_client_ip_refusals_total', 'Items answered with 403 or 429, by client IP.', 'client_ip'),
    )
    this.#wireBytes = counter('trawl_body_wire_bytes_total', 'Bytes of bodies as they came over the wire.')
    this.#decodedBytes = counter('trawl_body_decoded_bytes_total', 'Bytes of bodies, decoded.')
    this.#retries = counter('trawl_retries_total', 'Times that items were asked for again.')
    this.#redirects = counter('trawl_redirects_total', 'Redirects followed.')
    this.#head = times('trawl_item_head_seconds', 'From the beginning of an item to the head of its answer.')
    this.#total = times(
      'trawl_item_duration_seconds',
      'From the beginning of an item to the end of its answer.',
    )
    // A series that is there from the beginning has a rate from the beginning.
    for (const result of ['ok', 'failed']) this.#items.inc({ result }, 0)
    if (stats !== null) new ClientMetrics(prom, registry, stats).register()
    processMetrics(prom, registry)
  }

  /** `stats`: asked at each scrape; null: nothing is told of connections. */
  static async open(stats: (() => ClientStats) | null): Promise<Metrics> {
    return new Metrics(await import('prom-client'), stats)
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  /** To be called once for each item that is done. */
  add(outcome: RunOutcome): void {
    const { status, error, clientIp, cache, headMs, totalMs } = outcome
    this.#items.inc({ result: outcome.ok ? 'ok' : 'failed' })
    if (status !== 0) this.#responses.inc({ class: `${Math.min(9, Math.floor(status / 100))}xx` })
    if (error !== '') this.#errors.inc(error)
    if (cache !== '') this.#cache.inc(cache)
    if (clientIp !== '') {
      this.#clientIps.inc(clientIp)
      if (status === 403 || status === 429) this.#refusals.inc(clientIp)
    }
    if (outcome.bytesOnWire > 0) this.#wireBytes.inc(outcome.bytesOnWire)
    if (outcome.bytesDecoded > 0) this.#decodedBytes.inc(outcome.bytesDecoded)
    if (outcome.retries > 0) this.#retries.inc(outcome.retries)
    if (outcome.redirects > 0) this.#redirects.inc(outcome.redirects)
    if (headMs >= 0) this.#head.observe(headMs / 1000)
    if (totalMs >= 0) this.#total.observe(totalMs / 1000)
  }

  /** All figures in Prometheus' text format. */
  text(): Promise<string> {
    return this.#registry.metrics()
  }
}

/** A counter with one label that takes no more values than the limit: all later ones are one. */
class BoundedLabel<T extends string> {
  readonly #name: T
  readonly #counter: Prometheus.Counter<T>
  readonly #values = new Set<string>()

  constructor(name: T, counter: Prometheus.Counter<T>) {
    this.#name = name
    this.#counter = counter
  }

  inc(value: string): void {
    let label = value
    if (!this.#values.has(value)) {
      if (this.#values.size < LIMITS.maxReportNames) this.#values.add(value)
      else label = OTHER
    }
    const labels: Partial<Record<T, string>> = {}
    labels[this.#name] = label
    this.#counter.inc(labels)
  }
}

/** Under the names that dashboards know. What the library would add to these costs timers and observers. */
function processMetrics(prom: typeof Prometheus, registry: Prometheus.Registry): void {
  const memory = new prom.Gauge({
    name: 'process_resident_memory_bytes',
    help: 'Resident memory size in bytes.',
    registers: [],
    collect() {
      this.set(process.memoryUsage.rss())
    },
  })
  const cpu = new prom.Counter({
    name: 'process_cpu_seconds_total',
    help: 'Total user and system CPU time spent in seconds.',
    registers: [],
    collect() {
      const { user, system } = process.cpuUsage()
      this.reset()
      this.inc((user + system) / 1e6)
    },
  })
  registry.registerMetric(memory)
  registry.registerMetric(cpu)
}
