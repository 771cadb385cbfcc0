import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { findFormat } from '../../../lib/jobs/input/input-format.ts'
import { readInput } from '../../../lib/jobs/input/read-input.ts'
import { plain, readAll } from './read-all.ts'

function formatOf(text: string, ended = false): string | null {
  return findFormat(Buffer.from(text), ended)
}

describe('the format of an input', () => {
  it('is told by its content', () => {
    const formats: [text: string, format: string][] = [
      ['h', 'list'],
      ['#', 'list'],
      ['\n\n# x', 'list'],
      ['\uFEFF \r\n <', 'sitemap'],
      ['{"log"', 'har'],
      ['\uFEFF {  "log"', 'har'],
      ['{\n', 'har'],
      ['{\r\n "log"', 'har'],
      ['{"url"', 'jsonl'],
      ['{}', 'jsonl'],
      ['\n{"logs"', 'jsonl'],
      ['[', 'list'],
      [' '.repeat(1_024), 'list'],
      [`{${' '.repeat(1_024)}`, 'jsonl'],
      [`{"${'x'.repeat(1_024)}`, 'jsonl'],
    ]
    for (const [text, format] of formats) expect([text, formatOf(text)]).toEqual([text, format])
  })

  it('waits for what it takes, and no longer than there is more', () => {
    for (const text of ['', '\n', '{', '{"lo']) expect(formatOf(text)).toBe(null)
    expect(findFormat(Uint8Array.of(0xef, 0xbb), false)).toBe(null)
    expect(findFormat(Uint8Array.of(0xef, 0xbb), true)).toBe('list')
    expect(formatOf('', true)).toBe('list')
    expect(formatOf('{', true)).toBe('jsonl')
    expect(formatOf('{"lo', true)).toBe('jsonl')
  })
})

describe('the bytes of an input', () => {
  it('may be gzipped, in any number of members', async () => {
    const bytes = Buffer.concat([gzipSync('http://a/1\nhttp://a'), gzipSync('/2\n'), gzipSync('{"url')])
    for (const size of [1, 7, 1_000]) {
      expect(await readAll(bytes, {}, size)).toEqual([
        plain('http://a/1', 1),
        plain('http://a/2', 2),
        plain('{"url', 3),
      ])
    }
  })

  it('may be UTF-16, as PowerShell writes it', async () => {
    const text = '\uFEFFhttp://a/1\r\nhttp://a/\u00e9\u{1f600}\r\n'
    const expected = [plain('http://a/1', 1), plain('http://a/\u00e9\u{1f600}', 2)]
    const little = Buffer.from(text, 'utf16le')
    const big = Buffer.from(little).swap16()
    for (const size of [1, 3, 1_000]) {
      for (const bytes of [little, big, gzipSync(little)]) {
        expect(await readAll(bytes, {}, size)).toEqual(expected)
        expect(await readAll(bytes, { format: 'lines' }, size)).toEqual(expected)
      }
    }
  })

  it('give all that stands before damage, and no half of a line', async () => {
    const bytes = gzipSync(`${'http://a/\n'.repeat(30_000)}http://b/no`)
    const cut = await readAll(bytes.subarray(0, -6))
    expect(cut.slice(0, 2)).toEqual([plain('http://a/', 1), plain('http://a/', 2)])
    expect(cut.at(-1)!.problem).toContain('the gzip data is damaged or not whole')
    expect(cut.some(({ url }) => url === 'http://b/no')).toBe(false)
    // Of the last whole line nobody knows whether options of it are lost.
    expect(cut).toHaveLength(30_000)
  })

  it('may be no gzip after all', async () => {
    const items = await readAll(Uint8Array.of(0x1f, 0x8b, 0, 0))
    expect(items.map(({ problem }) => problem.includes('gzip'))).toEqual([true])
    expect(await readAll(Uint8Array.of(0x1f), { format: 'lines' })).toEqual([plain('\u001f', 1)])
  })

  it('that cannot be read reject, zipped or not, and are let go', async () => {
    let closed = 0
    async function* broken(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
      try {
        yield bytes
        throw new Error('the disk is gone')
      } finally {
        closed++
      }
    }
    const starts = [
      'http://a/\n',
      '{"url":"u"}\n',
      '<urlset>',
      '{"log":{',
      gzipSync('x').subarray(0, 12),
      'h',
    ]
    for (const start of starts) {
      const groups = readInput(broken(typeof start === 'string' ? Buffer.from(start) : start))
      const read = async (): Promise<void> => {
        for await (const group of groups) expect(group.length).toBeGreaterThan(0)
      }
      await expect(read()).rejects.toThrow('the disk is gone')
    }
    expect(closed).toBe(starts.length)
  })
})
