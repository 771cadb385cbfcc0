import { describe, expect, it } from 'vitest'
import type { CrawlReport, Sample, Still, TownReport } from './sample.ts'
import { flat, judge, MUST_SEE, SLACK, type Run } from './verdict.ts'

const MB = 2 ** 20
const NONE = { count: 0, first: [] }
const STILL: Still = { descriptors: 20, timers: 0, listeners: 0, resources: ['PipeWrap'] }

const CRAWL: CrawlReport = {
  before: STILL,
  after: STILL,
  maxConn: 100,
  cpuSeconds: 60,
  calls: { map: 60_000 },
  ends: { ok: 60_000 },
  bytes: 1,
  seen: Object.fromEntries(MUST_SEE.map((what) => [what, 1])),
  unsettled: 0,
  faults: { wrong: NONE, foreign: NONE, innocent: NONE, loose: NONE },
  left: 0,
}
const TOWN: TownReport = {
  requests: 60_000,
  posts: 1,
  postsUnanswered: 1,
  postsTwice: NONE,
  foreignCookies: NONE,
  misdeeds: {},
}

function sample(at: number, own: Partial<Sample> = {}): Sample {
  const memory = { heap: 40 * MB, rss: 150 * MB }
  const counts = { descriptors: 120, timers: 10, listeners: 5, connections: 100, underWay: 100, oldest: 900 }
  return { at, ...memory, ...counts, calls: at * 100, ...own }
}

/** Ten minutes, a sample every two seconds; `own` bends each. */
function samples(own: (at: number) => Partial<Sample> = () => ({})): Sample[] {
  return Array.from({ length: 300 }, (_, n) => sample(n * 2, own(n * 2)))
}

function broken(own: Partial<Run>): string[] {
  const run: Run = { seconds: 600, samples: samples(), crawl: CRAWL, town: TOWN, ...own }
  return judge(run)
    .filter(({ kept }) => !kept)
    .map(({ rule }) => rule)
}

/** In one sample of all. */
function once(own: Partial<Sample>): Sample[] {
  return samples((at) => (at === 300 ? own : {}))
}

function isFlat(heap: (at: number) => number): boolean {
  const bent = samples((at) => ({ heap: heap(at) }))
  return flat('heap', bent, 600).kept
}

const fault = { count: 1, first: ['GET /a: it is the answer to /b'] }

describe('the verdict', () => {
  it('passes a run without a fault', () => {
    expect(broken({})).toEqual([])
  })

  it.each<[string, Partial<CrawlReport>]>([
    ['no wrong answer', { faults: { ...CRAWL.faults, wrong: fault } }],
    ['no error outside the taxonomy', { faults: { ...CRAWL.faults, foreign: fault } }],
    ['no error at a target that did nothing wrong', { faults: { ...CRAWL.faults, innocent: fault } }],
    ['no unhandled rejection, exception or warning', { faults: { ...CRAWL.faults, loose: fault } }],
    ['every call settles, within 120.0 s', { unsettled: 1 }],
    ['the run has seen what it is about', { seen: { ...CRAWL.seen, aborts: 0 } }],
    ['connections <= maxConn', { maxConn: 99 }],
    ['descriptors <= before + maxConn + 40', { before: { ...STILL, descriptors: -21 } }],
    ['after close: no more descriptors than before', { after: { ...STILL, descriptors: 21 } }],
    ['after close: no more timers than before', { after: { ...STILL, timers: 1 } }],
    ['after close: no more listeners than before', { after: { ...STILL, listeners: 1 } }],
    ['after close: stats() counts nothing', { left: 1 }],
    [
      'after close: nothing more keeps the process alive',
      { after: { ...STILL, resources: ['PipeWrap', 'PipeWrap'] } },
    ],
  ])('breaks "%s"', (rule, own) => {
    expect(broken({ crawl: { ...CRAWL, ...own } })).toContain(rule)
  })

  it.each<[string, Partial<TownReport>]>([
    ['no POST arrives twice', { postsTwice: fault }],
    ['no cookie at another host', { foreignCookies: fault }],
  ])('breaks "%s"', (rule, own) => {
    expect(broken({ town: { ...TOWN, ...own } })).toEqual([rule])
  })

  it('does not pass where no POST was put to the test', () => {
    const rules = broken({ town: { ...TOWN, postsUnanswered: 0 } })
    expect(rules).toEqual(['the run has seen what it is about'])
  })

  it('breaks what a single sample breaks', () => {
    expect(broken({ samples: once({ connections: 101 }) })).toEqual(['connections <= maxConn'])
    expect(broken({ samples: once({ descriptors: 161 }) })).toEqual(['descriptors <= before + maxConn + 40'])
    expect(broken({ samples: once({ timers: 233 }) })).toEqual(['timers <= 2 x calls under way + 32'])
    expect(broken({ samples: once({ oldest: 120_001 }) })).toEqual(['every call settles, within 120.0 s'])
    expect(broken({ samples: once({ heap: 900 * MB, rss: 900 * MB }) })).toEqual([])
  })

  it('does not pass a run that did little, or was not measured', () => {
    expect(broken({ samples: samples((at) => ({ calls: at })) })).toEqual(['at least 20 calls a second'])
    expect(broken({ samples: [] })).toEqual(expect.arrayContaining(['at least 20 calls a second']))
    expect(broken({ samples: [] }).filter((rule) => rule.includes('grows'))).toHaveLength(2)
  })

  it('shows what was wrong', () => {
    const crawl = { ...CRAWL, faults: { ...CRAWL.faults, wrong: fault } }
    const figures = judge({ seconds: 600, samples: samples(), crawl, town: TOWN })[0]!.figures
    expect(figures).toContain('GET /a: it is the answer to /b')
  })
})

describe('flat', () => {
  it('lets pass what grows at first and then stays', () => {
    expect(isFlat((at) => (at < 100 ? at * MB : 100 * MB))).toBe(true)
  })

  it('lets pass what sways', () => {
    expect(isFlat((at) => 40 * MB + (at % 20) * MB)).toBe(true)
  })

  it('lets pass what falls', () => {
    expect(isFlat((at) => 900 * MB - at * MB)).toBe(true)
  })

  it('breaks at what grows all the time, however slowly it is seen to', () => {
    const { share, bytes } = SLACK.heap
    // From 150 s to 550 s, the middles of the second and the last sixth.
    const most = (40 * MB * share + bytes) / 400
    expect(isFlat((at) => 40 * MB + at * most * 0.9)).toBe(true)
    expect(isFlat((at) => 40 * MB + at * most * 1.2)).toBe(false)
  })

  it('says how much a call keeps', () => {
    const { figures } = flat(
      'heap',
      samples((at) => ({ heap: 40 * MB + at * 100 * 500 })),
      600,
    )
    expect(figures).toContain('500.0 bytes a call')
  })

  it('takes the last sample of a run that is somewhat late', () => {
    const late = [10, 12, 14, 51, 58, 61].map((at) => sample(at))
    expect(flat('rss', late, 60).kept).toBe(true)
    expect(flat('rss', late.slice(0, -1), 60).figures).toBe('3 and 2 samples are too few')
  })
})
