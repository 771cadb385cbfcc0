import {
  at,
  label,
  legend,
  line,
  linear,
  logarithmic,
  NAMES,
  picture,
  PLOT_WIDTH,
  rect,
  ticksTo,
  TOP,
  type Scale,
} from './page-axes.ts'
import type { HostFigures } from './page-hosts.ts'
import { countText, escape, msText } from './page-text.ts'

const ROW = 18
const BOTTOM = 24
const END = 70
/** Characters of a name that have room beside a plot. */
const NAME_LENGTH = 28

export const STATUS_CLASSES: readonly (readonly [kind: string, name: string])[] = [
  ['none', 'no answer'],
  ['s1', '1xx'],
  ['s2', '2xx'],
  ['s3', '3xx'],
  ['s4', '4xx'],
  ['s5', '5xx'],
  ['s6', '6xx and above'],
]

/** How the classes stand on one another. */
const CLASS_ORDER = [2, 3, 4, 5, 0, 1, 6]

/** Answers of each host by the class of their status. */
export function statusPlot(hosts: readonly HostFigures[]): string {
  const title = 'Answers by host and status'
  const floor = TOP + hosts.length * ROW
  const ticks = ticksTo(Math.max(0, ...hosts.map(({ done }) => done)), 6, true)
  const x = linear(ticks.at(-1)!, NAMES, PLOT_WIDTH - END)
  const parts = ticks.flatMap((tick) => [
    line('grid', x(tick), TOP, x(tick), floor),
    label('tick middle', x(tick), floor + 17, countText(tick)),
  ])
  for (const [row, host] of hosts.entries()) {
    const y = TOP + row * ROW
    parts.push(nameLabel(host.name, y + 13))
    let before = 0
    for (const i of CLASS_ORDER) {
      const count = host.classes[i]!
      if (count === 0) continue
      const [kind, name] = STATUS_CLASSES[i]!
      const tip = `${host.name}: ${countText(count)} ${name}`
      parts.push(rect(kind, x(before), y + 3, x(before + count) - x(before), ROW - 6, tip))
      before += count
    }
    parts.push(label('tick start', x(before) + 4, y + 13, countText(before)))
  }
  const seen = CLASS_ORDER.filter((i) => hosts.some(({ classes }) => classes[i]! > 0))
  return figure(
    title,
    legend(seen.map((i) => STATUS_CLASSES[i]!)),
    picture('plot-status', title, floor + BOTTOM, parts),
  )
}

/** Times of each host: half, nine of ten, 99 of 100, and the longest. */
export function latencyPlot(hosts: readonly HostFigures[]): string {
  const title = 'Time to the end of the answer, by host'
  const timed = hosts.filter(({ total }) => total.count > 0)
  const floor = TOP + timed.length * ROW
  const least = powerBelow(Math.min(...timed.map(({ total }) => total.percentile(0.5)), 1e6))
  const most = Math.max(...timed.map(({ total }) => total.max), least * 10)
  const x = logarithmic(least, most, NAMES, PLOT_WIDTH - END)
  const parts: string[] = []
  for (let tick = least; tick <= most * 1.001; tick *= 10) {
    parts.push(
      line('grid', x(tick), TOP, x(tick), floor),
      label('tick middle', x(tick), floor + 17, tick < 1_000 ? `${at(tick)} ms` : `${tick / 1_000} s`),
    )
  }
  for (const [row, host] of timed.entries()) parts.push(...latencyRow(host, TOP + row * ROW, x))
  const names = legend([
    ['p50', 'p50 to p90'],
    ['p90', 'p90 to p99'],
    ['pmax', 'longest'],
  ])
  return figure(title, names, picture('plot-latency', title, floor + BOTTOM, parts))
}

function latencyRow({ name, total }: HostFigures, y: number, x: Scale): string[] {
  const [p50, p90, p99] = [0.5, 0.9, 0.99].map((part) => total.percentile(part)) as [number, number, number]
  const tip = `${name}: p50 ${msText(p50)}, p90 ${msText(p90)}, p99 ${msText(p99)}, longest ${msText(total.max)}`
  return [
    nameLabel(name, y + 13),
    line('whisker', x(p50), y + ROW / 2, x(total.max), y + ROW / 2),
    rect('p50', x(p50), y + 3, Math.max(2, x(p90) - x(p50)), ROW - 6, tip),
    rect('p90', x(p90), y + 6, Math.max(2, x(p99) - x(p90)), ROW - 12, tip),
    `<circle class="pmax" cx="${at(x(total.max))}" cy="${at(y + ROW / 2)}" r="3"><title>${escape(tip)}</title></circle>`,
  ]
}

/** A name left of a plot, cut where it is too long. */
export function nameLabel(name: string, y: number): string {
  const cut = name.length > NAME_LENGTH ? `${name.slice(0, NAME_LENGTH - 1)}…` : name
  return label('name end', NAMES - 6, y, cut)
}

function figure(title: string, names: string, content: string): string {
  return `<figure><figcaption>${escape(title)}</figcaption>${names}${content}</figure>`
}

function powerBelow(ms: number): number {
  return 10 ** Math.max(-1, Math.floor(Math.log10(Math.max(ms, 0.1))))
}
