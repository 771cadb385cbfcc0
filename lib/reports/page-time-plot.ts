import {
  at,
  label,
  LEFT,
  legend,
  line,
  linear,
  picture,
  PLOT_WIDTH,
  rect,
  RIGHT,
  ticksTo,
  timeTicks,
  timeTickText,
  TOP,
  type Scale,
} from './page-axes.ts'
import { escape, msText, rateText } from './page-text.ts'

const HEIGHT = 170
const BOTTOM = 24

/** One quantity over the stretches of a run. -1: not known there. */
export interface TimeSeries {
  /** Its colour. */
  readonly kind: string
  readonly name: string
  readonly values: readonly number[]
}

export interface TimePlot {
  readonly id: string
  readonly title: string
  /** What the bars count, which stand on one another; the left axis. */
  readonly barUnit: string
  readonly bars: readonly TimeSeries[]
  /** What the lines count; the right axis, unless there are no bars. */
  readonly lineUnit: string
  readonly lines: readonly TimeSeries[]
  /** ms of each stretch, and of the whole run. */
  readonly width: number
  readonly elapsedMs: number
}

/** Bars on one another, and lines, over the time of a run. */
export function timePlot(plot: TimePlot): string {
  const { bars, lines, elapsedMs } = plot
  const all = [...bars, ...lines]
  const count = Math.max(1, ...all.map(({ values }) => values.length))
  const most = Math.max(elapsedMs, 1)
  const x = linear(most, LEFT, PLOT_WIDTH - RIGHT)
  const floor = HEIGHT - BOTTOM
  const sums = Array.from({ length: count }, (_, i) =>
    bars.reduce((sum, { values }) => sum + (values[i] ?? 0), 0),
  )
  const levels = lines.flatMap(({ values }) => values)
  const barTicks = ticksTo(Math.max(...sums), 4, sums.every(Number.isInteger))
  const lineTicks = ticksTo(Math.max(...levels, 0), 4, true)
  const y = linear(barTicks.at(-1)!, floor, TOP)
  const lineY = linear(lineTicks.at(-1)!, floor, TOP)
  const hasBars = bars.length > 0
  const parts = [
    ...(hasBars
      ? axis(barTicks, y, LEFT - 6, 'end', plot.barUnit)
      : axis(lineTicks, lineY, LEFT - 6, 'end', plot.lineUnit)),
    ...(hasBars && lines.length > 0
      ? axis(lineTicks, lineY, PLOT_WIDTH - RIGHT + 6, 'start', plot.lineUnit)
      : []),
    ...timeAxis(most, x, floor),
    ...barsOf(plot, count, x, y),
    ...lines.map((series) => lineOf(series, plot, x, lineY)),
  ]
  const names = legend(all.map(({ kind, name }) => [kind, name]))
  return `<figure><figcaption>${escape(plot.title)}</figcaption>${names}${picture(plot.id, plot.title, HEIGHT, parts)}</figure>`
}

/** The times below a plot, from 0 to `most` ms. */
export function timeAxis(most: number, x: Scale, floor: number): string[] {
  return timeTicks(most).flatMap((tick) => [
    line('grid', x(tick), floor, x(tick), floor + 4),
    label('tick middle', x(tick), floor + 17, timeTickText(tick, most)),
  ])
}

function axis(
  ticks: readonly number[],
  y: Scale,
  x: number,
  anchor: 'start' | 'end',
  unit: string,
): string[] {
  const isLeft = anchor === 'end'
  const marks = ticks.flatMap((tick) => [
    ...(isLeft ? [line('grid', LEFT, y(tick), PLOT_WIDTH - RIGHT, y(tick))] : []),
    label(`tick ${anchor}`, x, y(tick) + 4, rateText(tick)),
  ])
  const at0 = isLeft ? 12 : PLOT_WIDTH - 4
  const middle = (HEIGHT - BOTTOM + TOP) / 2
  return [
    ...marks,
    `<text class="tick middle" transform="translate(${at0} ${at(middle)}) rotate(-90)">${escape(unit)}</text>`,
  ]
}

function barsOf({ bars, width, elapsedMs }: TimePlot, count: number, x: Scale, y: Scale): string[] {
  const parts: string[] = []
  for (let i = 0; i < count; i++) {
    const from = i * width
    const to = Math.min(elapsedMs, from + width)
    let below = 0
    for (const { kind, name, values } of bars) {
      const value = values[i] ?? 0
      if (value <= 0) continue
      const top = y(below + value)
      const tip = `${name}: ${rateText(value)}, ${msText(from)} to ${msText(to)}`
      parts.push(rect(kind, x(from), top, x(to) - x(from) - 0.5, y(below) - top, tip))
      below += value
    }
  }
  return parts
}

/** Straight from one known value to the next. */
function lineOf(
  { kind, values, name }: TimeSeries,
  { width, elapsedMs }: TimePlot,
  x: Scale,
  y: Scale,
): string {
  const points = values.flatMap((value, i) => {
    const middle = Math.min((i + 0.5) * width, elapsedMs)
    return value < 0 ? [] : [`${at(x(middle))},${at(y(value))}`]
  })
  if (points.length === 1) points.push(points[0]!.replace(/^[\d.]+/, at(x(elapsedMs))))
  return `<polyline class="line ${kind}" points="${points.join(' ')}"><title>${escape(name)}</title></polyline>`
}
