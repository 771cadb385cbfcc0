import type { Judgement } from './judge.ts'
import type { Metric } from './measure.ts'
import { type CaseResult, type ClientResult, ratioOf, referencesOf, spreadOf } from './results.ts'
import type { Spread } from './statistics.ts'

const HEADINGS: Readonly<Record<Metric, string>> = {
  cpu: 'CPU us',
  perSecond: 'a second',
  p50: 'p50 ms',
  p99: 'p99 ms',
  wall: 'ms in all',
  peakRss: 'peak MB',
  bytes: 'bytes',
  connections: 'connections',
}

/** A Markdown table, columns aligned, the first to the left and the others to the right. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) => Math.max(...[head, ...rows].map((row) => row[column]!.length)))
  const line = (row: readonly string[]): string =>
    `| ${row.map((cell, column) => (column === 0 ? cell.padEnd(widths[0]!) : cell.padStart(widths[column]!))).join(' | ')} |`
  const rule = widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`))
  return [line(head), line(rule), ...rows.map(line)].join('\n')
}

/** With three digits that mean something; thousands are parted. */
export function figure(value: number): string {
  const size = Math.abs(value)
  if (size >= 100) return Math.round(value).toLocaleString('en')
  return value.toFixed(size >= 10 ? 1 : 2)
}

function median(of: Spread | null): string {
  return of === null ? '' : figure(of.median)
}

/** `12.3 (11.8 to 13.0)`; only the one where the rounds agree. */
export function withRange(of: Spread | null): string {
  if (of === null) return ''
  const { lowest, highest } = of
  const range = [figure(lowest), figure(highest)]
  return range[0] === range[1] ? figure(of.median) : `${figure(of.median)} (${range.join(' to ')})`
}

/** All clients of a case, the cheapest first: medians with the lowest and the highest of the rounds. */
export function caseTable(result: CaseResult): string {
  const { metrics, clients, unit } = result
  const first = metrics[0]!
  const { peer, floor } = referencesOf(result)
  const references = [
    [`to ${shortName(peer)}`, peer],
    ['to the floor', floor],
  ] as const
  const columns = references.filter(([, client]) => client !== undefined)
  const head = [
    'client',
    ...metrics.map((metric) => (metric === 'cpu' ? `CPU us a ${unit}` : HEADINGS[metric])),
    ...columns.map(([heading]) => heading),
  ]
  const rows = sorted(clients, first).map((client) =>
    [client.client].concat(
      metrics.map((metric) => shown(client, metric)),
      columns.map(([, to]) => median(ratioOf(client, to, first))),
    ),
  )
  return table(head, rows)
}

function shown(client: ClientResult, metric: Metric): string {
  const values = spreadOf(client, metric)
  // How many there were at most is what tells whether a client kept to what it was told.
  if (metric === 'connections') return values === null ? '' : String(values.highest)
  return withRange(values)
}

/** Those without a value come last. */
function sorted(clients: readonly ClientResult[], metric: Metric): ClientResult[] {
  const key = (client: ClientResult): number => {
    const value = spreadOf(client, metric)?.median ?? Infinity
    return metric === 'perSecond' ? -value : value
  }
  return clients.toSorted((a, b) => key(a) - key(b))
}

/** Any client of undici is that; others are called by their name. */
function shortName(peer: ClientResult | undefined): string {
  return peer === undefined || peer.client.startsWith('undici') ? 'undici' : peer.client
}

/** A ratio to another one than undici says to whom. */
function named(ratio: string, peer: ClientResult | undefined): string {
  const name = shortName(peer)
  return ratio === '' || name === 'undici' ? ratio : `${ratio} of ${name}`
}

/** One line for each client of each case: the first metric, and its ratios. */
export function quickTable(results: readonly CaseResult[]): string {
  const rows = results.flatMap((result) => {
    const first = result.metrics[0]!
    const { peer, floor } = referencesOf(result)
    return sorted(result.clients, first).map((client) => [
      result.name,
      client.client,
      first === 'cpu' ? `CPU us a ${result.unit}` : HEADINGS[first],
      withRange(spreadOf(client, first)),
      client === peer ? '' : named(withRange(ratioOf(client, peer, first)), peer),
      client === floor ? '' : withRange(ratioOf(client, floor, first)),
    ])
  })
  return table(['case', 'client', 'metric', 'median', 'to undici', 'to the floor'], rows)
}

/** What was to be reached, and whether it was. */
export function goalsTable(judgements: readonly Judgement[]): string {
  const rows = judgements.map(({ goal, measured, verdict }) => {
    const [word, limit] =
      goal.atMost === undefined ? ['at least', goal.atLeast] : (['at most', goal.atMost] as const)
    return [goal.what, `${word} ${limit}${goal.unit ?? ''}`, withRange(measured), verdict]
  })
  return table(['case', 'to reach', 'measured', ''], rows)
}
