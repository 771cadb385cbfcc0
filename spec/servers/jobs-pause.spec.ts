import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Bench, type Ran } from '../cli/run-trawl.ts'
import { NINE, pausesOf, RefusingSite, TENTH, type TimedRequest } from '../jobs-runs/refusing-site.ts'
import { describeWith } from './describe-with.ts'
import { nginxProgram } from './nginx.ts'

const PAGES = 40
const OF_TENTH = 40
/** Requests of the tenth at once, and each second. */
const ALLOWED = 10
/** As many as one host may have. */
const MAX_CONN = 6
/** nginx's clock moves on between events only, ms. */
const SLACK = 50

describeWith([nginxProgram], 'a job over ten hosts, one of which answers 429 with Retry-After', () => {
  let site: RefusingSite
  let bench: Bench
  let ran: Ran
  let requests: readonly TimedRequest[] = []

  beforeAll(async () => {
    bench = await Bench.make()
    site = await RefusingSite.start(ALLOWED)
    const urlsOf = (host: string, count: number): string[] =>
      Array.from({ length: count }, (_, n) => `${site.urlOf(host, n)}\n`)
    const list = [TENTH, ...NINE].flatMap((host) => urlsOf(host, host === TENTH ? OF_TENTH : PAGES))
    writeFileSync(bench.path('urls.txt'), list.join(''))
    const args = [
      'get',
      '--input',
      'urls.txt',
      '--job',
      'job',
      '--output-dir',
      'out',
      '--report',
      'report.jsonl',
    ]
    args.push('--max-conn', String(MAX_CONN), '--resolve', `*:${site.nginx.port}:127.0.0.1`)
    ran = await bench.spawn([...args, '--progress', 'none', '--retry', '20'])
    requests = site.requests()
  }, 60_000)

  afterAll(async () => {
    await site?.[Symbol.asyncDispose]()
    await bench?.dispose()
  })

  it('fetches all of them, and says who was paused', async () => {
    const all = NINE.length * PAGES + OF_TENTH
    expect(ran.stderr).toContain(`${all} ok, 0 failed`)
    expect(ran.stderr).toMatch(new RegExp(`http://${TENTH}:\\d+: .*last for a 429`))
    expect(ran.code).toBe(0)
    expect(new Set((await bench.report()).map(({ url }) => url)).size).toBe(all)
    expect(Object.values(await bench.files('out')).toSorted()).toEqual(
      [TENTH, ...NINE]
        .flatMap((host) =>
          Array.from({ length: host === TENTH ? OF_TENTH : PAGES }, (_, n) => site.bodyOf(host, n)),
        )
        .toSorted(),
    )
  })

  it('asks it for nothing before the time it named, but for what was in flight', () => {
    const pauses = pausesOf(requests, SLACK)
    expect(pauses.length).toBeGreaterThan(1)
    for (const { during, resumedAfter } of pauses) {
      expect(during).toBeLessThan(MAX_CONN)
      expect(resumedAfter).toBeLessThan(Infinity)
    }
  })

  it('has done the nine before it is asked again', () => {
    const [first] = pausesOf(requests, SLACK)
    const again = first!.at + first!.resumedAfter
    const served = requests.filter(({ host, began }) => host !== TENTH && began < again)
    expect(served).toHaveLength(NINE.length * PAGES)
  })
})
