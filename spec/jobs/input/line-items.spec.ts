import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../lib/core/limits.ts'
import { readInput } from '../../../lib/jobs/input/read-input.ts'
import { plain, readAll } from './read-all.ts'

describe('a list of URLs', () => {
  it('is one a line, with comments, blanks, CR LF and a byte order mark', async () => {
    const text = '\uFEFFhttp://a/1\r\n\r\n# no\n  # no\n\t http://a/2#x \n\nhttp://a/3'
    for (const format of ['lines', 'auto', 'aria2'] as const) {
      expect(await readAll(text, { format })).toEqual([
        plain('http://a/1', 1),
        plain('http://a/2#x', 5),
        plain('http://a/3', 7),
      ])
    }
  })

  it('may be empty', async () => {
    for (const text of ['', '\uFEFF', '\n\n#\n', '\uFEFF# \n']) {
      expect(await readAll(text, { format: 'lines' })).toEqual([])
      expect(await readAll(text)).toEqual([])
    }
  })

  it('takes each line for a URL where that is asked for', async () => {
    expect(await readAll('http://a/\n out=b\nhttp://a/\thttp://b/\n{"log"\n', { format: 'lines' })).toEqual([
      plain('http://a/', 1),
      plain('out=b', 2),
      plain('http://a/\thttp://b/', 3),
      plain('{"log"', 4),
    ])
  })

  it('tells of a line that is too long, and goes on after it', async () => {
    const long = 'x'.repeat(LIMITS.maxInputLine * 3)
    for (const size of [100, 10_000, 10_000_000]) {
      for (const format of ['lines', 'auto'] as const) {
        const items = await readAll(`http://a/1\n${long}\nhttp://a/2\n${long}`, { format }, size)
        expect(items.map(({ line, problem }) => [line, problem === ''])).toEqual([
          [1, true],
          [2, false],
          [3, true],
          [4, false],
        ])
        expect(items[1]!.url).toBe('x'.repeat(100))
        expect(items[1]!.problem).toContain('65536 characters')
      }
    }
  })

  it('draws the line at the same length in any split', async () => {
    for (const [length, isGood] of [
      [LIMITS.maxInputLine, true],
      [LIMITS.maxInputLine + 1, false],
    ] as const) {
      for (const size of [1_000, 65_536, 65_537, 1_000_000]) {
        const [first, second] = await readAll(`${'x'.repeat(length)}\nhttp://a/`, {}, size)
        expect(first!.problem === '').toBe(isGood)
        expect(second).toEqual(plain('http://a/', 2))
      }
    }
  })

  it('is read no further than it is asked for, and let go', async () => {
    let pulled = 0
    let isClosed = false
    async function* endless(): AsyncGenerator<Uint8Array> {
      try {
        for (;;) {
          pulled++
          yield Buffer.from(`http://a/${pulled}\n`)
        }
      } finally {
        isClosed = true
      }
    }
    const items = readInput(endless(), { format: 'lines' })
    await items.next()
    await items.next()
    expect(pulled).toBe(2)
    await items.return()
    expect(isClosed).toBe(true)
  })
})
