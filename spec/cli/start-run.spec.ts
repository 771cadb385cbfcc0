import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { ReportFile } from '../../lib/cli/report-file.ts'
import { startRun } from '../../lib/cli/start-run.ts'
import { Journal } from '../../lib/jobs/journal/journal.ts'
import { SimClock } from '../../lib/testing/sim-clock.ts'

let folder = ''
let path = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trawl-report-'))
  path = join(folder, 'report.jsonl')
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

const line = (n: number): string => JSON.stringify({ url: `http://a.test/${n}`, message: 'é'.repeat(n % 5) })

/** One run of the job: finishes the items `done`, each in the journal and then in the report. */
async function run(done: readonly number[], isKilled = false, report = path): Promise<void> {
  const journal = await Journal.open(join(folder, 'job'), {
    fsync: false,
    clock: new SimClock(),
    note: () => {},
  })
  const file = await ReportFile.open(report)
  await startRun(journal, file)
  for (const n of done) {
    journal.add(journal.makeKey(String(n)), true, line(n))
    await file.add(line(n))
  }
  await file.close()
  if (!isKilled) journal.endRun({})
  await journal.close()
}

const read = (report = path): string => readFileSync(report, 'utf8')
const linesOf = (...numbers: readonly number[]): string => numbers.map((n) => `${line(n)}\n`).join('')

describe('the report of a job', () => {
  it('has what was there before, then every item once, whatever a killed run has left of it', async () => {
    const before = '{"of":"somebody"}\n'
    writeFileSync(path, before)
    await run([1, 2, 3], true)
    const whole = readFileSync(path)
    expect(whole.toString()).toBe(before + linesOf(1, 2, 3))
    for (let length = before.length; length <= whole.length; length++) {
      writeFileSync(path, whole.subarray(0, length))
      await run([], true)
      expect(read()).toBe(whole.toString())
    }
    writeFileSync(path, whole.subarray(0, whole.length - 1))
    await run([4])
    await run([5])
    expect(read()).toBe(before + linesOf(1, 2, 3, 4, 5))
  })

  it('is made anew when it is gone, or cut to less than there was before the job', async () => {
    const before = 'theirs\n'
    writeFileSync(path, before)
    await run([1, 2])
    for (let length = 0; length < before.length; length++) {
      writeFileSync(path, before.slice(0, length))
      await run([])
      expect(read()).toBe((length === 0 ? '' : `${before.slice(0, length)}\n`) + linesOf(1, 2))
    }
    rmSync(path)
    await run([3])
    expect(read()).toBe(linesOf(1, 2, 3))
    await run([4])
    expect(read()).toBe(linesOf(1, 2, 3, 4))
  })

  it('keeps a file that was put in its place, longer or shorter, and says all behind it', async () => {
    await run([1, 2])
    const { length } = read()
    for (const size of [1, length - 1, length, length + 1, 10 * length]) {
      const other = `${'x'.repeat(size)}\n`
      writeFileSync(path, other)
      await run([])
      expect(read()).toBe(other + linesOf(1, 2))
      await run([])
      expect(read()).toBe(other + linesOf(1, 2))
    }
    await run([3])
    expect(read().endsWith(linesOf(1, 2, 3))).toBe(true)
  })

  it('keeps what others have added between runs, and does not say anything twice for that', async () => {
    await run([1, 2])
    writeFileSync(path, 'theirs\nunfinished', { flag: 'a' })
    await run([3], true)
    const parts = `${linesOf(1, 2)}theirs\nunfinished\n`
    expect(read()).toBe(parts + linesOf(3))
    for (let cut = 0; cut <= linesOf(3).length; cut++) {
      writeFileSync(path, read().slice(0, -1 - cut))
      await run([], true)
      expect(read()).toBe(parts + linesOf(3))
    }
    writeFileSync(path, 'more\n', { flag: 'a' })
    await run([4])
    await run([5])
    expect(read()).toBe(`${parts + linesOf(3)}more\n${linesOf(4, 5)}`)
    // A line of the first part is gone: what is behind it cannot be told from others' any more.
    writeFileSync(path, read().slice(0, linesOf(1).length + 5))
    await run([])
    expect(read()).toBe(linesOf(1, 2, 3, 4, 5))
  })

  it('gets all of it when the job has none before, and again when that run was killed in it', async () => {
    const second = join(folder, 'second.jsonl')
    await run([1, 2, 3])
    await run([4], true, second)
    expect(read(second)).toBe(linesOf(1, 2, 3, 4))
    const whole = read(second)
    for (const length of [0, 3, linesOf(1).length, whole.length - 3]) {
      writeFileSync(second, whole.slice(0, length))
      await run([], true, second)
      expect(read(second)).toBe(whole)
    }
    // The first one has been left behind meanwhile.
    await run([5])
    expect(read()).toBe(linesOf(1, 2, 3, 4, 5))
  })

  it('is told where it was, though a run without a report came between', async () => {
    await run([1])
    const journal = await Journal.open(join(folder, 'job'), {
      fsync: false,
      clock: new SimClock(),
      note: () => {},
    })
    await startRun(journal, null)
    journal.add(journal.makeKey('2'), true, line(2))
    await journal.close()
    await run([3])
    expect(read()).toBe(linesOf(1, 2, 3))
  })

  it('has items that failed, and were tried again, as often as they were', async () => {
    await run([1])
    const journal = await Journal.open(join(folder, 'job'), {
      fsync: false,
      clock: new SimClock(),
      note: () => {},
    })
    journal.add(journal.makeKey('2'), false, line(2))
    await journal.retryFailed()
    journal.add(journal.makeKey('2'), true, line(2))
    await journal.close()
    await run([])
    expect(read()).toBe(linesOf(1, 2, 2))
  })
})
