import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { InputFormat } from '../../../lib/jobs/input/input-format.ts'
import { type InputOptions, readInput } from '../../../lib/jobs/input/read-input.ts'
import type { InputItem } from '../../../lib/jobs/job-item.ts'
import { inPieces } from './read-all.ts'

/** Words that the formats are made of, so that garbage gets far. */
const WORDS: Readonly<Record<Exclude<InputFormat, 'auto'>, readonly string[]>> = {
  lines: ['http://a/', '\n', '\r\n', '#', ' ', '\t', '\u00e9', '\u{1f600}', '\uFEFF', '\ud800'],
  aria2: [
    'http://a/',
    '\n',
    '\n ',
    '\n\t',
    '\t',
    'out=',
    'dir=b/',
    'header=A: b',
    'checksum=md5=',
    '#',
    'split=5',
    ' ',
    '\r',
  ],
  jsonl: [
    '{',
    '}',
    '"url":',
    '"http://a/"',
    '"log":',
    '"priority":',
    ',',
    '1',
    '[',
    ']',
    '\n',
    ' ',
    '"\u{1f600}"',
    'null',
    '\\u00',
    '"',
  ],
  sitemap:
    '<urlset> </urlset> <url> </url> <loc> </loc> <sitemapindex> <sitemap> http://a/ &amp; &#x41; & <![CDATA[ ]]> ] <!-- --> <!DOCTYPE <? ?> < > / " <x:loc> <loc/> \u00e9'
      .split(' ')
      .concat(' ', '\n', ' [', " a='b'"),
  har: '{"log": {"entries":[ {"request": {"url":"http://a/" ,"method":"POST" ,"headers":[{"name":"a","value":"b"}] } ] , { [ " "a": 1 - .5e true nul \\ \\u12 \\" \u0001 \u{1f600}'
    .split(' ')
    .concat(
      ' ',
      '\n',
      '{"log":{"entries":[{"request":{"url":"http://a/"}},',
      '\\\\',
      '\\"',
      '"x\\":',
      '"a\\\\"',
      '{"b":"}\\"{"}',
      '{"request":{"url":"http://b/\\\\"}}',
      ']}}',
    ),
}

async function open(url: string): Promise<AsyncIterable<Uint8Array>> {
  if (url.length % 2 === 0) throw new Error('refused')
  return inPieces(Buffer.from('<urlset><url><loc>http://b/'), 3)
}

async function read(
  chunks: AsyncIterable<Uint8Array>,
  options: InputOptions,
): Promise<[InputItem[], string[]]> {
  const items: InputItem[] = []
  const notes: string[] = []
  for await (const group of readInput(chunks, { ...options, open, note: (note) => notes.push(note) })) {
    expect(group.length).toBeGreaterThan(0)
    items.push(...group)
  }
  return [items, notes]
}

async function* cutAt(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array, void, void> {
  let from = 0
  for (const cut of cuts.toSorted((a, b) => a - b)) {
    // An empty chunk may come, too.
    yield bytes.subarray(from, Math.max(from, cut))
    from = Math.max(from, cut)
  }
  yield bytes.subarray(from)
}

describe('an input in any split', () => {
  const formats = Object.keys(WORDS) as Exclude<InputFormat, 'auto'>[]
  it.each(formats)('gives the same items, whatever it holds: %s', { timeout: 60_000 }, async (format) => {
    const texts = fc
      .array(fc.constantFrom(...WORDS[format]), { maxLength: 40 })
      .map((words) => words.join(''))
    const bytes = fc.oneof(
      { weight: 8, arbitrary: texts.map((text) => Buffer.from(text)) },
      { weight: 2, arbitrary: texts.map((text) => gzipSync(text)) },
      { weight: 1, arbitrary: fc.uint8Array({ maxLength: 100 }) },
    )
    const cuts = fc.array(fc.nat(300), { maxLength: 6 })
    const property = fc.asyncProperty(
      bytes,
      cuts,
      fc.constantFrom(format, 'auto' as const),
      async (input, at, as) => {
        const whole = await read(inPieces(input, 1_000_000), { format: as })
        expect(
          await read(
            cutAt(
              input,
              at.map((cut) => Math.min(cut, input.length)),
            ),
            { format: as },
          ),
        ).toEqual(whole)
        expect(await read(inPieces(input, 1), { format: as })).toEqual(whole)
      },
    )
    await fc.assert(property, { numRuns: 400 })
  })

  it('is never refused with an exception, in any format', { timeout: 60_000 }, async () => {
    const all = fc.constantFrom(...formats, 'auto' as const)
    const property = fc.asyncProperty(
      fc.uint8Array({ maxLength: 300 }),
      all,
      fc.boolean(),
      async (input, format, live) => {
        const [items] = await read(inPieces(input, 50), { format, live })
        for (const { url, problem } of items) expect(url !== '' || problem !== '').toBe(true)
      },
    )
    await fc.assert(property, { numRuns: 1_000 })
  })
})
