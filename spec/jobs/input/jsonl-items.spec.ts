import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../lib/core/limits.ts'
import { plain, readAll } from './read-all.ts'

async function problemOf(line: string): Promise<string> {
  const items = await readAll(`${line}\n{"url":"http://next/"}`, { format: 'jsonl' })
  expect(items[1]).toEqual(plain('http://next/', 2))
  expect(items[0]!.item).toBe(null)
  return items[0]!.problem
}

describe('JSONL', () => {
  it('has all that an item can be', async () => {
    const item = {
      url: 'http://a/',
      mirrors: ['http://b/'],
      method: 'POST',
      headers: { A: 'b', C: ['d', 'e'] },
      body: '{"\u00e9":1}',
      out: 'x/y',
      clientIp: '127.0.0.2',
      checksum: `md5=${'0'.repeat(32)}`,
      session: 's',
      priority: -10,
      meta: { any: [1, null, { thing: true }] },
    }
    const text = `\uFEFF${JSON.stringify(item)}\r\n\n # no\n{"url":"http://b/"}\n{"url":"http://c/","out":null}`
    expect(await readAll(text)).toEqual([
      { url: 'http://a/', line: 1, item, problem: '' },
      plain('http://b/', 4),
      plain('http://c/', 5),
    ])
  })

  it('tells what is wrong with an item, and goes on', async () => {
    const faults: [line: string, problem: string][] = [
      ['{"url":"http://a/"', 'the line is not JSON ('],
      ['http://a/', 'the line is not JSON ('],
      ['[]', 'is not a JSON object'],
      ['"http://a/"', 'is not a JSON object'],
      ['{}', 'has no url'],
      ['{"url":null}', 'has no url'],
      ['{"url":1}', 'the field url must be a string such as "http://example.com/", not 1'],
      ['{"url":""}', 'the field url must be a string such as "http://example.com/", not ""'],
      ['{"url":"u","header":{}}', 'the field "header" is not known; did you mean headers?'],
      ['{"url":"u","__proto__":{}}', 'the field "__proto__" is not known'],
      ['{"url":"u","mirrors":"v"}', 'must be an array of URLs, not "v"'],
      ['{"url":"u","mirrors":[1]}', 'must be an array of URLs, not an array'],
      ['{"url":"u","method":7}', 'the field method must be a string that is not empty'],
      ['{"url":"u","headers":{"a":1}}', 'the field headers must be an object of names'],
      ['{"url":"u","headers":{"a":["b",null]}}', 'the field headers must be an object of names'],
      ['{"url":"u","headers":["a"]}', 'the field headers must be an object of names'],
      ['{"url":"u","headers":"a: b"}', 'the field headers must be an object of names'],
      ['{"url":"u","body":{"a":1}}', 'the field body must be a string; write JSON as text, not an object'],
      ['{"url":"u","body":1}', 'the field body must be a string, not 1'],
      ['{"url":"u","out":""}', 'the field out must be a string that is not empty'],
      ['{"url":"u","clientIp":["1"]}', 'the field clientIp must be a string'],
      ['{"url":"u","session":1}', 'the field session must be a string, not 1'],
      ['{"url":"u","priority":11}', 'the field priority must be a whole number from -10 to 10, not 11'],
      ['{"url":"u","priority":"1"}', 'the field priority must be a whole number from -10 to 10, not "1"'],
      ['{"url":"u","checksum":1}', 'the field checksum must be a string as in'],
      ['{"url":"u","checksum":"sha-257=1"}', 'did you mean sha-256?'],
      [`{"url":"u","meta":${'['.repeat(101)}${']'.repeat(101)}}`, 'must have 100 levels at most'],
      [`{"url":"u","meta":"${'m'.repeat(65_536)}"}`, 'must have 65536 characters of JSON at most'],
      [`{"url":"${'u'.repeat(70_000)}"}`, 'the field url must have 65536 characters at most'],
    ]
    for (const [line, problem] of faults) expect(await problemOf(line)).toContain(problem)
  })

  it('survives what nests without an end', async () => {
    const deep = '['.repeat(200_000)
    expect(await problemOf(`{"url":"u","meta":${deep}${']'.repeat(200_000)}}`)).toContain('100 levels')
    expect(await problemOf(`{"url":"u","meta":${deep}`)).toContain('not JSON')
  })

  it('takes a long body, but not one without an end', async () => {
    const body = 'x'.repeat(1_000_000)
    const [item] = await readAll(JSON.stringify({ url: 'http://a/', body }), {}, 65_536)
    expect(item!.item!.body).toBe(body)
    const endless = `{"url":"http://a/","body":"${'x'.repeat(LIMITS.maxInputItem)}`
    for (const size of [65_536, 100_000_000]) {
      const items = await readAll(`${endless}\n{"url":"http://b/"}`, {}, size)
      expect(items[0]!.problem).toContain('longer than 16777216 characters')
      expect(items[1]).toEqual(plain('http://b/', 2))
    }
  })
})
