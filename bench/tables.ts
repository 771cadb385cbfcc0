import type { Measured } from './compare.ts'

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/** A Markdown table, columns aligned, the first to the left and the others to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

/** All loads of one shape, the cheapest first. */
export function speedTable(group: readonly Measured[]): string {
  const { connections, depth } = group[0]!
  const cpuOf = (load: string): number => {
    const found = group.find((each) => each.load === load)
    return found === undefined ? NaN : median(found.results.map((result) => result.cpuMicroseconds))
  }
  const rows = group
    .toSorted((a, b) => cpuOf(a.load) - cpuOf(b.load))
    .map(({ load, results }) => {
      const cpu = results.map((result) => result.cpuMicroseconds)
      return [
        load,
        cpuOf(load).toFixed(1),
        `${Math.min(...cpu).toFixed(1)} to ${Math.max(...cpu).toFixed(1)}`,
        Math.round(median(results.map((result) => result.requestsPerSecond))).toLocaleString('en'),
        (cpuOf(load) / cpuOf('undici request')).toFixed(2),
        (cpuOf(load) / cpuOf('undici dispatch')).toFixed(2),
        String(Math.max(...results.map((result) => result.connectionsSeen))),
      ]
    })
  const head = [
    'client',
    'CPU us',
    'range',
    'requests/s',
    'to undici request',
    'to undici dispatch',
    'connections',
  ]
  const title = `${connections === 1 ? '1 connection' : `${connections} connections`}, depth ${depth}`
  return `### ${title}\n\n${table(head, rows)}`
}
