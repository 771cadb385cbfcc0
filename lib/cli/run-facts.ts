import type { FinishReason } from './finish-reason.ts'
import type { RefusalWatch } from './refusal-watch.ts'

/** What is told of a run beyond its tally. */
export interface RunFacts {
  readonly elapsedMs: number
  /** Connections opened, and requests that rode on one that was open. */
  readonly dialled: number
  readonly reused: number
  readonly outputDir: string
  readonly report: string
  /** Why the list was not worked off to its end, in words; '' when it was, or while it is. */
  readonly stopped: string
  /** null: it runs still. Default: 'done' when nothing stopped it, else 'interrupted'. */
  readonly finish?: FinishReason | null | undefined
  /** What earlier runs of the same job did; undefined: there were none. */
  readonly before?: { readonly ok: number; readonly failed: number } | undefined
  /** Entries of the input that were there before, and were dropped. */
  readonly duplicates?: number | undefined
  /** undefined: nobody watched. */
  readonly refusals?: Pick<RefusalWatch, 'pauses' | 'asides'> | undefined
}

export function finishOf({ finish, stopped }: RunFacts): FinishReason | null {
  if (finish !== undefined) return finish
  return stopped === '' ? 'done' : 'interrupted'
}
