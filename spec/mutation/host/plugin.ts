import { readFileSync, writeFileSync } from 'node:fs'
import { registerHooks } from 'node:module'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Case } from './cases.ts'
import { Meter } from './meter.ts'
import { specsOf, type SuiteName } from '../suites.ts'
import { type CaseEnd, catchStray, runCase } from './run-case.ts'

// Of Stryker's interface for test runners, what is used here.
interface DryRunResult {
  readonly status: 'complete'
  readonly tests: readonly {
    readonly id: string
    readonly name: string
    readonly status: 0 | 1
    readonly failureMessage?: string
    readonly timeSpentMs: number
  }[]
  readonly mutantCoverage: Meter['mutantCoverage']
}

interface MutantRunOptions {
  readonly testFilter?: readonly string[]
  readonly activeMutant: { readonly id: string }
  /** 'static': the mutant is in code that runs when its module is loaded. */
  readonly mutantActivation: 'static' | 'runtime'
}

type MutantRunResult =
  | { readonly status: 'survived'; readonly nrOfTests: number }
  | { readonly status: 'timeout' }
  | {
      readonly status: 'killed'
      readonly nrOfTests: number
      readonly killedBy: readonly string[]
      readonly failureMessage: string
    }

const SUITE = process.env['MUTATION_SUITE'] as SuiteName

/**
 * Cases that do more than this are left out: they fill something to its limit, and take as long as all others
 * together. What they show must be shown by a cheaper one, too.
 */
const MOST_WORK = 4_000_000

/** What a mutant may do more than the original before it counts as endless: so many times the work, and this much. */
const FACTOR = 10
const ALLOWANCE = 200_000

/** What the dry run leaves for the processes after it, in the folder of the run. */
const WORK = `${SUITE}-work.json`

/** What specs get instead. */
const STAND_INS = new Map(['vitest', 'fast-check'].map((name) => [name, urlOf(name)]))

function urlOf(name: string): string {
  return pathToFileURL(join(import.meta.dirname, `${name}.ts`)).href
}

/** Runs specs in this process, for one mutant after the other. */
class SpecRunner {
  readonly #meter = new Meter()
  #work: Record<string, number> | null = null
  #cases: readonly Case[] | null = null
  /** No mutant has been killed in this process. */
  #isFresh = true
  #isSpoilt = false

  constructor() {
    // The name that instrumented code knows.
    Object.assign(globalThis, { __stryker__: this.#meter })
    registerHooks({
      resolve: (specifier, context, next) => {
        const url = STAND_INS.get(specifier)
        if (url === undefined || url === context.parentURL) return next(specifier, context)
        return { url, format: 'module-typescript', shortCircuit: true }
      },
    })
    catchStray()
  }

  /** Loaded code stays loaded: Stryker starts a new process where it must not be. */
  capabilities(): { reloadEnvironment: boolean } {
    return { reloadEnvironment: false }
  }

  async dryRun(): Promise<DryRunResult> {
    const tests: DryRunResult['tests'][number][] = []
    const work: Record<string, number> = {}
    for (const each of await this.#load()) {
      this.#meter.currentTestId = each.name
      const started = performance.now()
      const end = await runCase(each, this.#meter, Infinity)
      this.#meter.currentTestId = undefined
      work[each.name] = this.#meter.asked
      const failed =
        end.kind === 'passed' ? null : { failureMessage: end.kind === 'failed' ? end.why : end.kind }
      const timeSpentMs = performance.now() - started
      tests.push({ id: each.name, name: each.name, status: failed === null ? 0 : 1, ...failed, timeSpentMs })
    }
    writeFileSync(WORK, JSON.stringify(work))
    return { status: 'complete', tests, mutantCoverage: this.#meter.mutantCoverage }
  }

  async mutantRun({
    testFilter,
    activeMutant,
    mutantActivation,
  }: MutantRunOptions): Promise<MutantRunResult> {
    if (this.#isSpoilt) throw new Error('an earlier mutant has left something behind')
    const isStatic = mutantActivation === 'static'
    if (isStatic) this.#meter.active = activeMutant.id
    const all = await this.#load()
    const work = this.#readWork()
    const wanted = testFilter === undefined ? null : new Set(testFilter)
    // The cheapest first: a mutant is dead at the first case that fails.
    const chosen = all
      .filter(({ name }) => (wanted === null || wanted.has(name)) && work[name]! <= MOST_WORK)
      .toSorted((a, b) => work[a.name]! - work[b.name]!)
    let nrOfTests = 0
    for (const each of chosen) {
      nrOfTests++
      this.#meter.active = activeMutant.id
      const end = await runCase(each, this.#meter, FACTOR * work[each.name]! + ALLOWANCE)
      if (end.kind === 'passed') continue
      if (!isStatic) await this.#verify(each)
      this.#isFresh = false
      return verdict(each, end, nrOfTests)
    }
    this.#meter.active = undefined
    return { status: 'survived', nrOfTests }
  }

  /** How much each case does without a mutant. */
  #readWork(): Record<string, number> {
    this.#work ??= JSON.parse(readFileSync(WORK, 'utf8')) as Record<string, number>
    return this.#work
  }

  /**
   * A case that fails with a mutant must pass without it. If not, this mutant or one before has left something behind,
   * and the process is not fit to judge any more: Stryker tries again in a new one, where the first is believed.
   */
  async #verify(each: Case): Promise<void> {
    this.#meter.active = undefined
    const end = await runCase(each, this.#meter, Infinity)
    if (end.kind === 'passed') return
    this.#isSpoilt = true
    if (!this.#isFresh) throw new Error(`${each.name} fails without a mutant: ${JSON.stringify(end)}`)
  }

  async #load(): Promise<readonly Case[]> {
    if (this.#cases === null) {
      for (const path of specsOf(SUITE)) await import(`../../${path}`)
      const { cases } = await import('./cases.ts')
      this.#cases = cases
    }
    return this.#cases
  }
}

function verdict({ name }: Case, end: CaseEnd, nrOfTests: number): MutantRunResult {
  if (end.kind !== 'failed') return { status: 'timeout' }
  return { status: 'killed', nrOfTests, killedBy: [name], failureMessage: end.why }
}

export const strykerPlugins: readonly object[] = [
  { kind: 'TestRunner', name: 'specs', injectableClass: SpecRunner },
]
