import { describe, expect, it } from 'vitest'
import { Headers } from '../../lib/core/headers.ts'
import {
  contentCoding,
  contentLength,
  isGzipFile,
  judge,
  parseContentRange,
  type Held,
} from '../../lib/jobs/range-answer.ts'
import { isOfVersion, strongValidator } from '../../lib/jobs/validator.ts'

function headersOf(fields: Record<string, string>): Headers {
  return new Headers(
    Object.entries(fields)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join(''),
  )
}

const NONE: Held = { size: 0, total: null, validator: null, coding: '' }
const HALF: Held = { size: 50, total: 100, validator: '"a"', coding: '' }
const PART = { ETag: '"a"', 'Content-Range': 'bytes 50-99/100', 'Content-Length': '50' }

describe('judge', () => {
  it.each<[string, number, Record<string, string>, Held, object]>([
    ['a file', 200, { 'Content-Length': '9' }, NONE, { kind: 'whole', total: 9 }],
    ['a file of unknown length', 200, {}, NONE, { kind: 'whole', total: null }],
    ['a file from a changing proxy', 203, {}, NONE, { kind: 'whole', total: null }],
    ['the whole where the rest was asked for', 200, { ETag: '"b"' }, HALF, { kind: 'whole', total: null }],
    ['the rest', 206, PART, HALF, { kind: 'rest', length: 50, total: 100 }],
    ['the rest, chunked', 206, { ...PART, 'Content-Length': '' }, HALF, { kind: 'rest', length: 50 }],
    [
      'less than the rest',
      206,
      { ETag: '"a"', 'Content-Range': 'bytes 50-59/100' },
      HALF,
      { kind: 'rest', length: 10 },
    ],
    [
      'the rest, without a total',
      206,
      { ETag: '"a"', 'Content-Range': 'bytes 50-99/*' },
      HALF,
      { kind: 'rest', total: 100 },
    ],
    ['a total at last', 206, PART, { ...HALF, total: null }, { kind: 'rest', total: 100 }],
    [
      'no total at all',
      206,
      { ETag: '"a"', 'Content-Range': 'bytes 50-99/*' },
      { ...HALF, total: null },
      { kind: 'anew' },
    ],
    ['a part that nobody asked for', 206, PART, NONE, { kind: 'anew' }],
    ['another start', 206, { ...PART, 'Content-Range': 'bytes 0-99/100' }, HALF, { kind: 'anew' }],
    ['another total', 206, { ...PART, 'Content-Range': 'bytes 50-99/101' }, HALF, { kind: 'anew' }],
    [
      'an end beyond the total',
      206,
      { ...PART, 'Content-Range': 'bytes 50-100/100' },
      HALF,
      { kind: 'anew' },
    ],
    ['an end before the start', 206, { ...PART, 'Content-Range': 'bytes 50-49/100' }, HALF, { kind: 'anew' }],
    ['no Content-Range', 206, { ETag: '"a"' }, HALF, { kind: 'anew' }],
    ['another unit', 206, { ...PART, 'Content-Range': 'lines 50-99/100' }, HALF, { kind: 'anew' }],
    ['another version', 206, { ...PART, ETag: '"b"' }, HALF, { kind: 'anew' }],
    ['the version made weak', 206, { ...PART, ETag: 'W/"a"' }, HALF, { kind: 'anew' }],
    ['a version that is not said', 206, { 'Content-Range': 'bytes 50-99/100' }, HALF, { kind: 'anew' }],
    ['another coding', 206, { ...PART, 'Content-Encoding': 'gzip' }, HALF, { kind: 'anew' }],
    [
      'the same coding',
      206,
      { ...PART, 'Content-Encoding': 'x-gzip' },
      { ...HALF, coding: 'gzip' },
      { kind: 'rest' },
    ],
    ['a length that is another', 206, { ...PART, 'Content-Length': '51' }, HALF, { kind: 'anew' }],
    [
      'several parts',
      206,
      { ...PART, 'Content-Type': 'multipart/byteranges; boundary=x' },
      HALF,
      { kind: 'anew' },
    ],
    [
      'nothing more, same version',
      416,
      { ETag: '"a"', 'Content-Range': 'bytes */50' },
      { ...HALF, total: 50 },
      { kind: 'complete' },
    ],
    [
      'nothing more, of what is said to be longer',
      416,
      { ETag: '"a"', 'Content-Range': 'bytes */50' },
      HALF,
      { kind: 'anew' },
    ],
    [
      'nothing more, version not said',
      416,
      { 'Content-Range': 'bytes */50' },
      { ...HALF, total: null },
      { kind: 'step back' },
    ],
    [
      'nothing more, a file of one byte',
      416,
      { 'Content-Range': 'bytes */1' },
      { ...HALF, size: 1 },
      { kind: 'anew' },
    ],
    [
      'nothing more, another version',
      416,
      { ETag: '"b"', 'Content-Range': 'bytes */50' },
      HALF,
      { kind: 'anew' },
    ],
    ['a shorter file', 416, { ETag: '"a"', 'Content-Range': 'bytes */40' }, HALF, { kind: 'anew' }],
    ['a bare 416', 416, {}, HALF, { kind: 'anew' }],
    ['a 416 without a range', 416, {}, NONE, { kind: 'refused' }],
    ['no content', 204, {}, NONE, { kind: 'refused' }],
    ['a job begun', 202, {}, HALF, { kind: 'refused' }],
    ['not found', 404, { ETag: '"a"' }, HALF, { kind: 'refused' }],
    ['not modified', 304, { ETag: '"a"' }, HALF, { kind: 'refused' }],
  ])('%s', (_, status, fields, held, verdict) => {
    expect(judge(status, headersOf(fields), held)).toMatchObject(verdict)
  })
})

describe('the strong validator', () => {
  const NOON = 'Sun, 06 Nov 1994 12:00:00 GMT'
  it.each<[string, Record<string, string>, string | null]>([
    ['a tag', { ETag: '"a-1"' }, '"a-1"'],
    ['an empty tag', { ETag: '""' }, '""'],
    ['a weak tag', { ETag: 'W/"a"' }, null],
    ['a tag without quotes', { ETag: 'abc' }, null],
    ['two tags', { ETag: '"a", "b"' }, null],
    [
      'a date of long ago',
      { 'Last-Modified': 'Sun, 06 Nov 1994 11:59:00 GMT', Date: NOON },
      'Sun, 06 Nov 1994 11:59:00 GMT',
    ],
    ['a date of just now', { 'Last-Modified': 'Sun, 06 Nov 1994 11:59:01 GMT', Date: NOON }, null],
    ['a date to come', { 'Last-Modified': 'Sun, 06 Nov 1994 13:00:00 GMT', Date: NOON }, null],
    ['a date without a Date', { 'Last-Modified': 'Sun, 06 Nov 1994 11:00:00 GMT' }, null],
    ['no date', { 'Last-Modified': 'yesterday', Date: NOON }, null],
    [
      'a weak tag and a date',
      { ETag: 'W/"a"', 'Last-Modified': 'Sun, 06 Nov 1994 11:00:00 GMT', Date: NOON },
      null,
    ],
    ['nothing', {}, null],
  ])('%s', (_, fields, validator) => {
    expect(strongValidator(headersOf(fields), Date.UTC(1994, 10, 6, 12))).toBe(validator)
  })

  it('is compared byte by byte', () => {
    expect(isOfVersion(headersOf({ ETag: '"a"' }), '"a"')).toBe(true)
    expect(isOfVersion(headersOf({ 'Last-Modified': NOON }), NOON)).toBe(true)
    expect(isOfVersion(headersOf({ ETag: '"a"' }), NOON)).toBe(false)
    expect(isOfVersion(headersOf({ 'Last-Modified': NOON }), '"a"')).toBe(false)
  })
})

describe('fields', () => {
  it.each([
    ['bytes 0-9/10', { start: 0, end: 9, total: 10 }],
    ['Bytes 0-9/*', { start: 0, end: 9, total: null }],
    ['bytes */10', { start: -1, end: -1, total: 10 }],
    ['bytes */*', null],
    ['bytes 0-9', null],
    ['bytes=0-9/10', null],
    ['bytes -1-9/10', null],
    ['bytes 0-9/10, bytes 0-9/10', null],
    ['bytes 0-99999999999999999/10', null],
    [null, null],
  ])('Content-Range %j', (value, range) => {
    expect(parseContentRange(value)).toEqual(range)
  })

  it.each<[Record<string, string>, number | null]>([
    [{ 'Content-Length': '5' }, 5],
    [{ 'Content-Length': '5, 5' }, 5],
    [{ 'Content-Length': '5, 6' }, null],
    [{ 'Content-Length': '+5' }, null],
    [{ 'Content-Length': '' }, null],
    [{ 'Content-Length': '5', 'Transfer-Encoding': 'chunked' }, null],
    [{}, null],
  ])('the length of %j', (fields, length) => {
    expect(contentLength(headersOf(fields))).toBe(length)
  })

  it.each([
    ['gzip', 'gzip'],
    ['X-Gzip', 'gzip'],
    ['identity', ''],
    ['', ''],
    ['br, GZIP', 'br,gzip'],
  ])('the coding %j', (value, coding) => {
    expect(contentCoding(headersOf({ 'Content-Encoding': value }))).toBe(coding)
  })

  it.each([
    ['application/gzip', 'http://a.test/x', true],
    ['application/x-gzip; a=b', 'http://a.test/x', true],
    ['text/plain', 'http://a.test/x.tar.gz', true],
    ['text/plain', 'http://a.test/x.TGZ?v=1#y', true],
    ['text/plain', 'http://a.test/x?name=y.gz', false],
    ['text/html', 'http://a.test/x.html', false],
  ])('%s at %s is a gzip file: %s', (type, url, is) => {
    expect(isGzipFile(headersOf({ 'Content-Type': type }), url)).toBe(is)
  })
})
