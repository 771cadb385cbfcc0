import type { RunOutcome } from '../../lib/reports/run-outcome.ts'

/** An item that was fetched, but for what is given. */
export function makeOutcome(given: Partial<RunOutcome> = {}): RunOutcome {
  return {
    url: 'http://one.test/a',
    host: 'one.test',
    ok: true,
    status: 200,
    error: '',
    message: '',
    bytesOnWire: 100,
    bytesDecoded: 400,
    headMs: 10,
    totalMs: 20,
    clientIp: '',
    retries: 0,
    redirects: 0,
    cache: '',
    ...given,
  }
}
