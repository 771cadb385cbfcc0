import type { PageContent } from './page-html.ts'
import { timePlot, type TimeSeries } from './page-time-plot.ts'
import type { TimeBucket } from './page-times.ts'

/** What happened over time, in four plots that share their axis. */
export function runPlots({ figures, end }: PageContent): string {
  const { list, width } = figures.times
  const elapsedMs = Math.max(end.elapsedMs, 1)
  const seconds = stretches(list.length, width, elapsedMs)
  const series = (kind: string, name: string, of: (bucket: TimeBucket) => number): TimeSeries => {
    return { kind, name, values: list.map(of) }
  }
  const rate = (kind: string, name: string, of: (bucket: TimeBucket) => number): TimeSeries => {
    return { kind, name, values: list.map((bucket, i) => of(bucket) / seconds[i]!) }
  }
  const time = { width, elapsedMs }
  return [
    timePlot({
      ...time,
      id: 'plot-requests',
      title: 'Items done',
      barUnit: 'items a second',
      bars: [
        rate('ok', 'ok', ({ ok }) => ok),
        rate('warn', 'status that is no success', ({ badStatus }) => badStatus),
        rate('bad', 'failed', ({ errors }) => errors),
      ],
      lineUnit: '',
      lines: [],
    }),
    timePlot({
      ...time,
      id: 'plot-bytes',
      title: 'Bytes received',
      barUnit: 'MiB a second',
      bars: [rate('bytes', 'MiB a second', ({ bytes }) => bytes / 1_048_576)],
      lineUnit: '',
      lines: [],
    }),
    timePlot({
      ...time,
      id: 'plot-load',
      title: 'Connections open and exchanges in flight, the most in each stretch',
      barUnit: '',
      bars: [],
      lineUnit: 'at once',
      lines: [
        series('l2', 'connections', ({ connections }) => connections),
        series('l3', 'in flight', ({ inFlight }) => inFlight),
      ],
    }),
    timePlot({
      ...time,
      id: 'plot-refusals',
      title: 'Retries, refusals and paused targets',
      barUnit: 'in each stretch',
      bars: [
        series('warn', 'refused (403, 429, 503), tried again', ({ refusedRetries }) => refusedRetries),
        series('bad', 'refused for good', ({ refusals, refusedRetries }) => refusals - refusedRetries),
        series('retry', 'other retries', ({ retries, refusedRetries }) => retries - refusedRetries),
      ],
      lineUnit: 'targets',
      lines: [series('l2', 'targets paused (right)', ({ paused }) => paused)],
    }),
  ].join('\n')
}

/** How long each lasts, s: the last one until the end, but not less than a quarter of what it stands for. */
export function stretches(count: number, width: number, elapsedMs: number): number[] {
  return Array.from({ length: count }, (_, i) => {
    return Math.min(width, Math.max(elapsedMs - i * width, width / 4)) / 1000
  })
}
