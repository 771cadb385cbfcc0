import { timeLeft, type ProgressState } from './progress-counts.ts'
import { formatBytes, formatCount, formatDuration, formatRate } from './quantities.ts'

/** One of the figures of a line. */
export interface LinePart {
  readonly text: string
  /** 0 to 8: higher ones go first when there is no room. */
  readonly rank: number
}

const RANKS = 9

/** All on one line of at most `width` columns: what matters least goes first when there is no room. */
export function liveLine(state: ProgressState, width: number): string {
  return fitParts([...figures(state), ...etaPart(state)], width)
}

/** The same for logs and pipes, whole. */
export function plainLine(state: ProgressState): string {
  return [...figures(state), ...etaPart(state)].map((part) => part.text).join(', ')
}

/** As many parts as there is room for; the first one always, as much of it as there is room for. */
export function fitParts(parts: readonly LinePart[], width: number): string {
  for (let keep = RANKS; keep > 0; keep--) {
    const line = parts
      .filter((part) => part.rank < keep)
      .map((part) => part.text)
      .join('  ')
    if (line.length <= width) return line
  }
  return parts[0]!.text.slice(0, Math.max(0, width))
}

/** What is done, and how; without the end. */
export function figures(state: ProgressState): LinePart[] {
  const { ok, failed, retrying, connections, pausedTargets } = state
  const parts = [
    { text: doneText(state), rank: 0 },
    { text: `${formatCount(ok)} ok`, rank: 4 },
    { text: `${formatCount(failed)} failed`, rank: 1 },
  ]
  if (retrying > 0) parts.push({ text: `${formatCount(retrying)} retrying`, rank: 7 })
  parts.push(
    { text: `${formatRate(state.donePerSecond)} req/s`, rank: 3 },
    { text: `${formatBytes(state.bytesPerSecond)}/s`, rank: 5 },
    { text: `${formatCount(connections)} conn`, rank: 8 },
  )
  if (pausedTargets > 0) parts.push({ text: `${formatCount(pausedTargets)} paused`, rank: 6 })
  return parts
}

/** When all will be done; empty where that cannot be told. */
export function etaPart(state: ProgressState): LinePart[] {
  const left = timeLeft(state)
  return left < 0 ? [] : [{ text: `ETA ${formatDuration(left).replace(/\.0 s$/u, ' s')}`, rank: 2 }]
}

export function doneText({ done, total }: ProgressState): string {
  return total < 0 ? `${formatCount(done)} done` : `${formatCount(done)}/${formatCount(total)}`
}
