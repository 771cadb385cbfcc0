import type { BenchCase, Effort } from './measure.ts'
import { type CaseResult, type ClientResult, resultFor } from './results.ts'

/** What is run, how often, and how long at most. */
export interface Plan {
  readonly cases: readonly BenchCase[]
  readonly rounds: number
  readonly effort: Effort
  /** ms; no run is begun after this, and no case a second time when it would end later. */
  readonly atMost: number
  /** Of these only, where given. */
  readonly clients?: (of: BenchCase) => readonly string[]
}

export interface RoundsWatcher {
  /** A client's run begins. */
  begins(round: number, inCase: string, client: string): void
  /** What there is so far, after each case. */
  measured(results: readonly CaseResult[]): void
  /** Whether to end before the next run. */
  isStopped(): boolean
}

/**
 * Runs all cases, round after round, and in a round one client of a case after the other, each time from another one on: what else the machine does
 * meanwhile falls on all of them alike. A run that fails is noted and the others go on.
 */
export async function runRounds(
  plan: Plan,
  watcher: RoundsWatcher,
  now: () => number,
): Promise<CaseResult[]> {
  const { cases, rounds, effort, atMost } = plan
  const clientsOf = plan.clients ?? ((of) => Object.keys(of.clients))
  const results = cases.map((each) => resultFor(each, clientsOf(each)))
  const took = cases.map(() => 0)
  const started = now()
  for (let round = 1; round <= rounds; round++) {
    for (const [index, each] of cases.entries()) {
      if (round > (each.maxRounds ?? rounds)) continue
      const began = now()
      if (began - started + took[index]! > atMost) continue
      for (const result of inTurn(each, results[index]!.clients, round)) {
        if (watcher.isStopped() || now() - started > atMost) return results
        watcher.begins(round, each.name, result.client)
        try {
          result.samples.push(await each.clients[result.client]!(effort))
        } catch (error) {
          if (watcher.isStopped()) return results
          result.samples.push(null)
          result.failures.push(whyOf(error))
        }
      }
      took[index] = now() - began
      watcher.measured(results)
    }
  }
  return results
}

/** Another one begins in each round: who comes first or last is not always met by the same load of the machine. */
function inTurn(of: BenchCase, clients: readonly ClientResult[], round: number): ClientResult[] {
  const first = (round - 1) % Math.max(1, clients.length)
  const turned = [...clients.slice(first), ...clients.slice(0, first)]
  return round === 1 ? turned : turned.filter(({ client }) => of.onceOnly?.includes(client) !== true)
}

/** What a script that failed wrote says more than that it failed. Node shows the line of the source first. */
function whyOf(error: unknown): string {
  const { message, stderr } = error as { message?: string; stderr?: string }
  const line = (stderr ?? '').split('\n').find((each) => /^\w*Error\b.*:/.test(each))
  return line?.trim() ?? message?.split('\n')[0] ?? String(error)
}
