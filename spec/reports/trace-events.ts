/** An event of Chrome's trace format. */
export interface TraceEvent {
  readonly ph: 'M' | 'X' | 'B' | 'E' | 'b' | 'e' | 'C'
  readonly pid: number
  readonly tid?: number
  readonly name: string
  /** Microseconds. */
  readonly ts: number
  readonly dur?: number
  readonly id?: string
  readonly cat?: string
  readonly args?: Readonly<Record<string, string | number>>
}

/** One row as a viewer shows it: of which process, its name, and its slices in order. */
export interface ShownRow {
  readonly process: string
  readonly row: string
  readonly slices: readonly TraceEvent[]
}

/** The rows that have slices, in the order in which they are shown. */
export function rowsOf(events: readonly TraceEvent[]): ShownRow[] {
  const named = events.filter(({ name }) => name === 'thread_name')
  return named
    .map(({ pid, tid, args }) => ({
      process: nameOf(events, pid),
      row: String(args!['name']),
      slices: events
        .filter((event) => event.ph === 'X' && event.pid === pid && event.tid === tid)
        .toSorted((a, b) => a.ts - b.ts),
    }))
    .filter(({ slices }) => slices.length > 0)
}

/** The last value of a counter of each process. */
export function countersOf(events: readonly TraceEvent[], name: string): Record<string, unknown> {
  const found = events.filter((event) => event.ph === 'C' && event.name === name)
  const sorted = found.toSorted((a, b) => a.ts - b.ts)
  return Object.fromEntries(sorted.map(({ pid, args }) => [nameOf(events, pid), args]))
}

function nameOf(events: readonly TraceEvent[], pid: number): string {
  const named = events.find((event) => event.name === 'process_name' && event.pid === pid)
  return String(named?.args?.['name'])
}

/**
 * What viewers would show wrongly: slices of one row that overlap and do not lie within one another, in the
 * order of time and, where that is equal, of the file; async ones that are unpaired.
 */
export function faultsOf(events: readonly TraceEvent[]): string[] {
  const faults: string[] = []
  const rows = Map.groupBy(
    events.filter(({ ph }) => ph === 'X' || ph === 'B' || ph === 'E'),
    ({ pid, tid }) => `${pid}/${tid}`,
  )
  for (const [row, slices] of rows) {
    const ends: number[] = []
    for (const { ph, ts, dur, name } of slices.toSorted((a, b) => a.ts - b.ts)) {
      while (ends.length > 0 && ends.at(-1)! <= ts) ends.pop()
      if (ph === 'E') {
        if (ends.pop() !== Infinity) faults.push(`${row}: an end without its begin, at ${ts}`)
        continue
      }
      const end = ph === 'B' ? Infinity : ts + dur!
      if (ts < 0 || end < ts) faults.push(`${row}: ${name} has no time`)
      if (ends.length > 0 && ends.at(-1)! < end) faults.push(`${row}: ${name} at ${ts} ends after its parent`)
      ends.push(end)
    }
  }
  const lanes = Map.groupBy(
    events.filter(({ ph }) => ph === 'b' || ph === 'e'),
    ({ cat, id }) => `${cat}/${id}`,
  )
  for (const [lane, marks] of lanes) {
    const order = marks.toSorted((a, b) => a.ts - b.ts).map(({ ph }) => ph)
    if (!/^(?:be)*$/.test(order.join(''))) faults.push(`${lane}: ${order.join('')}`)
  }
  return faults
}
