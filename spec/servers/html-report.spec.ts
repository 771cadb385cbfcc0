import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { HtmlReport } from '../../lib/reports/html-report.ts'
import { HandClient } from '../reports/hand-client.ts'
import { makeOutcome } from '../reports/made-outcome.ts'
import { Chromium, chromiumProgram, type Page } from './chromium.ts'
import { describeWith } from './describe-with.ts'
import { type Nginx, nginxProgram } from './nginx.ts'
import { HOSTS, type PageRun, runWithPage, startSite } from './page-run.ts'

const ITEMS = 900

function total(page: Page, name: string): Promise<string> {
  return page.evaluate(`document.querySelector('#total-${name}').firstChild.data`)
}

/** `1,234`. */
function plain(value: number): string {
  return value.toLocaleString('en-US')
}

/** The head of a column, from 1. */
function head(column: number): string {
  return `#table-latency thead th:nth-child(${column})`
}

/** A page of a real run, in a real browser. */
describeWith([nginxProgram, chromiumProgram], 'the page of a run', () => {
  let folder: string
  let url: string
  let nginx: Nginx
  let chromium: Chromium
  let page: Page
  let run: PageRun

  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'trawl-page-'))
    nginx = await startSite()
    const path = join(folder, 'page.html')
    run = await runWithPage(nginx, path, ITEMS)
    url = pathToFileURL(path).href
    chromium = Chromium.start()
    page = await chromium.open()
    await page.resize(900, 1_000)
    await page.show('screen', 'light')
    await page.goto(url)
  })

  afterAll(async () => {
    await chromium?.stop()
    await nginx?.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  /** The cells of a column of a table, as it stands now: their numbers where they have some. */
  function column(table: string, index: number): Promise<(string | number)[]> {
    return page.evaluate(`[...document.querySelector('#${table}').tBodies[0].rows].map((row) => {
      const { value } = row.cells[${index}].dataset
      return value === undefined ? row.cells[${index}].textContent : Number(value)
    })`)
  }

  function count(matches: (outcome: PageRun['outcomes'][number]) => boolean): number {
    return run.outcomes.filter(matches).length
  }

  it('asks for nothing but itself, and nobody complains', async () => {
    await page.point('#plot-latency rect')
    await page.point('#table-hosts thead button', true)
    expect(page.requests).toEqual([url])
    expect(page.complaints).toEqual([])
    expect(readdirSync(folder)).toEqual(['page.html'])
  })

  it('has the totals of the run', async () => {
    expect(await total(page, 'done')).toBe(plain(ITEMS))
    expect(await total(page, 'ok')).toBe(plain(count(({ ok }) => ok)))
    expect(await total(page, 'failed')).toBe(plain(count(({ ok }) => !ok)))
    expect(await total(page, 'dialled')).toBe(plain(run.dialled))
    expect(await total(page, 'reused')).toBe(plain(run.reused))
    expect(count(({ ok }) => !ok)).toBeGreaterThan(10)
  })

  it('has a row for each host, client IP, status and error, with the right numbers', async () => {
    const hosts = (await column('table-hosts', 0)) as string[]
    expect(hosts.toSorted()).toEqual(HOSTS.map((host) => `${host}:${nginx.port}`).toSorted())
    for (const [place, done] of [count, count, count].entries()) {
      const wanted = hosts.map((host) => done((o) => o.host === host && [true, o.ok, !o.ok][place]!))
      expect(await column('table-hosts', place + 1)).toEqual(wanted)
    }
    const ips = (await column('table-client-ips', 0)) as string[]
    expect(ips.toSorted()).toEqual(['127.0.0.1', '127.0.0.2'])
    expect(await column('table-client-ips', 1)).toEqual(
      ips.map((ip) => count(({ clientIp }) => clientIp === ip)),
    )
    const statuses = (await column('table-statuses', 0)) as number[]
    expect(statuses).toContain(404)
    expect(await column('table-statuses', 1)).toEqual(
      statuses.map((one) => count(({ status }) => status === one)),
    )
    expect(await column('table-errors', 0)).toEqual(['ERR_CONNECTION_CLOSED'])
    expect(await column('table-errors', 1)).toEqual([count(({ error }) => error !== '')])
  })

  it('has plots that show these numbers, each with a name and a table', async () => {
    const tips = (plot: string): Promise<string[]> =>
      page.evaluate(`[...document.querySelectorAll('#${plot} title, #${plot} [data-tip]')].map(
        (each) => each.dataset.tip ?? each.textContent)`)
    const shop = `shop.test:${nginx.port}`
    const done = count(({ host, ok }) => ok && host === shop)
    expect(await tips('plot-status')).toContain(`${shop}: ${done} 2xx`)
    const lines = await tips('plot-latency')
    expect(HOSTS.every((host) => lines.some((tip) => tip.startsWith(`${host}:${nginx.port}: p50 `)))).toBe(
      true,
    )
    for (const plot of ['plot-requests', 'plot-bytes']) expect((await tips(plot)).length).toBeGreaterThan(2)
    const names = await page.evaluate<string[]>(
      `[...document.querySelectorAll('svg[role=img]')].map((each) => each.getAttribute('aria-label'))`,
    )
    expect(names.length).toBeGreaterThanOrEqual(7)
    expect(names.every((name) => name.length > 5)).toBe(true)
    const sections = `[...document.querySelectorAll('section:has(svg[role=img])')].every((each) => each.querySelector('table'))`
    expect(await page.evaluate(sections)).toBe(true)
    expect((await column('table-time', 2)).reduce((sum: number, ok) => sum + Number(ok), 0)).toBe(
      count(({ ok }) => ok),
    )
  })

  it('shows pipelined exchanges below one another on their connection', async () => {
    const lanes =
      await page.evaluate<number>(`new Set([...document.querySelectorAll('#plot-timeline-0 .sent')]
      .filter((each) => /shop\\.test/.test(each.dataset.tip ?? each.textContent))
      .map((each) => each.getAttribute('y'))).size`)
    // Two client IPs, two connections each, four requests in flight.
    expect(lanes).toBeGreaterThanOrEqual(8)
    const deepest = Math.max(...((await column('table-connections', 6)) as number[]))
    expect(deepest).toBe(4)
  })

  it('sorts its tables, up and down, numbers as numbers', async () => {
    const sortOf = (n: number): Promise<string> =>
      page.evaluate(`document.querySelector('${head(n)}').getAttribute('aria-sort')`)
    await page.point(`${head(6)} button`, true)
    expect(await sortOf(6)).toBe('descending')
    const down = (await column('table-latency', 5)) as number[]
    expect(down).toEqual(down.toSorted((a, b) => b - a))
    expect(new Set(down).size).toBeGreaterThan(1)
    await page.point(`${head(6)} button`, true)
    expect(await sortOf(6)).toBe('ascending')
    expect(await column('table-latency', 5)).toEqual(down.toReversed())
    await page.point(`${head(1)} button`, true)
    expect(await sortOf(6)).toBeNull()
    const names = (await column('table-latency', 0)) as string[]
    expect(names).toEqual(names.toSorted())
  })

  it('says what is pointed at', async () => {
    await page.point('#plot-status rect.s2')
    const tip = await page.evaluate<string>(`document.querySelector('#tip:not([hidden])').textContent`)
    expect(tip).toMatch(/\.test:\d+: \d+ 2xx$/)
  })

  it('fits 900 pixels and paper, and is dark where that is asked for', async () => {
    const wide = 'document.documentElement.scrollWidth'
    const back = `getComputedStyle(document.body).backgroundColor`
    expect(await page.evaluate(wide)).toBeLessThanOrEqual(900)
    expect(await page.evaluate(back)).toBe('rgb(255, 255, 255)')
    await page.show('screen', 'dark')
    expect(await page.evaluate(back)).toBe('rgb(20, 24, 29)')
    await page.show('print', 'dark')
    expect(await page.evaluate(back)).toBe('rgb(255, 255, 255)')
    // A4 at 96 dots an inch, less the margins.
    await page.resize(718, 1_000)
    expect(await page.evaluate(wide)).toBeLessThanOrEqual(718)
    await page.resize(900, 1_000)
    await page.show('screen', 'light')
  })
})

describeWith([chromiumProgram], 'a page about hostile servers', () => {
  const EVIL =
    '"><script>window.ran=1</script><img src=x onerror="window.ran=2">\'</script></title></style><!--'

  it('runs nothing of what they say', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'trawl-page-'))
    const chromium = Chromium.start()
    try {
      const path = join(folder, 'page.html')
      const client = new HandClient(921)
      const report = await HtmlReport.open(path, { title: EVIL, note: EVIL, clientId: 921 })
      const connection = client.dial(EVIL)
      client.answer(connection, client.send(connection, `http://one.test/${EVIL}`), 500)
      client.close(connection, 1)
      const given = { url: EVIL, host: EVIL, clientIp: EVIL, error: EVIL, message: EVIL, cache: EVIL }
      report.add(makeOutcome({ ...given, ok: false, status: 500 }))
      await report.close({ elapsedMs: 5, stopped: EVIL, stats: null })
      const page = await chromium.open()
      await page.goto(pathToFileURL(path).href)
      await page.point('#plot-status rect')
      expect(await page.evaluate('window.ran ?? 0')).toBe(0)
      expect(await page.evaluate(`document.querySelectorAll('img').length`)).toBe(0)
      expect(await page.evaluate('document.scripts.length')).toBe(1)
      expect(await page.evaluate('document.title')).toBe(EVIL)
      expect(
        await page.evaluate(`document.querySelector('#table-errors tbody').rows[0].cells[2].textContent`),
      ).toBe(EVIL)
      expect(await page.evaluate(`document.querySelector('#tip').textContent`)).toBe(`${EVIL}: 1 5xx`)
      expect([page.requests.length, page.complaints]).toEqual([1, []])
    } finally {
      await chromium.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  })

  it('has a policy that would not let it run, were there a mistake in escaping', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'trawl-page-'))
    const chromium = Chromium.start()
    try {
      const path = join(folder, 'page.html')
      const report = await HtmlReport.open(path, { title: 'a run' })
      await report.close({ elapsedMs: 5, stopped: '', stats: null })
      const page = await chromium.open()
      await page.goto(pathToFileURL(path).href)
      await page.evaluate(`(() => {
        const script = document.createElement('script')
        script.textContent = 'window.ran = 1'
        document.body.append(script)
        document.body.insertAdjacentHTML('beforeend', '<img src="http://127.0.0.1:9/x" onerror="window.ran = 2">')
      })()`)
      await page.evaluate('new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 0)))')
      expect(await page.evaluate('window.ran ?? 0')).toBe(0)
      expect(page.complaints.join('\n')).toMatch(/Content Security Policy/)
    } finally {
      await chromium.stop()
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
