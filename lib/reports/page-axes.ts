import { escape } from './page-text.ts'

/** What a plot is drawn into, in units of its picture: about pixels at 900 of them. */
export const PLOT_WIDTH = 900
export const LEFT = 64
export const RIGHT = 64
/** Where names of hosts and connections stand. */
export const NAMES = 190
export const TOP = 8

/** From numbers to places. */
export type Scale = (value: number) => number

/** From 0 to `most`, both ends included. */
export function linear(most: number, from: number, to: number): Scale {
  return (value) => from + ((to - from) * value) / (most || 1)
}

/** Both ends are above 0. */
export function logarithmic(least: number, most: number, from: number, to: number): Scale {
  const whole = Math.log(most / least) || 1
  return (value) => from + ((to - from) * Math.log(Math.max(value, least) / least)) / whole
}

/** Round numbers from 0 to the first that is not below `most`; about `count` of them, whole ones if `whole`. */
export function ticksTo(most: number, count = 4, whole = false): number[] {
  if (!(most > 0)) return [0, 1]
  const rough = most / count
  const power = 10 ** Math.floor(Math.log10(rough))
  const nice = [1, 2, 5, 10].find((each) => each * power >= rough * 0.999) ?? 10
  const step = whole ? Math.max(1, nice * power) : nice * power
  const steps = Math.ceil(most / step - 1e-9)
  return Array.from({ length: steps + 1 }, (_, i) => i * step)
}

/** Seconds, minutes and hours that are round. */
const TIME_STEPS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000,
  600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 14_400_000, 28_800_000, 86_400_000,
]

/** Round times from 0 on, ms, none beyond `most`. */
export function timeTicks(most: number, count = 8): number[] {
  const step =
    TIME_STEPS.find((each) => most / each <= count) ?? Math.ceil(most / count / 86_400_000) * 86_400_000
  const ticks: number[] = []
  for (let tick = 0; tick <= most && ticks.length <= count; tick += step) ticks.push(tick)
  return ticks
}

/** `250 ms`, `5 s`, `1:30`, `2:00:00`. */
export function timeTickText(ms: number, most: number): string {
  if (most < 2_000) return `${ms} ms`
  const seconds = ms / 1000
  if (most < 120_000) return `${seconds} s`
  const [h, m, s] = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, Math.round(seconds % 60)]
  const end = String(s).padStart(2, '0')
  return h === 0 ? `${m}:${end}` : `${h}:${String(m).padStart(2, '0')}:${end}`
}

/** A number in a picture, as short as it can be. */
export function at(value: number): string {
  return String(Math.round(value * 10) / 10)
}

export function rect(kind: string, x: number, y: number, width: number, height: number, tip = ''): string {
  const place = `class="${kind}" x="${at(x)}" y="${at(y)}" width="${at(Math.max(width, 0.5))}" height="${at(height)}"`
  return tip === '' ? `<rect ${place}/>` : `<rect ${place}><title>${escape(tip)}</title></rect>`
}

export function label(kind: string, x: number, y: number, text: string): string {
  return `<text class="${kind}" x="${at(x)}" y="${at(y)}">${escape(text)}</text>`
}

export function line(kind: string, x1: number, y1: number, x2: number, y2: number): string {
  return `<line class="${kind}" x1="${at(x1)}" y1="${at(y1)}" x2="${at(x2)}" y2="${at(y2)}"/>`
}

/** A picture with its name for those who do not see it. */
export function picture(id: string, name: string, height: number, parts: readonly string[]): string {
  return (
    `<svg id="${id}" viewBox="0 0 ${PLOT_WIDTH} ${at(height)}" role="img" aria-label="${escape(name)}">` +
    `${parts.join('')}</svg>`
  )
}

/** The colours of a plot, in words. */
export function legend(entries: readonly (readonly [kind: string, text: string])[]): string {
  const items = entries.map(([kind, text]) => {
    const mark = `<svg class="key" viewBox="0 0 12 12" aria-hidden="true"><rect class="${kind}" width="12" height="12"/></svg>`
    return `<li>${mark}${escape(text)}</li>`
  })
  return `<ul class="legend">${items.join('')}</ul>`
}
