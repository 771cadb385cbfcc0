import { mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FileError } from '../../lib/index.ts'
import { HtmlReport } from '../../lib/reports/html-report.ts'
import type { RunEnd } from '../../lib/reports/run-outcome.ts'
import { SimClock } from '../../lib/testing/sim-clock.ts'
import { HandClient } from './hand-client.ts'
import { makeOutcome } from './made-outcome.ts'

const END: RunEnd = { elapsedMs: 1_000, stopped: '', stats: null }
const HOSTILE =
  '"><script>alert(1)</script><img src=x onerror=alert(2)>\'`${1}</title></style></script><!--\u202eevil\0'

let folder: string

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'trawl-page-'))
})

afterEach(() => rm(folder, { recursive: true, force: true }))

describe('a page about a run', () => {
  it('is there when it is closed, whole, and nothing else is left in its folder', async () => {
    const path = join(folder, 'page.html')
    const report = await HtmlReport.open(path, { title: 'a run' })
    expect(await readdir(folder)).toEqual([])
    report.add(makeOutcome())
    await report.close(END)
    expect(await readdir(folder)).toEqual(['page.html'])
    const text = await readFile(path, 'utf8')
    expect(text).toMatch(/^<!doctype html>[^]*<\/html>\n$/)
  })

  it('replaces one that is there, and follows a link', async () => {
    await writeFile(join(folder, 'old.html'), 'old')
    await symlink('old.html', join(folder, 'link.html'))
    const report = await HtmlReport.open(join(folder, 'link.html'), { title: 'a run' })
    expect(await readFile(join(folder, 'old.html'), 'utf8')).toBe('old')
    await report.close(END)
    expect(await readFile(join(folder, 'old.html'), 'utf8')).toContain('a run')
    expect((await readdir(folder)).toSorted()).toEqual(['link.html', 'old.html'])
  })

  it('is refused at once where it cannot be written', async () => {
    await mkdir(join(folder, 'sub'))
    const opening = HtmlReport.open(join(folder, 'sub'), { title: '' })
    await expect(opening).rejects.toThrow(/cannot write .*sub: it is a folder/)
    const missing = HtmlReport.open(join(folder, 'none', 'page.html'), { title: '' })
    await expect(missing).rejects.toThrow(FileError)
    await expect(missing).rejects.toThrow(/its folder does not exist/)
    await expect(HtmlReport.open('/dev/null', { title: '' })).rejects.toThrow(/it is no file/)
    expect((await stat('/dev/null')).isCharacterDevice()).toBe(true)
  })

  it('that cannot be written at the end says so, and leaves what was there', async () => {
    const path = join(folder, 'sub', 'page.html')
    await mkdir(join(folder, 'sub'))
    const report = await HtmlReport.open(path, { title: 'a run' })
    await rm(join(folder, 'sub'), { recursive: true })
    await expect(report.close(END)).rejects.toThrow(FileError)
  })

  it('has no text from outside as a tag, in whatever place', async () => {
    const path = join(folder, 'page.html')
    const client = new HandClient(911)
    const report = await HtmlReport.open(path, { title: HOSTILE, note: HOSTILE, clientId: 911 })
    const connection = client.dial(`http://${HOSTILE}`)
    client.answer(connection, client.send(connection, `http://${HOSTILE}/`), 500)
    client.close(connection, 1)
    const failed = { ok: false, status: 0, error: HOSTILE, message: HOSTILE }
    report.add(makeOutcome({ url: HOSTILE, host: HOSTILE, clientIp: HOSTILE, cache: HOSTILE }))
    report.add(makeOutcome({ ...failed, url: HOSTILE, host: HOSTILE, clientIp: HOSTILE }))
    await report.close({ ...END, stopped: HOSTILE })
    const text = await readFile(path, 'utf8')
    const scripts = [...text.matchAll(/<script/g)]
    expect(scripts).toHaveLength(1)
    expect(text).not.toMatch(/<img|onerror=|\u202e|\0/)
    expect(text.match(/&#60;script&#62;alert\(1\)/g)!.length).toBeGreaterThan(8)
  })

  it('has one policy, which lets nothing run but what is in it', async () => {
    const path = join(folder, 'page.html')
    await (await HtmlReport.open(path, { title: 'a run' })).close(END)
    const text = await readFile(path, 'utf8')
    const [policy] = /default-src 'none'[^"]*/.exec(text)!
    expect(policy).not.toMatch(/unsafe|http|\*/)
    expect(text).not.toMatch(/ style=| on[a-z]+=|javascript:|src="|href="(?!data:,")/)
  })

  it('shows what waits, what is paused and how many bytes came, as it is told now and then', async () => {
    const clock = new SimClock()
    const path = join(folder, 'page.html')
    let bytes = 0
    const target = { paused: 5, refusals: 2, delay: 0, target: 'http://one.test', waiting: 4 }
    const stats = () =>
      ({ bytes, waiting: 4, targets: [target], clientIps: [], dialled: 3, reused: 7 }) as never
    const report = await HtmlReport.open(path, { title: 'a run', clock, stats })
    bytes = 3 * 1_048_576
    await clock.advance(600)
    await report.close({ elapsedMs: 600, stopped: '', stats: stats() })
    const text = await readFile(path, 'utf8')
    expect(text).toContain('<dd id="total-reused">7</dd>')
    expect(text).toMatch(/id="table-targets"[^]*http:\/\/one\.test/)
    expect(text).toMatch(/id="plot-refusals"[^]*<polyline/)
    // 3 MiB in 500 ms.
    expect(text).toContain('MiB a second: 6, 0.00 ms to 100 ms')
  })

  it('is small whatever the length of the run', async () => {
    const path = join(folder, 'page.html')
    const clock = new SimClock()
    const client = new HandClient(912)
    const report = await HtmlReport.open(path, { title: 'a run', clock, clientId: 912 })
    const connections = Array.from({ length: 30 }, (_, i) => client.dial(`http://h${i}.test`))
    for (let i = 0; i < 20_000; i++) {
      const connection = connections[i % 30]!
      client.answer(connection, client.send(connection, `http://h${i % 30}.test/${'p'.repeat(2_000)}`))
      report.add(
        makeOutcome({ host: `h${i % 3_000}.test`, clientIp: `10.0.${i % 40}.1`, error: `ERR_${i % 500}` }),
      )
    }
    await report.close({ ...END, elapsedMs: 10_000_000 })
    expect((await stat(path)).size).toBeLessThan(3_000_000)
  })
})
