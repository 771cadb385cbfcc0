import { setTimeout as wait } from 'node:timers/promises'
import { LOADS } from './loads.ts'

/** One case, in a process of its own: warms up, measures, writes its numbers as JSON, and ends. */
export interface CaseOptions {
  readonly load: string
  readonly origin: string
  readonly path: string
  readonly bodySize: number
  readonly connections: number
  readonly depth: number
  /** Milliseconds. */
  readonly warmUp: number
  readonly measure: number
}

export interface CaseResult {
  /** Client CPU, user and system, for one request. */
  readonly cpuMicroseconds: number
  readonly requestsPerSecond: number
}

/** Answers after which the code has been compiled; on a busy machine the time alone does not say so. */
const WARM_ANSWERS = 5_000
const WARM_UP_PARTS = 4

async function run(options: CaseOptions): Promise<CaseResult> {
  let answers = 0
  let goOn = true
  const tick = (): boolean => {
    answers++
    return goOn
  }
  const load = LOADS[options.load]
  if (load === undefined) throw new Error(`no load is called ${options.load}`)
  const running = load({ ...options, tick })
  // A load that fails ends the case at once, not at the end of the measured time.
  for (let part = 1; part <= WARM_UP_PARTS; part++) {
    await Promise.race([wait(options.warmUp), running])
    if (answers >= WARM_ANSWERS) break
  }
  const before = { answers, cpu: process.cpuUsage(), time: performance.now() }
  await Promise.race([wait(options.measure), running])
  const cpu = process.cpuUsage(before.cpu)
  const seconds = (performance.now() - before.time) / 1_000
  const count = answers - before.answers
  goOn = false
  await running
  return { cpuMicroseconds: (cpu.user + cpu.system) / count, requestsPerSecond: count / seconds }
}

const result = await run(JSON.parse(process.argv[2]!) as CaseOptions)
process.stdout.write(JSON.stringify(result))
process.exit(0)
