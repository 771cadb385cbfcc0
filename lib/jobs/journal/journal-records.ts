/** Of what a run was told, or became. */
export type Facts = Readonly<Record<string, unknown>>

/** A line of a journal that is no entry. `at`: ISO 8601, UTC. */
export type JournalRecord =
  | { readonly job: number; readonly created: string; readonly seed: string }
  | { readonly run: number; readonly at: string; readonly facts: Facts }
  | { readonly end: number; readonly at: string; readonly facts: Facts }
  | { readonly retry: number; readonly at: string }

/** Layout of the lines. A reader refuses a newer one. */
export const JOURNAL_VERSION = 1

const SEED = /^[0-9a-f]{16}$/

/** null: damaged. Of a record of another version, only `job` is right. */
export function parseRecord(text: string): JournalRecord | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return null
  }
  const { job, run, end, retry, at, created, seed, facts } = value as Record<string, unknown>
  if (isNumber(job)) {
    if (job !== JOURNAL_VERSION) return { job, created: '', seed: '' }
    return typeof created === 'string' && typeof seed === 'string' && SEED.test(seed)
      ? { job, created, seed }
      : null
  }
  if (typeof at !== 'string') return null
  if (isNumber(retry)) return { retry, at }
  if (typeof facts !== 'object' || facts === null) return null
  if (isNumber(run)) return { run, at, facts: facts as Facts }
  return isNumber(end) ? { end, at, facts: facts as Facts } : null
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number'
}

/** What became of a run. */
export interface JournalRun {
  /** From 1. */
  readonly number: number
  readonly started: string
  readonly startFacts: Facts
  /** null: it was killed, or is going on. */
  readonly ended: string | null
  readonly endFacts: Facts | null
}
