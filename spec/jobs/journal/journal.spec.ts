import { statSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { Journal } from '../../../lib/jobs/journal/journal.ts'
import { keyDigits } from '../../../lib/jobs/journal/key.ts'
import { entriesOf, HandClock, JobFolder } from './journal-stand.ts'

const { clock } = new HandClock()
const DATE = '2026-11-21T00:00:00.000Z'

describe('a journal', () => {
  it('goes on where the last one stopped', async () => {
    using folder = new JobFolder()
    const first = await folder.open()
    expect(first.counts).toEqual({ ok: 0, failed: 0 })
    const a = first.makeKey('a')
    const b = first.makeKey('b')
    expect(first.add(a, true, '{"url":"a"}')).toBe(true)
    expect(first.add(b, false, '{"url":"b"}')).toBe(true)
    await first.close()

    const second = await folder.open()
    expect(second.counts).toEqual({ ok: 1, failed: 1 })
    expect(second.makeKey('a')).toEqual(a)
    expect([second.keys.state(a), second.keys.state(b)]).toEqual(['ok', 'failed'])
    expect(second.keys.state(second.makeKey('c'))).toBe('unknown')
    await second.close()
    expect(folder.notes).toEqual([])
  })

  it('is lines of JSON that anyone can read, for the owner alone', async () => {
    using folder = new JobFolder()
    const journal = await folder.open({ clock })
    journal.startRun({ pid: 7 })
    const key = journal.makeKey('a')
    journal.add(key, true, '{"url":"http://a.example/é","text":"a\\nb"}')
    journal.add(journal.makeKey('b'), false, '{}')
    await journal.retryFailed()
    journal.endRun({ why: 'done' })
    await journal.close()
    const lines = folder.read().toString().split('\n')
    expect(lines.pop()).toBe('')
    expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
      { job: 1, created: DATE, seed: expect.stringMatching(/^[0-9a-f]{16}$/) },
      { run: 1, at: DATE, facts: { pid: 7 } },
      { key: keyDigits(key), ok: true, url: 'http://a.example/é', text: 'a\nb' },
      { key: keyDigits(journal.makeKey('b')), ok: false },
      { retry: 1, at: DATE },
      { end: 1, at: DATE, facts: { why: 'done' } },
    ])
    expect(statSync(folder.file).mode & 0o777).toBe(0o600)
    using outer = new JobFolder()
    const made = join(outer.path, 'deep', 'down')
    await (await Journal.open(made, { fsync: true, clock, note: () => undefined })).close()
    expect(statSync(made).mode & 0o777).toBe(0o700)
  })

  it('finishes an item once', async () => {
    using folder = new JobFolder()
    const journal = await folder.open()
    const key = journal.makeKey('a')
    expect(journal.add(key, true, '{"n":1}')).toBe(true)
    const { size } = journal.status
    expect(journal.add(key, true, '{"n":2}')).toBe(false)
    expect(journal.add(key, false, '{"n":3}')).toBe(false)
    expect(journal.counts).toEqual({ ok: 1, failed: 0 })
    expect(journal.status.size).toBe(size)
    expect(folder.read()).toHaveLength(size)
    await journal.close()
    expect(() => journal.add(journal.makeKey('b'), true, '{}')).toThrow('closed')
  })

  it('lets failed items run again, and counts how they ended last', async () => {
    using folder = new JobFolder()
    const first = await folder.open()
    const keys = ['a', 'b', 'c'].map((text) => first.makeKey(text))
    first.add(keys[0]!, true, '{"n":0}')
    first.add(keys[1]!, false, '{"n":1}')
    first.add(keys[2]!, false, '{"n":2}')
    expect(await first.retryFailed()).toBe(2)
    expect(await first.retryFailed()).toBe(0)
    expect(first.counts).toEqual({ ok: 1, failed: 0 })
    expect(keys.map((key) => first.keys.state(key))).toEqual(['ok', 'unknown', 'unknown'])
    await first.close()

    const second = await folder.open()
    expect(keys.map((key) => second.keys.state(key))).toEqual(['ok', 'unknown', 'unknown'])
    expect(second.add(keys[2]!, true, '{"n":3}')).toBe(true)
    expect(second.counts).toEqual({ ok: 2, failed: 0 })
    const linesOf = async (all: boolean): Promise<string[]> =>
      (await entriesOf(second, { all })).map(({ line }) => line)
    expect(await linesOf(false)).toEqual(['{"n":0}', '{"n":3}'])
    expect(await linesOf(true)).toEqual(['{"n":0}', '{"n":1}', '{"n":2}', '{"n":3}'])
    second.add(keys[1]!, false, '{"n":4}')
    expect(await linesOf(false)).toEqual(['{"n":0}', '{"n":3}', '{"n":4}'])
    await second.close()
    expect((await Journal.read(folder.path)).counts).toEqual({ ok: 2, failed: 1 })
  })

  it('gives back the text of each entry, whatever is in it', async () => {
    using folder = new JobFolder()
    const journal = await folder.open()
    const texts = [
      '{}',
      '{"a":1}',
      '{"key":"x","ok":false}',
      JSON.stringify({ text: 'é😀\u2028\u0000\ud800'.repeat(20) }),
      JSON.stringify({ long: 'é'.repeat(300_000) }),
      JSON.stringify({ longer: 'x'.repeat(900_000) }),
      '{"after":true}',
    ]
    for (const [n, text] of texts.entries()) journal.add(journal.makeKey(String(n)), n % 2 === 0, text)
    const entries = await entriesOf(journal)
    expect(entries.map(({ line }) => line)).toEqual(texts)
    expect(entries.map(({ key }) => key)).toEqual(texts.map((_, n) => journal.makeKey(String(n))))
    expect(entries.map(({ ok }) => ok)).toEqual(texts.map((_, n) => n % 2 === 0))
    await journal.close()
    await (await folder.open()).close()
    expect(folder.notes).toEqual([])
  })

  it('takes nothing that would break its lines', async () => {
    using folder = new JobFolder()
    const journal = await folder.open()
    const key = journal.makeKey('a')
    const { size } = journal.status
    for (const text of ['', '[]', '{', '{"a":\n1}', 'null', ' {}']) {
      expect(() => journal.add(key, true, text)).toThrow(TypeError)
    }
    expect(() => journal.add(key, true, `{"a":"${'x'.repeat(1_048_576)}"}`)).toThrow('at most 1048576 bytes')
    expect(() => journal.startRun({ text: 'x'.repeat(1_048_576) })).toThrow('at most 1048576 bytes')
    expect(journal.status.size).toBe(size)
    expect(journal.add(key, true, '{}')).toBe(true)
    await journal.close()
  })

  it('tells of the last runs, and of those that were not ended', async () => {
    using folder = new JobFolder()
    for (let run = 0; run < 120; run++) {
      const journal = await folder.open({ clock })
      journal.startRun({ run })
      if (run % 2 === 0) journal.endRun({ ok: run })
      await journal.close()
    }
    const { runs, lastRuns, created } = (await Journal.read(folder.path)).status
    expect({ runs, kept: lastRuns.length, created }).toEqual({ runs: 120, kept: 100, created: DATE })
    expect(lastRuns.at(-2)).toEqual({
      number: 119,
      started: DATE,
      startFacts: { run: 118 },
      ended: DATE,
      endFacts: { ok: 118 },
    })
    expect(lastRuns.at(-1)).toMatchObject({ number: 120, ended: null, endFacts: null })
  })

  it('can be read while another one writes: what is whole by then', async () => {
    using folder = new JobFolder()
    const journal = await folder.open()
    for (let n = 0; n < 10; n++) journal.add(journal.makeKey(String(n)), n > 3, `{"n":${n}}`)
    const contents = await Journal.read(folder.path)
    const writing = journal.entries()
    expect((await writing.next()).value).toMatchObject({ line: '{"n":0}' })
    journal.add(journal.makeKey('10'), true, '{"n":10}')
    expect(contents.counts).toEqual({ ok: 6, failed: 4 })
    expect(await entriesOf(contents)).toHaveLength(10)
    let rest = 0
    for await (const { line } of writing) rest += line === '{"n":10}' ? 100 : 1
    expect(rest).toBe(9)
    expect(await entriesOf(journal)).toHaveLength(11)
    await journal.close()
  })

  it('is told missing, empty or foreign in words', async () => {
    using folder = new JobFolder()
    await expect(Journal.read(folder.path)).rejects.toMatchObject({ code: 'ERR_FILE', path: folder.file })
    folder.write('')
    await expect(Journal.read(folder.path)).rejects.toThrow('nothing is in it yet')
    for (const text of [
      'a list\nof URLs\n',
      'http://a.example/',
      '{"url":"x"}\n',
      '{"job":true}\n',
      '[]\n',
    ]) {
      folder.write(text)
      await expect(folder.open()).rejects.toThrow(/is no journal of trawl|first line is damaged/)
      expect(folder.read().toString()).toBe(text)
    }
    folder.write('{"job":2,"created":"later","entries":"elsewhere"}\n')
    await expect(folder.open()).rejects.toThrow('layout 2, and this version of trawl knows 1')
    await expect(Journal.read(folder.path)).rejects.toThrow('layout 2')
  })
})
