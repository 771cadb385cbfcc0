import { parse } from 'smol-toml'
import { describe, expect, it } from 'vitest'
import { lineOfKey } from '../../lib/cli/config-lines.ts'

const TEXT = `# a comment
header = [
  "X-A: 1",

  "X-B: 2",
]

rate = "2/s"
[hosts."*.a.example"]
# nothing yet
max-conn = 2

[hosts."b.example"]
note = """
max-conn = 3
"""
max-conn = 4
hosts."inner" = 1

[other]
x = { y = { z = 1 } }
`

describe('the line of a key', () => {
  it.each([
    [['header'], 2],
    [['rate'], 8],
    [['hosts'], 9],
    [['hosts', '*.a.example'], 9],
    [['hosts', '*.a.example', 'max-conn'], 11],
    [['hosts', 'b.example', 'note'], 14],
    [['hosts', 'b.example', 'max-conn'], 17],
    [['hosts', 'b.example', 'hosts', 'inner'], 18],
    [['other', 'x', 'y', 'z'], 21],
  ])('%j', (path, line) => {
    expect(lineOfKey(TEXT, path, (text) => parse(text))).toBe(line)
    const crlf = TEXT.replaceAll('\n', '\r\n')
    expect(lineOfKey(crlf, path, (text) => parse(text))).toBe(line)
  })

  it('is found in a long file without reading it once for each line', () => {
    const hosts = Array.from({ length: 10_000 }, (_, i) => `[hosts."h${i}.example"]\nrate = "${i + 1}/s"\n`)
    let parsed = 0
    const counted = (text: string): unknown => {
      parsed++
      return parse(text)
    }
    expect(lineOfKey(hosts.join(''), ['hosts', 'h6999.example', 'rate'], counted)).toBe(14_000)
    expect(parsed).toBeLessThan(40)
  })

  it('is found behind a list of many lines', () => {
    const list = `a = [\n${'  1,\n'.repeat(500)}]\nb = 2\n`
    expect(lineOfKey(list, ['a'], (text) => parse(text))).toBe(1)
    expect(lineOfKey(list, ['b'], (text) => parse(text))).toBe(503)
  })
})
