// Proves that the simulation's checkers bite: each fault is planted in a copy of the project, must be caught within
// these seeds, and is taken back before the next; as many copies as there are cores.
import { execFile } from 'node:child_process'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ProjectCopy } from '../../project-copy.ts'
import { Script } from '../../script.ts'
import { BOUNDS } from './bounds.ts'
import { CALLS } from './calls.ts'
import { CAPS } from './caps.ts'
import { EXCHANGES } from './exchanges.ts'
import { plant, type Break } from './plant.ts'

const script = new Script(`npm run sim:breaks -- [--seeds 1..2000] [word ...]

  word ...   only the faults with all of these in their names`)

/** Lived through before the first fault is planted. */
const SOUND_SEEDS = '1..60'
/** ms for one fault. */
const MAX_TIME = 300_000

interface Run {
  readonly failed: boolean
  readonly text: string
}

/** Lives through the worlds of the copy. */
async function simulate(copy: ProjectCopy, seeds: string): Promise<Run> {
  const args = [join(copy.path, 'spec/sim/run.ts'), '--seeds', seeds, '--workers', '1', '--no-shrink']
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, {
      cwd: copy.path,
      timeout: MAX_TIME,
    })
    return { failed: false, text: stdout }
  } catch (error) {
    const { code, stdout, stderr } = error as { code?: number; stdout: string; stderr: string }
    // 1: a world failed. Anything else is no verdict on the fault.
    if (code === 1 && /^seed \d+ failed:$/m.test(stdout)) return { failed: true, text: stdout }
    throw new Error(`the simulation has not run: ${stderr || String(error)}`, { cause: error })
  }
}

/** The seed that failed, and what was wrong. */
function found(text: string): { seed: string; wrong: string } {
  const [, seed = '', wrong = ''] = /^seed (\d+) failed:\n {2}(.*)$/m.exec(text) ?? []
  return { seed, wrong: wrong.slice(0, 150) }
}

async function simulateWith(copy: ProjectCopy, each: Break, seeds: string): Promise<Run> {
  await plant(copy, each)
  try {
    return await simulate(copy, seeds)
  } finally {
    await copy.restore()
  }
}

/** Whether it was caught. */
async function tryBreak(copy: ProjectCopy, each: Break, seeds: string): Promise<boolean> {
  const { failed, text } = await simulateWith(copy, each, seeds)
  if (!failed) {
    console.log(`NOT CAUGHT  ${each.name}`)
    return false
  }
  const { seed, wrong } = found(text)
  console.log(`caught  ${each.name} | seed ${seed}: ${wrong}`)
  await mustBeSound(copy, `${seed}..${seed}`)
  return true
}

/** The code as it is passes these seeds: otherwise their failing shows nothing. */
async function mustBeSound(copy: ProjectCopy, seeds: string): Promise<void> {
  const { failed, text } = await simulate(copy, seeds)
  if (!failed) return
  const { seed, wrong } = found(text)
  throw new Error(`seed ${seed} fails without any fault: ${wrong}`)
}

const { values, positionals } = script.read({
  options: { seeds: { type: 'string', default: '1..2000' } },
  allowPositionals: true,
})
const all = [...EXCHANGES, ...CALLS, ...BOUNDS, ...CAPS]
const breaks = all.filter(({ name }) => positionals.every((word) => name.includes(word)))
if (breaks.length === 0) script.refuse(`no fault is called "${positionals.join(' ')}"`)
let caught = 0

/** Takes one fault after another, in a copy of its own. */
async function work(queue: Iterator<Break>): Promise<void> {
  const copy = await ProjectCopy.make()
  try {
    for (let next = queue.next(); next.done !== true; next = queue.next()) {
      if (await tryBreak(copy, next.value, values.seeds)) caught++
    }
  } finally {
    await copy.remove()
  }
}

const sound = await ProjectCopy.make()
try {
  await mustBeSound(sound, SOUND_SEEDS)
} finally {
  await sound.remove()
}
const queue = breaks.values()
await Promise.all(Array.from({ length: availableParallelism() }, () => work(queue)))
console.log(`${caught} of ${breaks.length} faults caught within seeds ${values.seeds}`)
process.exitCode = caught === breaks.length ? 0 : 1
