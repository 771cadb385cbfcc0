import type * as Prometheus from 'prom-client'
import type { ClientStats } from '../index.ts'

type Level = readonly [name: string, help: string, of: (stats: ClientStats) => number]

const LEVELS: readonly Level[] = [
  ['trawl_connections', 'Connections, those being dialled included.', ({ connections }) => connections],
  ['trawl_exchanges_in_flight', 'Exchanges sent and not yet fully answered.', ({ inFlight }) => inFlight],
  ['trawl_exchanges_waiting', 'Exchanges waiting for a connection.', ({ waiting }) => waiting],
  ['trawl_targets', 'Targets that are in use or remembered.', ({ targets }) => targets.length],
  ['trawl_targets_paused', 'Targets paused because their server refuses.', pausedTargets],
]

const COUNTS: readonly Level[] = [
  ['trawl_connections_dialled_total', 'Dials started.', ({ dialled }) => dialled],
  [
    'trawl_connections_reused_total',
    'Exchanges sent on a connection that had carried one before.',
    ({ reused }) => reused,
  ],
  [
    'trawl_exchanges_answered_total',
    'Exchanges answered, retries and redirects included.',
    ({ requests }) => requests,
  ],
  ['trawl_exchanges_failed_total', 'Exchanges and dials that failed.', ({ errors }) => errors],
  ['trawl_received_bytes_total', 'Bytes read from sockets.', ({ bytes }) => bytes],
]

/** What a client tells of its connections, asked once for each scrape. */
export class ClientMetrics {
  readonly #prom: typeof Prometheus
  readonly #registry: Prometheus.Registry
  readonly #read: () => ClientStats
  #stats: ClientStats | null = null

  constructor(prom: typeof Prometheus, registry: Prometheus.Registry, read: () => ClientStats) {
    this.#prom = prom
    this.#registry = registry
    this.#read = read
  }

  register(): void {
    // The one that is collected first looks; what all others tell is of the same moment.
    for (const [i, [name, help, of]] of LEVELS.entries()) {
      const value = (): number => of(this.#look(i === 0))
      const gauge = new this.#prom.Gauge({
        name,
        help,
        registers: [],
        collect() {
          this.set(value())
        },
      })
      this.#registry.registerMetric(gauge)
    }
    for (const [name, help, of] of COUNTS) {
      let before = 0
      const more = (): number => {
        const now = of(this.#look(false))
        // Targets used longest ago are forgotten, and their counts with them: a counter never goes back.
        const added = Math.max(0, now - before)
        before = now
        return added
      }
      const counter = new this.#prom.Counter({
        name,
        help,
        registers: [],
        collect() {
          this.inc(more())
        },
      })
      this.#registry.registerMetric(counter)
    }
  }

  #look(isNew: boolean): ClientStats {
    if (isNew || this.#stats === null) this.#stats = this.#read()
    return this.#stats
  }
}

function pausedTargets({ targets }: ClientStats): number {
  return targets.reduce((count, { paused }) => count + (paused > 0 ? 1 : 0), 0)
}
