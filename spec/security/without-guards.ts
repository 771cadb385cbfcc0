import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, rmSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { ProjectCopy } from '../project-copy.ts'
import { Script } from '../script.ts'
import type { Guard } from './guard.ts'
import { GUARDS } from './guards.ts'

// Takes each guard away, in a copy of the project in the system's folder for temporary files, and runs its spec,
// which must fail. Exit code 1 where one does not.

const script = new Script(`npm run guards -- [word ...]

  word ...   only the guards with all of these in their file and name`)

/** ms for one run. A spec that never ends has not said what is wrong. */
const TIME = 180_000
/** ms for one test: without its guard many a one waits in vain; on a busy machine all take their time. */
const TEST_TIME = { whole: 60_000, broken: 20_000 }
const WORKERS = Math.max(2, Math.min(4, availableParallelism()))

/** What vitest says of a run, as far as it matters. */
interface Report {
  readonly numFailedTests: number
  readonly numPassedTests: number
  readonly testResults: readonly {
    readonly name: string
    readonly status: string
    readonly message: string
  }[]
}

/** '' when the spec fails without the guard; else what is wrong. */
async function check(copy: ProjectCopy, { file, find, replace, spec, only }: Guard): Promise<string> {
  let isThere = false
  await copy.change(file, (text) => {
    isThere = text.includes(find)
    return text.replaceAll(find, () => replace)
  })
  if (!isThere) return `the guard is not in ${file} any more: ${find}`
  try {
    const filter = only === undefined ? [] : ['-t', only.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)]
    const report = await runSpecs(copy, [spec], TEST_TIME.broken, ['--bail=1', ...filter])
    if (report === null) return `${spec} did not end, or did not begin`
    if (report.numFailedTests > 0) return ''
    const reason = report.testResults
      .map(({ message }) => message)
      .join(' ')
      .slice(0, 300)
    const ran = `${report.numPassedTests} specs passed`
    return `${spec} does not fail without it: ${ran}${reason === '' ? '' : `; ${reason}`}`
  } finally {
    await copy.restore()
  }
}

/** null: they did not begin, or not end. */
async function runSpecs(
  { path }: ProjectCopy,
  specs: readonly string[],
  time: number,
  more: readonly string[] = [],
): Promise<Report | null> {
  const output = join(path, 'report.json')
  rmSync(output, { force: true })
  const options = [
    'run',
    '--project=unit',
    `--testTimeout=${time}`,
    '--reporter=json',
    `--outputFile=${output}`,
    ...more,
  ]
  const vitest = join(path, 'node_modules/vitest/vitest.mjs')
  const child = spawn(process.execPath, [vitest, ...options, ...specs], { cwd: path, stdio: 'ignore' })
  const timer = setTimeout(() => child.kill('SIGKILL'), TIME)
  await once(child, 'close')
  clearTimeout(timer)
  try {
    return JSON.parse(readFileSync(output, 'utf8')) as Report
  } catch {
    return null
  }
}

/** What is wrong, a line each. */
async function checkAll(guards: readonly Guard[]): Promise<string[]> {
  const wrong: string[] = []
  const copies = await Promise.all(Array.from({ length: WORKERS }, () => ProjectCopy.make()))
  try {
    const specs = [...new Set(guards.map(({ spec }) => spec))]
    // A spec that fails anyway would prove nothing.
    const whole = await runSpecs(copies[0]!, specs, TEST_TIME.whole)
    if (whole === null) return ['the specs do not run, or do not end, with all guards in place']
    const failed = whole.testResults.filter(({ status }) => status !== 'passed').map(({ name }) => name)
    if (failed.length > 0) return [`with all guards in place fail: ${failed.join(' ')}`]
    const left = [...guards]
    const work = async (copy: ProjectCopy): Promise<void> => {
      for (let guard = left.shift(); guard !== undefined; guard = left.shift()) {
        const problem = await check(copy, guard)
        console.log(`${problem === '' ? 'caught' : 'MISSED'}  ${guard.file}: ${guard.name}`)
        if (problem !== '') wrong.push(`${guard.file}: ${guard.name}: ${problem}`)
      }
    }
    await Promise.all(copies.map(work))
  } finally {
    for (const copy of copies) await copy.remove()
  }
  return wrong
}

const { positionals } = script.read({ allowPositionals: true })
const chosen = GUARDS.filter(({ name, file }) =>
  positionals.every((word) => `${file}: ${name}`.includes(word)),
)
if (chosen.length === 0) script.refuse(`no guard is called "${positionals.join(' ')}"`)
const start = performance.now()
const wrong = await checkAll(chosen)
const seconds = Math.round((performance.now() - start) / 1_000)
console.log(`${chosen.length} guards taken away in ${seconds} s, ${wrong.length} not missed by their specs`)
for (const line of wrong) console.error(line)
process.exitCode = wrong.length > 0 ? 1 : 0
