import { readFileSync } from 'node:fs'

interface Place {
  readonly line: number
  /** Counted from 1. */
  readonly column: number
}

interface Mutant {
  readonly status: string
  readonly replacement?: string
  readonly location: { readonly start: Place; readonly end: Place }
}

interface Results {
  readonly files: Record<string, { readonly source: string; readonly mutants: readonly Mutant[] }>
}

/** A mutant that no spec tells from the original. */
export interface Survivor {
  readonly file: string
  readonly line: number
  /** The whole line, trimmed. */
  readonly text: string
  /** What of it is replaced, and by what; both on one line, and cut. */
  readonly from: string
  readonly to: string
  readonly covered: boolean
}

export interface Tally {
  killed: number
  timeout: number
  survived: number
  uncovered: number
}

export interface MutationReport {
  readonly tallies: ReadonlyMap<string, Tally>
  readonly survivors: readonly Survivor[]
}

export function readReport(paths: readonly string[]): MutationReport {
  const tallies = new Map<string, Tally>()
  const survivors: Survivor[] = []
  for (const path of paths) {
    const { files } = JSON.parse(readFileSync(path, 'utf8')) as Results
    for (const [file, { source, mutants }] of Object.entries(files)) {
      const tally: Tally = { killed: 0, timeout: 0, survived: 0, uncovered: 0 }
      tallies.set(file, tally)
      for (const mutant of mutants) {
        if (count(tally, mutant.status)) survivors.push(survivorOf(file, source, mutant))
      }
    }
  }
  return { tallies, survivors }
}

/** Of all mutants, those that were noticed; in percent. */
export function score(tallies: Iterable<Tally>): number {
  let noticed = 0
  let all = 0
  for (const { killed, timeout, survived, uncovered } of tallies) {
    noticed += killed + timeout
    all += killed + timeout + survived + uncovered
  }
  return (100 * noticed) / all
}

/** How it stands in survivors.md: without its place, which moves with every change. */
export function lineOf({ file, text, from, to }: Survivor): string {
  return `${file} | ${text} | ${from} => ${to}`
}

/** Whether it lives. */
function count(tally: Tally, status: string): boolean {
  switch (status) {
    case 'Killed':
      tally.killed++
      return false
    case 'Timeout':
      tally.timeout++
      return false
    case 'Survived':
      tally.survived++
      return true
    case 'NoCoverage':
      tally.uncovered++
      return true
    default:
      throw new Error(`a mutant is ${status}: the run could not judge it, see what it printed`)
  }
}

function survivorOf(file: string, source: string, { status, replacement = '', location }: Mutant): Survivor {
  const { start, end } = location
  const lines = source.split('\n').slice(start.line - 1, end.line)
  const text = lines[0]!.trim()
  lines[lines.length - 1] = lines.at(-1)!.slice(0, end.column - 1)
  lines[0] = lines[0]!.slice(start.column - 1)
  const from = short(lines.join(' '))
  return { file, line: start.line, text, from, to: short(replacement), covered: status === 'Survived' }
}

function short(text: string): string {
  const flat = text.replaceAll(/\s+/g, ' ')
  return flat.length > 70 ? `${flat.slice(0, 70)}...` : flat
}
