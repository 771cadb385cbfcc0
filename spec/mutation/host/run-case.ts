import type { Case } from './cases.ts'
import { type Meter, Runaway } from './meter.ts'

/** Turns of the event loop without any work in the mutated code: then nobody settles the case any more. */
const IDLE_TURNS = 50_000

export type CaseEnd = { kind: 'passed' } | { kind: 'failed'; why: string } | { kind: 'endless' }

const passed: CaseEnd = { kind: 'passed' }
let stray: { error: unknown } | null = null

function onStray(error: unknown): void {
  stray ??= { error }
}

/** What nobody handles fails the case that runs. */
export function catchStray(): void {
  process.on('unhandledRejection', onStray)
  process.on('uncaughtException', onStray)
}

/** Runs a case with at most `limit` questions to the meter. */
export async function runCase({ body }: Case, meter: Meter, limit: number): Promise<CaseEnd> {
  stray = null
  meter.asked = 0
  meter.limit = limit
  let end: CaseEnd
  try {
    end = await settled(body(), meter)
    // Rejections are told of at the end of a turn.
    await new Promise(setImmediate)
  } catch (error) {
    end = failure(error)
  }
  const runaway = meter.asked > limit
  meter.limit = Infinity
  if (runaway) return { kind: 'endless' }
  const last = stray as { error: unknown } | null
  return end.kind === 'passed' && last !== null ? failure(last.error) : end
}

function failure(error: unknown): CaseEnd {
  if (error instanceof Runaway) return { kind: 'endless' }
  return { kind: 'failed', why: error instanceof Error ? error.message : String(error) }
}

async function settled(result: unknown, meter: Meter): Promise<CaseEnd> {
  if (!(result instanceof Promise)) return passed
  const state = { over: false }
  const done = result.finally(() => {
    state.over = true
  })
  done.catch(() => {})
  let idle = 0
  let { asked } = meter
  while (!state.over && idle < IDLE_TURNS) {
    await new Promise(setImmediate)
    idle = meter.asked === asked ? idle + 1 : 0
    ;({ asked } = meter)
  }
  if (state.over) await done
  // What was thrown where nobody waits for it may be why: then that is told.
  else if (stray === null) return { kind: 'endless' }
  return passed
}
