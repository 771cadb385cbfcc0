import { LIMITS } from '../core/limits.ts'
import { legend, linear, NAMES, picture, PLOT_WIDTH, rect, TOP, type Scale } from './page-axes.ts'
import { nameLabel } from './page-host-plots.ts'
import type { ConnectionRow, Slice, SliceWindow } from './page-slices.ts'
import { countText, escape, msText } from './page-text.ts'
import { timeAxis } from './page-time-plot.ts'

const BOTTOM = 24
const END = 10
const GAP = 4
/** The highest that one exchange is drawn, and all in flight at once on a connection. */
const LANE = 9
const LANES = 48

/** A row a connection, a slice an exchange; those in flight at once stand below one another. */
export function timelinePlot(window: SliceWindow, startedAt: number, id: string): string {
  const byRow = Map.groupBy(window.slices, ({ row }) => row)
  const busiest = [...byRow.keys()].toSorted((a, b) => byRow.get(b)!.length - byRow.get(a)!.length)
  const rows = busiest.slice(0, LIMITS.reportTimelineRows).toSorted((a, b) => a.connectAt - b.connectAt)
  const from = Math.min(...window.slices.map(({ sentAt }) => sentAt))
  const to = Math.max(...window.slices.map(({ endAt, sentAt }) => (Number.isNaN(endAt) ? sentAt : endAt)))
  const span = Math.max(to - from, 1)
  const x = linear(span, NAMES, PLOT_WIDTH - END)
  const place = (time: number): number => x(Math.min(span, Math.max(0, time - from)))
  const parts: string[] = []
  let y = TOP
  for (const row of rows) {
    const slices = byRow.get(row)!
    const lanes = Math.max(...slices.map(({ lane }) => lane)) + 1
    const lane = Math.min(LANE, LANES / lanes)
    const height = Math.max(LANE, lane * lanes)
    parts.push(nameLabel(`#${row.serial} ${shortTarget(row.target)}`, y + height / 2 + 4))
    parts.push(...lifeOf(row, y, height, to, place))
    for (const slice of slices)
      parts.push(...sliceOf(slice, y + slice.lane * lane, lane, to, startedAt, place))
    y += height + GAP
  }
  parts.push(...timeAxis(span, x, y))
  const title = `Connections and exchanges, ${window.name}: from ${msText(from - startedAt)}`
  const left = byRow.size - rows.length
  const note =
    `${countText(window.slices.length)} exchanges on ${countText(byRow.size)} connections.` +
    (left > 0 ? ` Left out: ${countText(left)} connections with the fewest of them.` : '')
  return (
    `<figure><figcaption>${escape(title)}</figcaption>${legend(KINDS)}${picture(id, title, y + BOTTOM, parts)}` +
    `<p class="note">${escape(note)}</p></figure>`
  )
}

const KINDS: readonly (readonly [kind: string, text: string])[] = [
  ['dial', 'dialling'],
  ['life', 'open'],
  ['sent', 'sent, no answer yet'],
  ['body', 'answer'],
  ['refused', 'answer, 400 and above'],
  ['failed', 'failed or lost'],
]

function lifeOf(row: ConnectionRow, y: number, height: number, to: number, place: Scale): string[] {
  const closed = Number.isNaN(row.closeAt) ? to : row.closeAt
  const opened = Number.isNaN(row.openAt) ? closed : row.openAt
  const dial = place(opened) - place(row.connectAt)
  const open = place(closed) - place(opened)
  const name = `#${row.serial} ${row.target}`
  return [
    ...(dial > 0
      ? [
          rect(
            'dial',
            place(row.connectAt),
            y,
            dial,
            height,
            `${name}: dialled in ${msText(opened - row.connectAt)}`,
          ),
        ]
      : []),
    ...(open > 0
      ? [rect('life', place(opened), y, open, height, `${name}: open for ${msText(closed - opened)}`)]
      : []),
  ]
}

function sliceOf(
  slice: Slice,
  y: number,
  lane: number,
  to: number,
  startedAt: number,
  place: Scale,
): string[] {
  const end = Number.isNaN(slice.endAt) ? to : slice.endAt
  const head = Number.isNaN(slice.headAt) ? end : slice.headAt
  const height = lane > 3 ? lane - 1 : lane
  const isBad = slice.result === 'failed' || slice.result === 'lost'
  const waited = msText(head - slice.sentAt)
  const what = slice.status === 0 ? RESULTS[slice.result] : `${slice.status}, ${RESULTS[slice.result]}`
  const tip =
    `${slice.method} ${slice.url}: ${what}; sent at ${msText(slice.sentAt - startedAt)}, ` +
    `head after ${waited}, then ${msText(end - head)}`
  const sent = rect(
    isBad ? 'failed' : 'sent',
    place(slice.sentAt),
    y,
    place(head) - place(slice.sentAt),
    height,
    tip,
  )
  if (Number.isNaN(slice.headAt)) return [sent]
  const kind = isBad ? 'failed' : slice.status >= 400 ? 'refused' : 'body'
  return [sent, rect(kind, place(head), y, Math.max(1.5, place(end) - place(head)), height, tip)]
}

const RESULTS: Readonly<Record<Slice['result'], string>> = {
  open: 'not finished',
  answered: 'answered',
  failed: 'failed',
  lost: 'lost with its connection',
}

/** Host and port: a row has no room for more. */
function shortTarget(target: string): string {
  return target.replace(/^https?:\/\//, '').split(' ', 1)[0]!
}
