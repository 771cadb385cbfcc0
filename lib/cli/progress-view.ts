import { CLI_LIMITS } from './limits.ts'
import type { ClientIpProgress, HostProgress, ProgressState } from './progress-counts.ts'
import { doneText, etaPart, figures, fitParts, liveLine } from './progress-line.ts'
import { formatCount, formatDuration, formatRate } from './quantities.ts'

/** One line of the live view: printable ASCII, as wide as it is long. */
export interface ViewLine {
  readonly text: string
  readonly style: 'plain' | 'dim' | 'yellow'
}

/** A table's cells: the name, what is done, what failed, in flight and waiting, the rate. */
type Row = readonly [name: string, done: string, failed: string, load: string, rate: string]

const HEAD: Row = ['', 'done', 'failed', 'flight/wait', 'req/s']
/** Of the cells after the name. */
const WIDTHS = [10, 9, 13, 15] as const
const MIN_NAME = 14
const MAX_NAME = 40
/** Narrower terminals get the figures only. */
const MIN_TABLE = MIN_NAME + WIDTHS[0] + WIDTHS[3]
const FROM = 'from '
const MIN_BAR = 8
const MAX_BAR = 40

/**
 * How far a run is, in at most half of a terminal's rows: then it still fits when the terminal becomes half as
 * wide, which wraps each line. No line reaches the last column, which some terminals wrap, too.
 */
export function viewLines(state: ProgressState, columns: number, rows: number): ViewLine[] {
  const width = Math.max(0, columns - 1)
  const most = Math.max(1, Math.floor(rows / 2))
  if (most === 1) return [line(liveLine(state, width))]
  const table = width < MIN_TABLE ? [] : tableLines(state, width, most - 2)
  return [...totalLines(state, width), ...table]
}

function totalLines(state: ProgressState, width: number): ViewLine[] {
  if (state.total <= 0) return [line(liveLine(state, width))]
  const fraction = Math.min(1, state.done / state.total)
  const percent = `${String(Math.floor(fraction * 100)).padStart(3)}%`
  const parts = [{ text: doneText(state), rank: 0 }, ...etaPart(state)]
  const beside = fitParts([{ text: percent, rank: 1 }, ...parts], width)
  const room = Math.min(MAX_BAR, width - beside.length - 3)
  const figureParts = figures(state).slice(1)
  return [
    line(room >= MIN_BAR ? `${bar(fraction, room)} ${beside}` : beside.trimStart()),
    line(fitParts(figureParts, width)),
  ].filter(({ text }) => text !== '')
}

function bar(fraction: number, width: number): string {
  const full = Math.floor(fraction * width)
  return `[${'#'.repeat(full)}${'.'.repeat(width - full)}]`
}

/** The busiest hosts and client IPs, where there are several, or one is paused; at most `most` lines. */
export function tableLines({ hosts, clientIps }: ProgressState, width: number, most: number): ViewLine[] {
  const isWorthIt = hosts.length > 1 || clientIps.length > 1 || hosts.some(({ pausedMs }) => pausedMs > 0)
  const room = most - 1
  if (!isWorthIt || room < 1) return []
  const ipRoom = clientIps.length > 1 ? Math.min(CLI_LIMITS.viewClientIps, Math.floor(room / 3)) : 0
  const shownIps = clientIps.slice(0, ipRoom)
  const shownHosts = hosts.slice(0, Math.min(CLI_LIMITS.viewHosts, room - shownIps.length))
  const names = [...shownHosts.map(({ host }) => host.length), ...shownIps.map((ip) => ipName(ip).length)]
  const layout = layoutFor(width, Math.max(...names))
  return [
    { text: rowText(HEAD, layout), style: 'dim' },
    ...shownHosts.map((host) => hostLine(host, layout)),
    ...shownIps.map((ip) => ipLine(ip, layout)),
  ]
}

interface Layout {
  readonly name: number
  /** Whether there is room for what failed, and for what is in flight. */
  readonly failed: boolean
  readonly load: boolean
}

function layoutFor(width: number, longestName: number): Layout {
  const [done, failed, load, rate] = WIDTHS
  const withAll = width - done - failed - load - rate
  const wanted = Math.min(MAX_NAME, Math.max(longestName + 1, MIN_NAME))
  if (withAll >= MIN_NAME) return { name: Math.min(wanted, withAll), failed: true, load: true }
  const withFailed = width - done - failed - rate
  if (withFailed >= MIN_NAME) return { name: Math.min(wanted, withFailed), failed: true, load: false }
  return { name: Math.min(wanted, width - done - rate), failed: false, load: false }
}

function rowText([name, done, failed, load, rate]: Row, layout: Layout): string {
  const cells = [cut(name, layout.name - 1).padEnd(layout.name), done.padStart(WIDTHS[0])]
  if (layout.failed) cells.push(failed.padStart(WIDTHS[1]))
  if (layout.load) cells.push(load.padStart(WIDTHS[2]))
  cells.push(cut(rate, WIDTHS[3] - 1).padStart(WIDTHS[3]))
  return cells.join('')
}

function cut(name: string, width: number): string {
  return name.length > width ? `${name.slice(0, width - 1)}~` : name
}

function hostLine(each: HostProgress, layout: Layout): ViewLine {
  const { host, done, failed, inFlight, waiting, pausedMs, perSecond } = each
  const load = `${formatCount(inFlight)}/${formatCount(waiting)}`
  const rate = pausedMs > 0 ? `paused ${shortTime(pausedMs)}` : formatRate(perSecond)
  const row: Row = [host, formatCount(done), formatCount(failed), load, rate]
  return line(rowText(row, layout), pausedMs > 0 ? 'yellow' : 'plain')
}

function ipLine(each: ClientIpProgress, layout: Layout): ViewLine {
  const { done, failed, load, setAsideMs, refusedBy, perSecond } = each
  const isAside = setAsideMs > 0 || refusedBy > 0
  const why = setAsideMs > 0 ? `aside ${shortTime(setAsideMs)}` : `refused by ${formatCount(refusedBy)}`
  const rate = isAside ? why : formatRate(perSecond)
  const row: Row = [
    ipName(each, layout.name - 1),
    formatCount(done),
    formatCount(failed),
    formatCount(load),
    rate,
  ]
  return line(rowText(row, layout), isAside ? 'yellow' : 'plain')
}

/** Their ends are what sets them apart. */
function ipName({ clientIp }: ClientIpProgress, width = Infinity): string {
  if (clientIp.length > width) return `~${clientIp.slice(1 - width)}`
  return clientIp.length + FROM.length > width ? clientIp : FROM + clientIp
}

/** In whole seconds, upwards: the last one is not shown as 0. */
function shortTime(ms: number): string {
  return formatDuration(Math.ceil(ms / 1000) * 1000).replace(/\.0 s$/u, ' s')
}

/** Whatever is no printable ASCII may be wider than one column, or none. */
function line(text: string, style: ViewLine['style'] = 'plain'): ViewLine {
  return { text: text.replaceAll(/[^\x20-\x7e]/gu, '?'), style }
}
