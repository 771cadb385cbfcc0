import type { ClientStats } from '../index.ts'
import { LIMITS } from '../core/limits.ts'
import type { ConnectionWatch } from './page-connections.ts'
import type { RunFigures } from './page-figures.ts'
import type { PageContent } from './page-html.ts'
import type { HostFigures, HostTable } from './page-hosts.ts'
import { stretches } from './page-run-plots.ts'
import { number, table, type Cell, type TableRow } from './page-tables.ts'
import { bytesText, countText, msText, rateText, shareText } from './page-text.ts'

/** The busiest hosts, and all others as one where there are others. */
export function shownHosts(hosts: HostTable, count: number): HostFigures[] {
  const { hosts: shown, others } = hosts.top(count)
  return others.done === 0 ? shown : [...shown, others]
}

export function hostTable(hosts: HostTable): string {
  return table('table-hosts', 'Hosts by items', ITEM_COLUMNS, hostRows(hosts, itemCells))
}

const ITEM_COLUMNS = [
  'Host',
  '#Done',
  '#OK',
  '#Failed',
  '#2xx',
  '#3xx',
  '#4xx',
  '#5xx',
  '#No answer',
  '#Retries',
  '#On the wire',
]

function itemCells({ name, done, ok, failed, classes, retries, bytesOnWire }: HostFigures): Cell[] {
  const counts = [done, ok, failed, classes[2]!, classes[3]!, classes[4]!, classes[5]!, classes[0]!, retries]
  return [name, ...counts.map(whole), number(bytesOnWire, bytesText(bytesOnWire))]
}

export function latencyTable(hosts: HostTable): string {
  const caption = 'Times to the head, and to the end of the answer'
  return table('table-latency', caption, LATENCY_COLUMNS, hostRows(hosts, latencyCells))
}

const LATENCY_COLUMNS = [
  'Host',
  '#Answers',
  '#Head p50',
  '#Head p90',
  '#Head p99',
  '#p50',
  '#p90',
  '#p99',
  '#Longest',
]

function latencyCells({ name, head, total }: HostFigures): Cell[] {
  const times = [0.5, 0.9, 0.99].map((part) => head.percentile(part))
  times.push(total.percentile(0.5), total.percentile(0.9), total.percentile(0.99), total.max)
  return [name, whole(total.count), ...times.map(time)]
}

function hostRows(hosts: HostTable, cells: (host: HostFigures) => Cell[]): TableRow[] {
  const { hosts: shown, others } = hosts.top(LIMITS.reportTableHosts)
  const rows: TableRow[] = shown.map((host) => ({ cells: cells(host) }))
  if (others.done > 0) rows.push({ cells: cells(others), isLast: true })
  return rows
}

/** Targets that were paused when the run ended, or go slower than they could. Empty: there are none. */
export function targetTable(stats: ClientStats | null): string {
  const paced = (stats?.targets ?? []).filter(({ paused, refusals }) => paused > 0 || refusals > 0)
  if (paced.length === 0) return ''
  const rows = paced.slice(0, LIMITS.reportTableHosts).map((target) => ({
    cells: [
      target.target,
      time(target.paused),
      whole(target.refusals),
      time(target.delay),
      whole(target.waiting),
    ],
  }))
  const left = paced.length - rows.length
  const caption = `Targets that refuse, at the end of the run${left > 0 ? `; ${countText(left)} more are left out` : ''}`
  return table(
    'table-targets',
    caption,
    ['Target', '#Paused for', '#Refusals in a row', '#Gap', '#Waiting'],
    rows,
  )
}

export function timeTable({ figures, end }: PageContent): string {
  const { list, width } = figures.times
  const seconds = stretches(list.length, width, end.elapsedMs)
  const columns = [
    '#From',
    '#Items a second',
    '#OK',
    '#Bad status',
    '#Failed',
    '#MiB a second',
    '#Connections',
    '#In flight',
    '#Waiting',
    '#Retries',
    '#Refusals',
    '#Targets paused',
  ]
  const rows = list.map((bucket, i) => {
    const items = (bucket.ok + bucket.badStatus + bucket.errors) / seconds[i]!
    const bytes = bucket.bytes / 1_048_576 / seconds[i]!
    return {
      cells: [
        time(i * width),
        number(items, rateText(items)),
        whole(bucket.ok),
        whole(bucket.badStatus),
        whole(bucket.errors),
        number(bytes, rateText(bytes)),
        ...[bucket.connections, bucket.inFlight, bucket.waiting].map(level),
        whole(bucket.retries),
        whole(bucket.refusals),
        level(bucket.paused),
      ],
    }
  })
  return table('table-time', `The run in stretches of ${msText(width)}`, columns, rows)
}

export function connectionTable(watch: ConnectionWatch, startedAt: number): string {
  const rows = watch.rows()
  const left = watch.dialled - rows.length
  const columns = [
    'Target',
    '#Connection',
    '#Dialled at',
    '#Dial took',
    '#Open for',
    '#Answered',
    '#In flight at most',
    '#Failed or lost',
  ]
  const caption =
    left > 0
      ? `Connections: the first, the last and the most notable; ${countText(left)} more are left out`
      : 'All connections'
  const cells = rows.map((row) => ({
    cells: [
      row.target,
      number(row.serial, `#${row.serial}`),
      time(row.connectAt - startedAt),
      time(row.openAt - row.connectAt),
      time(row.closeAt - row.openAt),
      whole(row.served),
      whole(row.peak),
      whole(row.failed),
    ],
  }))
  return table('table-connections', caption, columns, cells)
}

export function clientIpTable({ figures, end }: PageContent): string {
  const known = new Map((end.stats?.clientIps ?? []).map((ip) => [ip.clientIp, ip]))
  const names = [...new Set([...figures.clientIps.keys(), ...known.keys()])]
  if (names.length === 0) return '<p class="note">The system chose the client IP of each connection.</p>'
  const none = { done: 0, ok: 0, refused: 0, bytesOnWire: 0 }
  const rows = names.slice(0, LIMITS.maxReportNames + 1).map((name) => {
    const { done, ok, refused, bytesOnWire } = figures.clientIps.get(name) ?? none
    const state = known.get(name)
    return {
      cells: [
        name,
        whole(done),
        whole(ok),
        whole(done - ok),
        whole(refused),
        number(bytesOnWire, bytesText(bytesOnWire)),
        whole(state?.refusedBy ?? 0),
        state?.reason ?? '',
      ],
    }
  })
  const columns = [
    'Client IP',
    '#Done',
    '#OK',
    '#Failed',
    '#Refused (403, 429)',
    '#On the wire',
    '#Hosts that refuse it at the end',
    'Set aside because',
  ]
  return table('table-client-ips', 'Items by client IP', columns, rows)
}

export function errorTable({ errors }: RunFigures): string {
  if (errors.size === 0) return '<p class="note">No request failed.</p>'
  const sorted = [...errors].toSorted(([, a], [, b]) => b.count - a.count)
  const rows = sorted.map(([code, { count: times, message, url }]) => ({
    cells: [code, whole(times), message, url],
  }))
  return table(
    'table-errors',
    'Errors by code',
    ['Code', '#Items', 'What the first one said', 'Its URL'],
    rows,
  )
}

export function statusTable({ statuses, done }: RunFigures): string {
  if (statuses.size === 0) return ''
  const sorted = [...statuses].toSorted(([a], [b]) => a - b)
  const rows = sorted.map(([status, times]) => ({
    cells: [number(status, String(status)), whole(times), number(times / done, shareText(times, done))],
  }))
  return table('table-statuses', 'Items by status', ['#Status', '#Items', '#Share'], rows)
}

function whole(value: number): Cell {
  return number(value, countText(value))
}

function time(ms: number): Cell {
  return number(ms, msText(ms))
}

/** -1: nobody looked. */
function level(value: number): Cell {
  return value < 0 ? number(NaN, '–') : whole(value)
}
