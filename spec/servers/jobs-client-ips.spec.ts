import { writeFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Bench, type Ran } from '../cli/run-trawl.ts'
import { describeWith } from './describe-with.ts'
import { Haproxy, haproxyProgram } from './haproxy.ts'
import { Nginx, nginxProgram } from './nginx.ts'
import { before } from './server-process.ts'
import { pageOf, siteLocations, writeSite } from './site.ts'

const IPS = ['127.0.0.2', '127.0.0.3', '127.0.0.4']
const BLOCKED = '127.0.0.3'
const PAGES = 2_400
const OTHERS = 300
/** Requests after which HAProxy blocks one of them. */
const ALLOWED = 500
const PER_TARGET = 6

/** Before nginx; counts by address, and blocks one for the host `shop.test`. Its log has the address before the path. */
function startGuard(nginx: Nginx): Promise<Haproxy> {
  return Haproxy.start({
    sections: ({ plain }) => `
      frontend front
        bind 127.0.0.1:${plain}
        log-format "%cp %ST %ts %HM %ci|%[var(txn.host)]%HU"
        http-request set-var(txn.host) req.hdr(host),field(1,:)
        stick-table type ip size 100 expire 10m store http_req_cnt
        http-request track-sc0 src if { hdr_beg(host) shop.test }
        http-request deny deny_status 403 if { src ${BLOCKED} } { sc_http_req_cnt(0) gt ${ALLOWED} }
        default_backend site
      backend site
        http-reuse always
        server nginx 127.0.0.1:${nginx.port}
    `,
  })
}

describeWith([nginxProgram, haproxyProgram], 'a job from three client IPs, one of which gets blocked', () => {
  let nginx: Nginx
  let haproxy: Haproxy
  let bench: Bench
  let ran: Ran
  /** In the order in which they were answered. */
  let log: { from: string; host: string; status: number }[] = []

  beforeAll(async () => {
    bench = await Bench.make()
    nginx = await Nginx.start({
      servers: ({ plain }, folder) => {
        writeSite(folder, ['shop.test', 'other.test'], PAGES)
        return `server { listen 127.0.0.1:${plain}; server_name shop.test other.test; ${siteLocations(folder)} }`
      },
    })
    haproxy = await before(nginx, () => startGuard(nginx))
    const lineOf = (host: string, n: number): string =>
      `http://${host}:${haproxy.port}${pageOf(host, n).path}\n`
    const lines = Array.from({ length: PAGES }, (_, n) => lineOf('shop.test', n))
    const others = Array.from({ length: OTHERS }, (_, n) => lineOf('other.test', n))
    writeFileSync(bench.path('urls.txt'), [...lines, ...others].join(''))
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
    args.push(
      '--client-ip',
      IPS.join(','),
      '--move-after-refusal',
      '--max-conn-per-target',
      String(PER_TARGET),
    )
    ran = await bench.spawn([...args, '--resolve', `*:${haproxy.port}:127.0.0.1`, '--progress', 'none'])
    const entries = await haproxy.logged(PAGES + OTHERS, () => true)
    log = entries.map(({ path, status }) => {
      const [from = '', host = ''] = path.split(/[|/]/)
      return { from, host, status }
    })
  }, 60_000)

  afterAll(async () => {
    await haproxy?.[Symbol.asyncDispose]()
    await nginx?.stop()
    await bench?.dispose()
  })

  it('comes to its end, and no URL fails', async () => {
    expect(ran.stderr).toContain(`${(PAGES + OTHERS).toLocaleString('en')} ok, 0 failed`)
    expect(ran.code).toBe(0)
    const report = await bench.report()
    expect(new Set(report.map(({ url }) => url)).size).toBe(PAGES + OTHERS)
    expect(report).toHaveLength(PAGES + OTHERS)
    expect(new Set(report.map(({ status }) => status))).toEqual(new Set([200]))
  })

  it('every file has its own bytes', async () => {
    const files = Object.values(await bench.files('out'))
    const bodies = [
      ...Array.from({ length: PAGES }, (_, n) => pageOf('shop.test', n).body),
      ...Array.from({ length: OTHERS }, (_, n) => pageOf('other.test', n).body),
    ]
    expect(files.toSorted()).toEqual(bodies.toSorted())
  })

  it('the blocked pair is left alone after three rounds, and the others do its part', () => {
    const ofShop = log.filter(({ host }) => host === 'shop.test')
    const count = (from: string, status: number): number =>
      ofShop.filter((entry) => entry.from === from && entry.status === status).length
    expect(count(BLOCKED, 200)).toBe(ALLOWED)
    // Refusals in a row that set a pair aside are three, and what was in flight with one is no other.
    expect(count(BLOCKED, 403)).toBeGreaterThanOrEqual(3)
    expect(count(BLOCKED, 403)).toBeLessThanOrEqual(4 * PER_TARGET)
    const rest = IPS.filter((ip) => ip !== BLOCKED)
    expect(rest.map((ip) => count(ip, 403))).toEqual([0, 0])
    expect(rest.reduce((sum, ip) => sum + count(ip, 200), 0)).toBe(PAGES - ALLOWED)
    const last = ofShop.findLastIndex(({ from }) => from === BLOCKED)
    expect(ofShop.length - last).toBeGreaterThan((PAGES - ALLOWED) / 4)
  })

  it('the other host goes on being asked from it', () => {
    const ofOther = log.filter(({ host }) => host === 'other.test')
    expect(ofOther).toHaveLength(OTHERS)
    for (const ip of IPS) expect(ofOther.filter(({ from }) => from === ip).length).toBe(OTHERS / IPS.length)
  })

  it('the summary tells it', () => {
    expect(ran.stderr).toMatch(
      new RegExp(
        `set aside +127\\.0\\.0\\.3 for shop\\.test:${haproxy.port}, once, .*the host refuses it \\(403, 429\\)`,
      ),
    )
    for (const ip of IPS) expect(ran.stderr).toMatch(new RegExp(`client IP +${ip}: [\\d,]+ ok, 0 failed`))
    expect(ran.stderr).toMatch(/retries +\d+/)
  })
})
