import type { Effort } from './measure.ts'
import type { CaseResult } from './results.ts'
import { type Plan, runRounds } from './rounds.ts'
import { openSite } from './site.ts'

export interface CasesPlan extends Omit<Plan, 'effort'>, Omit<Effort, 'site'> {
  /** After each case: what there is so far. */
  readonly measured?: (results: readonly CaseResult[]) => void
}

/** Opens the site, runs the rounds, telling stderr which, and closes it. SIGINT and SIGTERM end it before the next run. */
export async function runCases(plan: CasesPlan): Promise<{ results: CaseResult[]; stopped: boolean }> {
  const { quick, warmUp, measure, measured = () => {}, ...rest } = plan
  let stopped = false
  const started = performance.now()
  const stop = (): void => {
    stopped = true
  }
  process.once('SIGINT', stop).once('SIGTERM', stop)
  const begins = (round: number, inCase: string, client: string): void => {
    const seconds = Math.round((performance.now() - started) / 1_000)
    process.stderr.write(`${seconds} s: round ${round} of ${plan.rounds}: ${inCase}, ${client}\n`)
  }
  const site = await openSite()
  try {
    const whole = { ...rest, effort: { site, quick, warmUp, measure } }
    const watcher = { begins, measured, isStopped: () => stopped }
    return { results: await runRounds(whole, watcher, () => performance.now()), stopped }
  } finally {
    process.off('SIGINT', stop).off('SIGTERM', stop)
    await site.close()
  }
}
