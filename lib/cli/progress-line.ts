import { formatBytes, formatCount, formatDuration, formatRate } from './quantities.ts'

/** How far a run is. */
export interface ProgressState {
  readonly done: number
  /** All items of the list; -1 while that is not known. */
  readonly total: number
  readonly ok: number
  readonly failed: number
  readonly connections: number
  readonly donePerSecond: number
  readonly bytesPerSecond: number
}

/** Ranks of the parts of a line, 0 to 6: higher ones go first. */
const RANKS = 7
/** Narrower terminals get no bar: it would come and go with the numbers' lengths. */
const WIDTH_FOR_BAR = 99
const MIN_BAR = 8
const MAX_BAR = 30

/** One line of at most `width` columns: what matters least goes first when there is no room. */
export function liveLine(state: ProgressState, width: number): string {
  const parts = liveParts(state)
  for (let keep = RANKS; keep > 0; keep--) {
    const line = parts
      .filter((part) => part.rank < keep)
      .map((part) => part.text)
      .join('  ')
    if (line.length > width) continue
    const room = Math.min(MAX_BAR, width - line.length - 3)
    const withBar = state.total > 0 && width >= WIDTH_FOR_BAR && room >= MIN_BAR
    return withBar ? `${bar(state.done / state.total, room)} ${line}` : line
  }
  return parts[0]!.text.slice(0, Math.max(0, width))
}

/** The same for logs and pipes, whole and without a bar. */
export function plainLine(state: ProgressState): string {
  return liveParts(state)
    .map((part) => part.text)
    .join(', ')
}

function liveParts(state: ProgressState): { text: string; rank: number }[] {
  const parts = [
    { text: doneText(state), rank: 0 },
    { text: `${formatCount(state.ok)} ok`, rank: 4 },
    { text: `${formatCount(state.failed)} failed`, rank: 1 },
    { text: `${formatRate(state.donePerSecond)} req/s`, rank: 3 },
    { text: `${formatBytes(state.bytesPerSecond)}/s`, rank: 5 },
    { text: `${formatCount(state.connections)} conn`, rank: 6 },
  ]
  const left = state.total - state.done
  if (state.total > 0 && left > 0 && state.donePerSecond > 0) {
    const eta = formatDuration(Math.ceil(left / state.donePerSecond) * 1000)
    parts.push({ text: `ETA ${eta.replace(/\.0 s$/u, ' s')}`, rank: 2 })
  }
  return parts
}

function doneText(state: ProgressState): string {
  if (state.total < 0) return `${formatCount(state.done)} done`
  return `${formatCount(state.done)}/${formatCount(state.total)}`
}

function bar(fraction: number, width: number): string {
  const full = Math.floor(Math.min(1, fraction) * width)
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}]`
}
