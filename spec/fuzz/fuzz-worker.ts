import { parentPort, workerData } from 'node:worker_threads'
import fc from 'fast-check'
import { BlockCoverage } from './coverage.ts'
import { checkPackedBriefly } from './decoder-oracle.ts'
import { type Fuzzer, FUZZERS, INSECURE } from './fuzzers.ts'
import { readable } from './finding.ts'
import { GuidedFuzzer } from './guided.ts'
import { wireInput } from './response-arbitrary.ts'
import { SEEDS } from './seeds.ts'
import { shrink } from './shrink.ts'
import { pack } from './wire-input.ts'

/** What the main thread asks for. */
export interface Work {
  readonly minutes: number
  readonly seed: number
  /** A fuzzer's name; '': all. */
  readonly only: string
  /** fast-check's path to one case; '': none. */
  readonly path: string
  /** Counts cases, so that the main thread sees that it goes on; behind it the length and bytes of the case under way. */
  readonly progress: SharedArrayBuffer
}

/** What it hears: a line to print, or a finding, which is the end. */
export type Word =
  | { readonly line: string }
  | { readonly finding: string; readonly replay: string }
  | { readonly done: true }

const { minutes, seed, only, path, progress } = workerData as Work
const counter = new Int32Array(progress, 0, 2)
const shown = new Uint8Array(progress, 8)
/** Cases of one fast-check run. */
const ROUND = 100
/** The guided loop's share of the time. */
const GUIDED_SHARE = 0.35

const coverage = new BlockCoverage((file) => /\/lib\/(http1|call\/coding)\//.test(file))

function say(word: Word): void {
  parentPort!.postMessage(word)
}

function mark(bytes: Uint8Array): void {
  Atomics.add(counter, 0, 1)
  const length = Math.min(bytes.length, shown.length)
  shown.set(bytes.subarray(0, length))
  Atomics.store(counter, 1, length)
}

/** false: it found something. */
async function runFuzzer(fuzzer: Fuzzer, milliseconds: number): Promise<boolean> {
  const outcomes = new Map<string, number>()
  const start = performance.now()
  let cases = 0
  const property = fuzzer.property({
    before: mark,
    after: (outcome) => {
      cases++
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    },
  })
  for (let round = 0; performance.now() - start < milliseconds; round++) {
    const details = await fc.check(property, {
      seed: (seed + round) | 0,
      numRuns: ROUND,
      ...(path === '' ? {} : { path }),
    })
    if (details.failed) {
      report(fuzzer, details)
      return false
    }
    if (path !== '') break
  }
  const seconds = (performance.now() - start) / 1_000
  const told = [...outcomes].toSorted((a, b) => b[1] - a[1]).map(([outcome, count]) => `${outcome} ${count}`)
  say({
    line: `${fuzzer.name}: ${cases} cases, ${Math.round(cases / seconds)} a second; ${told.join(' · ')}`,
  })
  return true
}

function report(fuzzer: Fuzzer, details: fc.RunDetails<[unknown]>): void {
  const value = details.counterexample![0]
  const described = fuzzer.describe(value as never)
  const error = details.errorInstance instanceof Error ? details.errorInstance : new Error('unknown')
  const after = `after ${details.numRuns} cases of seed ${details.seed}, shrunk ${details.numShrinks} times`
  const text = described === null ? fc.stringify(value) : described.text
  const replay =
    described === null
      ? `--only ${fuzzer.name} --seed ${details.seed} --path ${details.counterexamplePath}`
      : `--only ${fuzzer.name} --replay ${Buffer.from(described.bytes).toString('base64')}`
  say({ finding: `${fuzzer.name}, ${after}\n${text}\n${error.stack ?? error.message}`, replay })
}

/** false: it found something. */
function runGuided(milliseconds: number): boolean {
  const corpus = [
    ...SEEDS.map(({ bytes }) => Buffer.from(bytes, 'base64')),
    ...fc.sample(wireInput, { seed, numRuns: 60 }).map(pack),
  ]
  const guided = new GuidedFuzzer({
    seed,
    corpus,
    coverage,
    target: (input) => {
      mark(input)
      checkPackedBriefly(input)
    },
  })
  const start = performance.now()
  try {
    guided.start()
    while (performance.now() - start < milliseconds) guided.step()
  } catch (error) {
    const small = shrink(guided.current, (input) => {
      mark(input)
      return failure(input) !== null
    })
    const why = failure(small) ?? (error as Error)
    say({
      finding: `guided, after ${guided.executions} cases of seed ${seed}\n${readable(small)}\n${why.stack ?? why.message}`,
      replay: `--only guided --replay ${Buffer.from(small).toString('base64')}`,
    })
    return false
  }
  const rate = Math.round(guided.executions / ((performance.now() - start) / 1_000))
  const kept = guided.corpus.length - corpus.length
  say({
    line: `guided: ${guided.executions} cases, ${rate} a second; ${kept} kept because they entered new code`,
  })
  return true
}

function failure(input: Uint8Array): Error | null {
  try {
    checkPackedBriefly(input)
    return null
  } catch (error) {
    return error as Error
  }
}

async function main(): Promise<void> {
  const chosen = [...FUZZERS, INSECURE].filter(({ name }) =>
    only === '' ? name !== INSECURE.name : name === only,
  )
  const guided = only === '' || only === 'guided'
  const all = minutes * 60_000
  const share = guided ? (chosen.length > 0 ? GUIDED_SHARE : 1) : 0
  if (guided && !runGuided(all * share)) return
  for (const fuzzer of chosen) if (!(await runFuzzer(fuzzer, (all * (1 - share)) / chosen.length))) return
  coverage.take()
  const missed = coverage.missed()
  say({
    line: `coverage of lib/http1 and lib/call/coding: ${coverage.entered} of ${coverage.blocks} blocks entered`,
  })
  // Of one fuzzer alone it says nothing.
  if (only === '') for (const block of missed) say({ line: `  never: ${block}` })
  coverage.stop()
  say({ done: true })
}

await main()
