import type { CrawlReport, Faults, Sample, TownReport } from './sample.ts'

/** One rule, and whether the run kept it. */
export interface Ruling {
  readonly rule: string
  readonly kept: boolean
  readonly figures: string
}

export interface Run {
  readonly seconds: number
  readonly samples: readonly Sample[]
  readonly crawl: CrawlReport
  readonly town: TownReport
}

/**
 * What is let pass. The heap is measured after a full collection, so that all it shows is held; bodies under way
 * make it sway by some MB. RSS has the allocator's fragments, and what is made ready for more load than there was
 * before. In ten minutes, 300 bytes a call are found by the one, 2 KB by the other.
 */
export const SLACK = {
  heap: { share: 0.1, bytes: 4 * 2 ** 20 },
  rss: { share: 0.1, bytes: 32 * 2 ** 20 },
  /** Files of downloads, the connections of clients that come and go, and sockets on their way out. */
  descriptors: 40,
  /** Timers: the wheels', and one for each call that has a limit of its own; twice, for its next attempt. */
  timersPerCall: 2,
  timers: 32,
  /** The longest a call may take: all its time limits, retries and pauses together, ms. */
  call: 120_000,
  /** Fewer samples in a sixth say nothing. */
  samples: 3,
  /** Fewer calls a second are no load. On a busy machine it is slow going. */
  callsPerSecond: 20,
} as const

/** What a run must have seen, or it proves nothing. */
export const MUST_SEE = [
  'reused connections',
  'resent exchanges',
  'retries',
  'redirects',
  'cache hits',
  'revalidations',
  'resumed downloads',
  'aborts',
  'unread streams',
  'TLS',
  'unanswered POSTs',
] as const

/** Every rule, in a fixed order. The run has passed when all are kept. */
export function judge(run: Run): Ruling[] {
  const { crawl, town, samples } = run
  const { faults } = crawl
  return [
    none('no wrong answer', faults.wrong),
    none(
      'no POST arrives twice',
      town.postsTwice,
      `of ${number(town.posts)} POSTs, ${number(town.postsUnanswered)} of which went wrong`,
    ),
    none('no cookie at another host', town.foreignCookies),
    none('no error outside the taxonomy', faults.foreign),
    none('no error at a target that did nothing wrong', faults.innocent),
    none('no unhandled rejection, exception or warning', faults.loose),
    settled(run),
    enough(run),
    allSeen({ ...crawl.seen, 'unanswered POSTs': town.postsUnanswered }),
    atMost('connections <= maxConn', most(samples, 'connections'), crawl.maxConn),
    atMost(
      `descriptors <= before + maxConn + ${SLACK.descriptors}`,
      most(samples, 'descriptors'),
      crawl.before.descriptors + crawl.maxConn + SLACK.descriptors,
    ),
    timersBounded(samples),
    flat('heap', samples, run.seconds),
    flat('rss', samples, run.seconds),
    ...nothingLeft(crawl),
  ]
}

function none(rule: string, { count, first }: Faults, of = ''): Ruling {
  const shown = first.map((text) => `\n      ${text}`).join('')
  return { rule, kept: count === 0, figures: `${number(count)} ${of}`.trimEnd() + shown }
}

function settled({ crawl, samples }: Run): Ruling {
  const oldest = most(samples, 'oldest')
  return {
    rule: `every call settles, within ${seconds(SLACK.call)} s`,
    kept: crawl.unsettled === 0 && oldest <= SLACK.call,
    figures: `${number(crawl.unsettled)} unsettled at the end; the longest under way for ${seconds(oldest)} s`,
  }
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1)
}

function enough({ samples, seconds: length }: Run): Ruling {
  const calls = most(samples, 'calls')
  return {
    rule: `at least ${SLACK.callsPerSecond} calls a second`,
    kept: calls >= SLACK.callsPerSecond * length,
    figures: `${number(calls)} calls in ${number(length)} s`,
  }
}

function allSeen(seen: Readonly<Record<string, number>>): Ruling {
  const missing = MUST_SEE.filter((what) => (seen[what] ?? 0) === 0)
  return {
    rule: 'the run has seen what it is about',
    kept: missing.length === 0,
    figures: missing.length === 0 ? counts(seen) : `not seen: ${missing.join(', ')}`,
  }
}

function atMost(rule: string, value: number, limit: number): Ruling {
  return { rule, kept: value <= limit, figures: `${number(value)} of ${number(limit)}` }
}

function timersBounded(samples: readonly Sample[]): Ruling {
  const { timersPerCall, timers } = SLACK
  const worst = samples.toSorted((a, b) => spare(a) - spare(b))[0]
  return {
    rule: `timers <= ${timersPerCall} x calls under way + ${timers}`,
    kept: worst !== undefined && spare(worst) >= 0,
    figures: worst === undefined ? 'no samples' : `${worst.timers} with ${worst.underWay} calls under way`,
  }
}

function spare({ timers, underWay }: Sample): number {
  return SLACK.timersPerCall * underWay + SLACK.timers - timers
}

/**
 * The medians of the second sixth and of the last one: the first sixth is for what is made but once, compiled
 * code and full caches; a median, because a large body under way is no leak.
 */
export function flat(what: 'heap' | 'rss', samples: readonly Sample[], length: number): Ruling {
  const { share, bytes } = SLACK[what]
  const early = inSixth(samples, length, 1)
  const late = inSixth(samples, length, 5)
  const rule = `${what} grows by at most ${Math.round(share * 100)} % + ${megabytes(bytes)}`
  if (Math.min(early.length, late.length) < SLACK.samples) {
    return { rule, kept: false, figures: `${early.length} and ${late.length} samples are too few` }
  }
  const from = median(early.map((sample) => sample[what]))
  const to = median(late.map((sample) => sample[what]))
  const calls = median(late.map((sample) => sample.calls)) - median(early.map((sample) => sample.calls))
  const perCall = calls > 0 ? `, ${((to - from) / calls).toFixed(1)} bytes a call` : ''
  return {
    rule,
    kept: to - from <= from * share + bytes,
    figures: `${megabytes(from)} -> ${megabytes(to)}${perCall}`,
  }
}

function inSixth(samples: readonly Sample[], length: number, sixth: number): Sample[] {
  const from = (sixth * length) / 6
  return samples.filter(({ at }) => at >= from && (sixth === 5 || at < from + length / 6))
}

function nothingLeft({ before, after, left }: CrawlReport): Ruling[] {
  const more = [...after.resources]
  for (const kind of before.resources) {
    const at = more.indexOf(kind)
    if (at !== -1) more.splice(at, 1)
  }
  return [
    atMost('after close: no more descriptors than before', after.descriptors, before.descriptors),
    atMost('after close: no more timers than before', after.timers, before.timers),
    atMost('after close: no more listeners than before', after.listeners, before.listeners),
    atMost('after close: stats() counts nothing', left, 0),
    {
      rule: 'after close: nothing more keeps the process alive',
      kept: more.length === 0,
      figures: more.length === 0 ? `${before.resources.length} before, as after` : more.join(', '),
    },
  ]
}

export function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

function most(samples: readonly Sample[], what: keyof Sample): number {
  return Math.max(0, ...samples.map((sample) => sample[what]))
}

export function counts(all: Readonly<Record<string, number>>): string {
  const sorted = Object.entries(all).toSorted(([, a], [, b]) => b - a)
  return sorted.map(([name, count]) => `${name} ${number(count)}`).join(', ')
}

export function number(value: number): string {
  return Math.round(value).toLocaleString('en')
}

export function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(1)} MB`
}
