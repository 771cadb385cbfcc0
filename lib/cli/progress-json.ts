import { CLI_LIMITS } from './limits.ts'
import { timeLeft, type ProgressState } from './progress-counts.ts'

/** For programs that follow a run: one JSON object, without a line end. */
export function progressJson(state: ProgressState): string {
  const left = timeLeft(state)
  return JSON.stringify({
    type: 'progress',
    time: new Date().toISOString(),
    elapsedMs: Math.round(state.elapsedMs),
    done: state.done,
    total: state.total < 0 ? null : state.total,
    ok: state.ok,
    failed: state.failed,
    retrying: state.retrying,
    requestsPerSecond: rounded(state.donePerSecond),
    bytesPerSecond: Math.round(state.bytesPerSecond),
    bytes: state.bytes,
    connections: state.connections,
    pausedTargets: state.pausedTargets,
    etaMs: left < 0 ? null : left,
    hosts: state.hosts.slice(0, CLI_LIMITS.shownHosts).map((each) => ({
      host: each.host,
      done: each.done,
      failed: each.failed,
      inFlight: each.inFlight,
      waiting: each.waiting,
      pausedMs: Math.ceil(each.pausedMs),
      requestsPerSecond: rounded(each.perSecond),
    })),
    clientIps: state.clientIps.slice(0, CLI_LIMITS.shownHosts).map((each) => ({
      clientIp: each.clientIp,
      done: each.done,
      failed: each.failed,
      load: each.load,
      setAsideMs: Math.ceil(each.setAsideMs),
      refusedBy: each.refusedBy,
      requestsPerSecond: rounded(each.perSecond),
    })),
  })
}

/** A message for the user, as one JSON object. */
export function noteJson(text: string): string {
  return JSON.stringify({ type: 'note', time: new Date().toISOString(), text })
}

function rounded(value: number): number {
  return Math.round(value * 10) / 10
}
