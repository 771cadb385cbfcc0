import { runScript } from '../child.ts'
import type { Sample } from '../measure.ts'

/** ms: a million requests take a minute to get in line on a busy machine. */
const TIMEOUT = 300_000

/** Runs a script of this folder, with its job as JSON, in a process of its own; its sample is what it writes. */
export async function runJob(script: string, job: object, flags: readonly string[] = []): Promise<Sample> {
  const written = await runScript(`scale/${script}`, [JSON.stringify(job)], flags, { timeout: TIMEOUT })
  return JSON.parse(written) as Sample
}
