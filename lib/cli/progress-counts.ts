/** One of the busiest hosts. */
export interface HostProgress {
  /** `host[:port]`, fit to be shown. */
  readonly host: string
  /** In this run. */
  readonly done: number
  readonly failed: number
  readonly inFlight: number
  readonly waiting: number
  /** ms until it goes on; 0: it is not paused. */
  readonly pausedMs: number
  /** Items done per second, of late. */
  readonly perSecond: number
}

/** One of the busiest client IPs. */
export interface ClientIpProgress {
  readonly clientIp: string
  /** In this run. */
  readonly done: number
  readonly failed: number
  /** Exchanges that wait or are in flight. */
  readonly load: number
  /** ms for which it is set aside, for all hosts; 0: it is not. */
  readonly setAsideMs: number
  /** Hosts for which it is set aside. */
  readonly refusedBy: number
  readonly perSecond: number
}

/** A run's counters at one moment; those of a job that goes on include what was done before. */
export interface ProgressCounts {
  readonly done: number
  /** All items of the list; -1 while that is not known. */
  readonly total: number
  readonly ok: number
  readonly failed: number
  /** Items that are being tried again. */
  readonly retrying: number
  readonly connections: number
  readonly pausedTargets: number
  /** Received in this run. */
  readonly bytes: number
  /** The busiest, and among them some that are paused; at most `CLI_LIMITS.shownHosts`. */
  readonly hosts: readonly HostProgress[]
  /** Of those that the client was given; none: it was given none. */
  readonly clientIps: readonly ClientIpProgress[]
}

/** The same, and how fast it goes. */
export interface ProgressState extends ProgressCounts {
  readonly elapsedMs: number
  readonly donePerSecond: number
  readonly bytesPerSecond: number
}

/** ms until all is done, in whole seconds; -1: nothing to guess it from. */
export function timeLeft({ done, total, donePerSecond }: ProgressState): number {
  const left = total - done
  return total > 0 && left > 0 && donePerSecond > 0 ? Math.ceil(left / donePerSecond) * 1000 : -1
}
