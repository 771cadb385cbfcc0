import { EXIT } from '../../lib/cli/exit-codes.ts'
import type { Outcome } from '../../lib/cli/outcome.ts'
import type { ClientIpProgress, HostProgress, ProgressState } from '../../lib/cli/progress-counts.ts'

/** One that was fetched; `fields` say what is different. */
export function makeOutcome(fields: Partial<Outcome>): Outcome {
  const times = { headMs: 1, totalMs: 2, attempt: 1, resumedFrom: 0 }
  const sizes = { bytesOnWire: 100, bytesDecoded: 100 }
  const where = { clientIp: '', remoteAddress: '127.0.0.1', file: 'out/x', session: '', meta: undefined }
  const loops = { finalUrl: 'http://a/', redirects: 0, retries: 0, cache: '' as const }
  const ends = { error: '', message: '', fatal: false, skipped: false, unfinished: false, exitCode: EXIT.ok }
  const base = { url: 'http://a/', line: 1, host: 'a', status: 200 }
  return { ...base, ...ends, ...loops, ...times, ...sizes, ...where, ...fields }
}

/** A run that is under way; `fields` say what is different. */
export function makeState(fields: Partial<ProgressState> = {}): ProgressState {
  const now = { connections: 32, pausedTargets: 0, retrying: 0, hosts: [], clientIps: [] }
  const rates = { bytes: 0, elapsedMs: 5_000, donePerSecond: 245.3, bytesPerSecond: 12.3 * 1024 * 1024 }
  return { done: 1_234, total: 2_000, ok: 1_200, failed: 34, ...now, ...rates, ...fields }
}

/** A busy host; `fields` say what is different. */
export function makeHost(host: string, fields: Partial<HostProgress> = {}): HostProgress {
  return { host, done: 9, failed: 1, inFlight: 6, waiting: 30, pausedMs: 0, perSecond: 12.5, ...fields }
}

/** A busy client IP; `fields` say what is different. */
export function makeClientIp(clientIp: string, fields: Partial<ClientIpProgress> = {}): ClientIpProgress {
  const counts = { done: 500, failed: 3, load: 20, setAsideMs: 0, refusedBy: 0, perSecond: 100.4 }
  return { clientIp, ...counts, ...fields }
}
