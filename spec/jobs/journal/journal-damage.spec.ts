import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../lib/core/limits.ts'
import { Journal } from '../../../lib/jobs/journal/journal.ts'
import { entriesOf, HandClock, JobFolder } from './journal-stand.ts'

const { clock } = new HandClock()
const ITEMS = ['a', 'b', 'c', 'd']

/** A small journal: a run, four entries of which two have failed, one of them tried again. */
async function smallJournal(folder: JobFolder): Promise<Buffer> {
  const journal = await folder.open({ clock })
  journal.startRun({ pid: 1 })
  for (const [n, item] of ITEMS.entries()) journal.add(journal.makeKey(item), n < 2, `{"url":"${item}"}`)
  await journal.retryFailed()
  journal.add(journal.makeKey('c'), true, '{"url":"c","again":true}')
  journal.endRun({ ok: 3 })
  await journal.close()
  return folder.read()
}

/** How far each line of it goes. */
function lineEnds(bytes: Buffer): number[] {
  return [...bytes.entries()].filter(([, byte]) => byte === 0x0a).map(([at]) => at + 1)
}

describe('a damaged journal', () => {
  it(
    'cut off at any byte: what is whole counts, and the rest is written anew',
    { timeout: 60_000 },
    async () => {
      using folder = new JobFolder()
      const whole = await smallJournal(folder)
      const ends = lineEnds(whole)
      for (let size = 0; size <= whole.length; size++) {
        folder.write(whole.subarray(0, size))
        folder.notes.length = 0
        const journal = await folder.open({ clock })
        const lines = ends.filter((end) => end <= size).length
        const isCut = size > 0 && !ends.includes(size)
        expect(folder.notes.length).toBe(isCut ? 1 : 0)
        // The job, the run, a, b, c, d, the retry, c again, the end of the run.
        const ok = lines < 3 ? 0 : Math.min(lines - 2, 2) + (lines >= 8 ? 1 : 0)
        const failed = lines === 5 ? 1 : lines === 6 ? 2 : 0
        expect({ ...journal.counts }).toEqual({ ok, failed })
        for (const item of ITEMS) journal.add(journal.makeKey(item), true, '{"late":true}')
        await journal.close()
        const contents = await Journal.read(folder.path)
        expect(contents.status).toMatchObject({ ok: 4 - failed, failed, damaged: 0 })
        expect(contents.status.size).toBe(folder.read().length)
        expect(await entriesOf(contents)).toHaveLength(4)
      }
    },
  )

  it('with zeros at its end, as a lost disk cache leaves them', async () => {
    using folder = new JobFolder()
    const whole = await smallJournal(folder)
    for (const cut of [0, 1, 5, 40, 200, whole.length]) {
      folder.write(Buffer.concat([whole.subarray(0, whole.length - cut), Buffer.alloc(4_096)]))
      const journal = await folder.open()
      expect(journal.status.damaged).toBe(0)
      for (const item of ITEMS) journal.add(journal.makeKey(item), true, '{}')
      await journal.close()
      expect(folder.read().includes(0)).toBe(false)
      expect((await Journal.read(folder.path)).status).toMatchObject({ damaged: 0 })
    }
    expect(folder.notes).toHaveLength(6)
  })

  it('with any byte turned into another one: the other lines count', { timeout: 60_000 }, async () => {
    using folder = new JobFolder()
    const whole = await smallJournal(folder)
    const [first = 0] = lineEnds(whole)
    for (const byte of [0x00, 0x20, 0x0a]) {
      for (let at = first; at < whole.length; at++) {
        const damaged = Buffer.from(whole)
        damaged[at] = byte
        folder.write(damaged)
        const contents = await Journal.read(folder.path)
        const entries = await entriesOf(contents)
        const { ok, failed } = contents.counts
        expect(entries.length).toBe(ok + failed)
        // Of one line, or of two whose line end is lost; a space may well stand in an entry's text.
        expect(ok).toBeGreaterThanOrEqual(1)
        expect(ok + failed).toBeLessThanOrEqual(4)
      }
    }
  })

  it('with a page of zeros in its middle: those lines are told, and done again', async () => {
    using folder = new JobFolder()
    const journal = await folder.open()
    for (let n = 0; n < 100; n++) journal.add(journal.makeKey(String(n)), true, `{"n":${n}}`)
    await journal.close()
    const bytes = folder.read()
    bytes.fill(0, 1_000, 2_000)
    folder.write(bytes)
    const again = await folder.open()
    const { ok, damaged } = again.status
    expect(damaged).toBe(1)
    expect(ok).toBeGreaterThan(70)
    expect(folder.notes).toEqual([
      `${folder.file}: 1 damaged lines are left out; what they told is done again`,
    ])
    for (let n = 0; n < 100; n++) again.add(again.makeKey(String(n)), true, `{"n":${n}}`)
    expect(again.counts).toEqual({ ok: 100, failed: 0 })
    expect(new Set((await entriesOf(again)).map(({ line }) => line)).size).toBe(100)
    await again.close()
  })

  it('without its first line it is refused, and left as it is', async () => {
    using folder = new JobFolder()
    const whole = await smallJournal(folder)
    for (const at of [0, 1, 8, 20, 60]) {
      const damaged = Buffer.from(whole)
      damaged[at] = 0
      folder.write(damaged)
      await expect(folder.open()).rejects.toThrow(/damaged|no journal/)
      expect(folder.read().equals(damaged)).toBe(true)
    }
  })

  it('with CR LF, as an editor leaves it, it is the same', async () => {
    using folder = new JobFolder()
    const whole = await smallJournal(folder)
    folder.write(whole.toString().replaceAll('\n', '\r\n'))
    const journal = await folder.open()
    expect(journal.status).toMatchObject({ ok: 3, failed: 0, damaged: 0, runs: 1 })
    expect((await entriesOf(journal)).map(({ line }) => line)).toEqual([
      '{"url":"a"}',
      '{"url":"b"}',
      '{"url":"c","again":true}',
    ])
    await journal.close()
  })

  it('with entries of an item that was finished: the first of them counts, everywhere', async () => {
    using folder = new JobFolder()
    const whole = (await smallJournal(folder)).toString()
    const lines = whole.split('\n')
    folder.write(`${whole}${lines[2]!.replace('true', 'false')}\n${lines[3]}\n`)
    const journal = await folder.open()
    expect(journal.counts).toEqual({ ok: 3, failed: 0 })
    expect((await entriesOf(journal)).map(({ line }) => line)).toEqual([
      '{"url":"a"}',
      '{"url":"b"}',
      '{"url":"c","again":true}',
    ])
    expect(await entriesOf(journal, { all: true })).toHaveLength(7)
    await journal.close()
  })

  it(
    'with lines longer than any it would write: they are left out, wherever they stand',
    { timeout: 60_000 },
    async () => {
      using folder = new JobFolder()
      const whole = await smallJournal(folder)
      const [, second = 0] = lineEnds(whole)
      const long = LIMITS.maxJournalLine
      for (const size of [long - 1, long, long + 1, 2 * long, 3 * long + 5]) {
        const line = Buffer.alloc(size, 'x')
        line[size - 1] = 0x0a
        folder.write(
          Buffer.concat([whole.subarray(0, second), line, whole.subarray(second), line, line.subarray(1)]),
        )
        const journal = await folder.open()
        expect(journal.status).toMatchObject({ ok: 3, failed: 0, damaged: 3 })
        expect(await entriesOf(journal)).toHaveLength(3)
        await journal.close()
        folder.write(Buffer.concat([whole, line.subarray(0, -1)]))
        const cut = await folder.open()
        expect(cut.status).toMatchObject({ ok: 3, damaged: 0, size: whole.length })
        await cut.close()
      }
    },
  )

  it('of many lines of all sizes, none is lost where one read ends and the next begins', async () => {
    using folder = new JobFolder()
    const journal = await folder.open()
    const sizes = Array.from({ length: 3_000 }, (_, n) => (n * 37) % 1_500)
    for (const [n, size] of sizes.entries()) {
      journal.add(journal.makeKey(String(n)), true, `{"n":${n},"x":"${'x'.repeat(size)}"}`)
    }
    await journal.close()
    expect(folder.read().length).toBeGreaterThan(5 * LIMITS.journalReadSize)
    const contents = await Journal.read(folder.path)
    expect(contents.counts).toEqual({ ok: 3_000, failed: 0 })
    let n = 0
    for await (const { line } of contents.entries()) {
      const parsed = JSON.parse(line) as { n: number; x: string }
      expect([parsed.n, parsed.x.length]).toEqual([n, sizes[n++]])
    }
    expect(n).toBe(3_000)
  })
})
