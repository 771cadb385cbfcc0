import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countItems, readItems, type InputItem } from '../../lib/cli/input.ts'
import { CLI_LIMITS } from '../../lib/cli/limits.ts'

async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

async function read(text: string, size = 1_000): Promise<InputItem[]> {
  const items: InputItem[] = []
  for await (const group of readItems(inPieces(Buffer.from(text), size))) items.push(...group)
  return items
}

function count(text: string, size = 1_000): Promise<number> {
  return countItems(inPieces(Buffer.from(text), size))
}

describe('a list of URLs', () => {
  it('is one a line, with comments, blanks, CR LF and a byte order mark', async () => {
    const text = '\uFEFFhttp://a/1\r\n\r\n# no\n  # no\n\t http://a/2#x \n\nhttp://a/3'
    const found = (await read(text)).map(({ text: url, line }) => [url, line])
    expect(found).toEqual([
      ['http://a/1', 1],
      ['http://a/2#x', 5],
      ['http://a/3', 7],
    ])
    expect(await count(text)).toBe(3)
  })

  it('may be empty', async () => {
    expect(await read('')).toEqual([])
    expect(await read('\n\n#\n')).toEqual([])
    expect(await count('')).toBe(0)
  })

  it('tells of a line that is too long, and goes on after it', async () => {
    const long = 'x'.repeat(CLI_LIMITS.maxLineLength * 3)
    for (const size of [100, 10_000, 10_000_000]) {
      const items = await read(`http://a/1\n${long}\nhttp://a/2\n${long}`, size)
      expect(items.map(({ line, tooLong }) => [line, tooLong])).toEqual([
        [1, false],
        [2, true],
        [3, false],
        [4, true],
      ])
      expect(items[1]!.text.length).toBeLessThan(1_000)
    }
  })

  it('is read no further than it is asked for', async () => {
    let pulled = 0
    async function* endless(): AsyncGenerator<Uint8Array> {
      for (;;) {
        pulled++
        yield Buffer.from(`http://a/${pulled}\n`)
      }
    }
    const items = readItems(endless())
    await items.next()
    await items.next()
    expect(pulled).toBe(2)
    await items.return()
  })

  it('gives the same in any split, and counts what it gives', async () => {
    const line = fc.array(fc.constantFrom(' ', '\t', '\r', '#', 'a', '\u00e9', '\u{1f600}', '\uFEFF', '\v'))
    const lists = fc.array(line.map((parts) => parts.join(''))).map((lines) => lines.join('\n'))
    await fc.assert(
      fc.asyncProperty(lists, fc.integer({ min: 1, max: 5 }), async (list, size) => {
        const whole = await read(list)
        expect(await read(list, size)).toEqual(whole)
        expect(await count(list, size)).toBe(whole.length)
      }),
      { numRuns: 500 },
    )
  })
})
