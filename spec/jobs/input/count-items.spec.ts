import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countItems } from '../../../lib/jobs/input/count-items.ts'
import { inPieces, readAll } from './read-all.ts'

describe('the count of a list', () => {
  it('is that of the items it gives, in any split', async () => {
    const parts = [
      ' ',
      '\t',
      '\r',
      '#',
      'a',
      'out=',
      ' x-y =',
      '=',
      ':',
      '\u00e9',
      '\u{1f600}',
      '\uFEFF',
      '\v',
      '9',
      '-',
    ]
    const line = fc.array(fc.constantFrom(...parts), { maxLength: 6 })
    const lists = fc.array(line.map((words) => words.join(''))).map((lines) => lines.join('\n'))
    const formats = fc.constantFrom('lines', 'aria2', 'auto' as const)
    await fc.assert(
      fc.asyncProperty(lists, formats, fc.integer({ min: 1, max: 9 }), async (list, format, size) => {
        const items = await readAll(list, { format })
        // Options that belong to no URL are told of once; they are no items.
        const given = items.filter(({ problem }) => !problem.startsWith('an option, '))
        expect(await countItems(inPieces(Buffer.from(list), size), format)).toBe(given.length)
      }),
      { numRuns: 1_000 },
    )
  })

  it('is not known of other formats', async () => {
    let isClosed = false
    async function* source(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, void> {
      try {
        yield bytes
      } finally {
        isClosed = true
      }
    }
    for (const text of [
      '<urlset>',
      '{"url":"http://a/"}',
      '{"log":{}}',
      gzipSync('http://a/'),
      '\u00ff\u00feh\0',
    ]) {
      isClosed = false
      const bytes = typeof text === 'string' ? Buffer.from(text, 'latin1') : text
      expect(await countItems(source(bytes))).toBe(null)
      expect(isClosed).toBe(true)
    }
    for (const format of ['jsonl', 'sitemap', 'har'] as const) {
      expect(await countItems(source(Buffer.from('http://a/')), format)).toBe(null)
    }
    expect(await countItems(source(Buffer.from('{"log"\n<')), 'lines')).toBe(2)
    expect(await countItems(source(Buffer.from('')))).toBe(0)
  })
})
