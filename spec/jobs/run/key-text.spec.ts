import { describe, expect, it } from 'vitest'
import type { InputItem, JobItem } from '../../../lib/jobs/job-item.ts'
import { keyText } from '../../../lib/jobs/run/key-text.ts'

const URL_TEXT = 'http://a.test/x'

function textOf(own: Partial<JobItem> | null, entry: Partial<InputItem> = {}, number = -1): string {
  const item = own === null ? null : { url: URL_TEXT, ...own }
  return keyText(
    { url: URL_TEXT, line: 1, problem: '', item, ...entry },
    new URL(entry.url ?? URL_TEXT),
    number,
  )
}

const bad = (url: string, line: number): string => keyText({ url, line, item: null, problem: 'no' }, null, -1)

describe('what makes items the same', () => {
  it('is what is sent, and where the answer goes', () => {
    const others: Partial<JobItem>[] = [
      { method: 'HEAD' },
      { method: 'GET' },
      { headers: { a: '1' } },
      { headers: { a: '2' } },
      { headers: { a: ['1', '2'] } },
      { body: '' },
      { body: 'x' },
      { method: 'PUT', body: 'x' },
      { out: 'x' },
      { clientIp: '127.0.0.1' },
      { session: '127.0.0.1' },
    ]
    const texts = [textOf(null), ...others.map((own) => textOf(own))]
    expect(new Set(texts).size).toBe(texts.length)
    expect(textOf(null, { url: 'http://a.test/y' })).not.toBe(textOf(null))
  })

  it('is not what is only told, checked or preferred, nor where it stands', () => {
    const same: Partial<JobItem>[] = [
      {},
      { meta: { a: 1 } },
      { priority: 5 },
      { checksum: 'sha-256=00' },
      { mirrors: ['http://b.test/'] },
    ]
    for (const own of same) expect(textOf(own)).toBe(textOf(null))
    expect(textOf(null, { line: 7 })).toBe(textOf(null))
    expect(textOf(null, { url: 'HTTP://A.test:80/x' })).toBe(textOf(null))
  })

  it('is the number too, where the same one may come twice', () => {
    expect(textOf(null, {}, 0)).not.toBe(textOf(null, {}, 1))
    expect(textOf(null, {}, 0)).not.toBe(textOf(null))
  })

  it('is the line of what is no URL, which no URL is the same as', () => {
    const texts = [bad('x', 1), bad('x', 2), bad('y', 1), textOf(null)]
    expect(new Set(texts).size).toBe(texts.length)
  })
})
