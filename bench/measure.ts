import type { Site } from './site.ts'

/** What is measured, by its name in a table; a lower number is better but for `perSecond`. */
export type Metric =
  /** us of CPU, user and system, that the client takes for one unit. */
  | 'cpu'
  /** Units a second of wall time. */
  | 'perSecond'
  /** ms until a unit is done: half of them, and all but one of a hundred, take no longer. */
  | 'p50'
  | 'p99'
  /** ms of wall time for the whole run. */
  | 'wall'
  /** MB, the most that the process ever held. */
  | 'peakRss'
  /** Bytes held for each unit that waits or is idle. */
  | 'bytes'
  /** Connections that the server counted at once. */
  | 'connections'

/** What one run of one client gave; what is not there was not measured. */
export type Sample = Partial<Record<Metric, number>>

/**
 * One comparison: the same work, done by each of some clients. A file of bench/cases/ exports `cases`, a constant list of
 * them, and nothing is started before a client is called.
 */
export interface BenchCase {
  /** Short and stable: goals and the guard refer to it, as `--only` does. */
  readonly name: string
  /** The heading in the report. */
  readonly title: string
  /** Under the heading: what is done, by how many at once, against whom, with which settings. */
  readonly text: string
  /** What the metrics are of: 'request', 'MB', 'file', 'start'. */
  readonly unit: string
  /** Also part of `--quick`, with the clients of `quickClients`, or all. */
  readonly quick: boolean
  readonly quickClients?: readonly string[]
  /** The metrics of its table, in order; the first one sorts it. */
  readonly metrics: readonly Metric[]
  /** Most rounds; a long case takes fewer. Default: as many as the run has. */
  readonly maxRounds?: number
  /** Clients that take part in the first round only: those that take long, and that no goal is about. */
  readonly onceOnly?: readonly string[]
  /** Whom `--quick` and the report compare with; default: the first whose name begins with `undici`, and the raw socket. */
  readonly peer?: string
  readonly floor?: string
  /** By the client's name: one run, in a process of its own. */
  readonly clients: Readonly<Record<string, (effort: Effort) => Promise<Sample>>>
}

/** What a run of a client is given: whom to ask, and how much time it may take. */
export interface Effort {
  /** The servers of this run, the same for all cases. */
  readonly site: Site
  readonly quick: boolean
  /** ms of warming up and of measuring, for cases that go by time. */
  readonly warmUp: number
  readonly measure: number
}
