import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { availableParallelism, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import type { Guard } from './guard.ts'
import { GUARDS } from './guards.ts'

/**
 * Takes each guard away, in a copy of the project in the system's folder for temporary files, and runs its spec,
 * which must fail: `node spec/security/without-guards.ts [part of a name or file]`. Exit code 1 where one does not.
 */

const ROOT = resolve(import.meta.dirname, '../..')
const COPIED = ['lib', 'spec', 'package.json', 'tsconfig.json', 'vitest.config.ts']
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

/** A copy of the project, in which one thing at a time is broken. */
class Copy {
  readonly #folder = mkdtempSync(join(tmpdir(), 'trawl-guards-'))

  constructor() {
    for (const name of COPIED) cpSync(join(ROOT, name), join(this.#folder, name), { recursive: true })
    symlinkSync(join(ROOT, 'node_modules'), join(this.#folder, 'node_modules'))
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  /** '' when the spec fails without the guard; else what is wrong. */
  async check(guard: Guard): Promise<string> {
    const path = join(this.#folder, guard.file)
    const text = readFileSync(path, 'utf8')
    if (!text.includes(guard.find)) return `the guard is not in ${guard.file} any more: ${guard.find}`
    writeFileSync(
      path,
      text.replaceAll(guard.find, () => guard.replace),
    )
    try {
      const { spec, only } = guard
      const filter = only === undefined ? [] : ['-t', only.replaceAll(/[$()*+.?[\\\]^{|}]/g, String.raw`\$&`)]
      const report = await this.run([spec], TEST_TIME.broken, ['--bail=1', ...filter])
      if (report === null) return `${guard.spec} did not end, or did not begin`
      if (report.numFailedTests > 0) return ''
      const reason = report.testResults
        .map(({ message }) => message)
        .join(' ')
        .slice(0, 300)
      const ran = `${report.numPassedTests} specs passed`
      return `${guard.spec} does not fail without it: ${ran}${reason === '' ? '' : `; ${reason}`}`
    } finally {
      writeFileSync(path, text)
    }
  }

  async run(specs: readonly string[], time: number, more: readonly string[] = []): Promise<Report | null> {
    const output = join(this.#folder, 'report.json')
    rmSync(output, { force: true })
    const options = [
      'run',
      '--project=unit',
      `--testTimeout=${time}`,
      '--reporter=json',
      `--outputFile=${output}`,
      ...more,
    ]
    const vitest = join(ROOT, 'node_modules/vitest/vitest.mjs')
    const child = spawn(process.execPath, [vitest, ...options, ...specs], {
      cwd: this.#folder,
      stdio: 'ignore',
    })
    const timer = setTimeout(() => child.kill('SIGKILL'), TIME)
    await once(child, 'close')
    clearTimeout(timer)
    try {
      return JSON.parse(readFileSync(output, 'utf8')) as Report
    } catch {
      return null
    }
  }
}

/** What is wrong, a line each. */
async function checkAll(guards: readonly Guard[]): Promise<string[]> {
  const wrong: string[] = []
  const copies = Array.from({ length: WORKERS }, () => new Copy())
  try {
    const specs = [...new Set(guards.map(({ spec }) => spec))]
    // A spec that fails anyway would prove nothing.
    const whole = await copies[0]!.run(specs, TEST_TIME.whole)
    if (whole === null) return ['the specs do not run, or do not end, with all guards in place']
    const failed = whole.testResults.filter(({ status }) => status !== 'passed').map(({ name }) => name)
    if (failed.length > 0) return [`with all guards in place fail: ${failed.join(' ')}`]
    const left = [...guards]
    const work = async (copy: Copy): Promise<void> => {
      for (let guard = left.shift(); guard !== undefined; guard = left.shift()) {
        const problem = await copy.check(guard)
        console.log(`${problem === '' ? 'caught' : 'MISSED'}  ${guard.file}: ${guard.name}`)
        if (problem !== '') wrong.push(`${guard.file}: ${guard.name}: ${problem}`)
      }
    }
    await Promise.all(copies.map(work))
  } finally {
    for (const copy of copies) copy.remove()
  }
  return wrong
}

const [wanted = ''] = process.argv.slice(2)
const chosen = GUARDS.filter(({ name, file }) => `${file}: ${name}`.includes(wanted))
const start = performance.now()
const wrong = await checkAll(chosen)
const seconds = Math.round((performance.now() - start) / 1_000)
console.log(`${chosen.length} guards taken away in ${seconds} s, ${wrong.length} not missed by their specs`)
for (const line of wrong) console.error(line)
process.exitCode = chosen.length === 0 || wrong.length > 0 ? 1 : 0
