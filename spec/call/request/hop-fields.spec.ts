import { describe, expect, it } from 'vitest'
import {
  fieldOf,
  fieldsOfHop,
  SECRET_FIELDS,
  type FieldChanges,
} from '../../../lib/call/request/hop-fields.ts'

const NONE: FieldChanges = { host: null, keepsBody: true, without: new Set() }

function lines(...fields: string[]): string {
  return fields.map((field) => `${field}\r\n`).join('')
}

const ALL = lines(
  'Host: a.test',
  'AUTHORIZATION: Basic eDp5',
  'cookie: a=1',
  'Cookie: b=2',
  'pRoXy-AuThOrIzAtIoN: Basic eDp5',
  'X-Api-Key: k',
  'Content-Type: text/plain',
  'CONTENT-LENGTH: 3',
  'content-encoding: gzip',
  'Content-Language: en',
  'Content-Location: /x',
  'Content-MD5: x',
  'Content-Range: bytes 0-2/3',
  'Content-Digest: x',
  'Repr-Digest: x',
  'Digest: x',
  'Last-Modified: x',
  'Transfer-Encoding: chunked',
  'Trailer: x',
  'Expect: 100-continue',
  'Accept: */*',
  'Accept: text/html',
  'X-Content-Type: mine',
)

describe('the fields of a hop', () => {
  it('stay as they are, in order and case', () => {
    expect(fieldsOfHop(ALL, NONE)).toBe(ALL)
    expect(fieldsOfHop('', NONE)).toBe('')
    expect(fieldsOfHop(lines('A: 1', 'a: 2', 'A: 1'), NONE)).toBe(lines('A: 1', 'a: 2', 'A: 1'))
  })

  it('lose all that is about a body with the body', () => {
    const left = fieldsOfHop(ALL, { ...NONE, keepsBody: false })
    expect(left).toBe(
      lines(
        'Host: a.test',
        'AUTHORIZATION: Basic eDp5',
        'cookie: a=1',
        'Cookie: b=2',
        'pRoXy-AuThOrIzAtIoN: Basic eDp5',
        'X-Api-Key: k',
        'Accept: */*',
        'Accept: text/html',
        'X-Content-Type: mine',
      ),
    )
  })

  it('lose each secret, however it is written and however often', () => {
    const left = fieldsOfHop(ALL, { ...NONE, without: new Set([...SECRET_FIELDS, 'x-api-key']) })
    expect(left).toMatch(/^Host: a\.test\r\nContent-Type: /)
    expect(left).not.toMatch(/authorization|cookie|api-key/i)
    expect(left).toContain('X-Content-Type')
    expect(fieldsOfHop(lines('Cookie: a'), { ...NONE, without: new Set(['cookie']) })).toBe('')
  })

  it('get another Host where it was', () => {
    const changes = { ...NONE, host: 'b.test:81' }
    expect(fieldsOfHop(lines('A: 1', 'hOST: a.test', 'B: 2'), changes)).toBe(
      lines('A: 1', 'Host: b.test:81', 'B: 2'),
    )
  })

  it('are names and not what values hold', () => {
    const fields = lines('X: cookie: a', 'Referer: http://a.test/?authorization: b', 'Cookies: c')
    expect(fieldsOfHop(fields, { ...NONE, without: new Set(SECRET_FIELDS) })).toBe(fields)
  })
})

describe('the value of a field', () => {
  it.each([
    ['accept', '*/*, text/html'],
    ['cookie', 'a=1, b=2'],
    ['x-api-key', 'k'],
    ['authorization', 'Basic eDp5'],
    ['api-key', null],
    ['cooki', null],
    ['', null],
  ])('%s: %j', (name, value) => {
    expect(fieldOf(ALL, name)).toBe(value)
  })

  it('may be empty, which is not none', () => {
    expect(fieldOf(lines('A: '), 'a')).toBe('')
    expect(fieldOf('', 'a')).toBeNull()
  })
})
