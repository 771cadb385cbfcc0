import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import { bytesOf, type CaseOptions, decodePieces, type Outcome } from './decoder-cases.ts'

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`
const EMPTY = `${OK}Content-Length: 0\r\n\r\n`

/** In one piece, and cut in the middle: both must come to the same. */
function decode(text: string, options: CaseOptions = {}): Outcome {
  const bytes = bytesOf(text)
  const whole = decodePieces([bytes], options)
  const middle = Math.floor(bytes.length / 2)
  const cut = decodePieces([bytes.subarray(0, middle), bytes.subarray(middle)], options)
  expect({ ...cut, consumed: 0 }).toEqual({ ...whole, consumed: 0 })
  return whole
}

/** What was passed; '' where all `answers` came whole. */
function passed(text: string, options: CaseOptions = {}, answers = 1): string {
  const outcome = decode(text, { ...options, methods: Array.from({ length: answers }, () => 'GET') })
  const whole = outcome.answers.filter((answer) => answer.whole).length
  return outcome.error === '' && whole < answers ? 'cut short' : outcome.error
}

function head(size: number): string {
  return `${EMPTY.slice(0, -2)}A: ${'b'.repeat(size - EMPTY.length - 5)}\r\n\r\n`
}

function line(size: number): string {
  return `HTTP/1.1 200 ${'k'.repeat(size - 15)}\r\n`
}

function folded(size: number): string {
  return `${EMPTY.slice(0, -2)}A: b\r\n ${'c'.repeat(size - EMPTY.length - 9)}\r\n\r\n`
}

function fields(count: number, field = 'A:\r\n'): string {
  return `${EMPTY.slice(0, -2)}${field.repeat(count - 1)}\r\n`
}

function trailers(size: number): string {
  return `${CHUNKED}0\r\nA: ${'b'.repeat(size - 7)}\r\n\r\n`
}

function trailerFields(count: number): string {
  return `${CHUNKED}0\r\n${'A:\r\n'.repeat(count)}\r\n`
}

function told(count: number): string {
  return 'HTTP/1.1 103 Early\r\n\r\n'.repeat(count) + EMPTY
}

function chunk(size: number): string {
  return `1;${'a'.repeat(size - 1)}\r\nx\r\n`
}

describe('each bound holds to the byte, and begins anew', () => {
  it('maxHeadSize: of a head', () => {
    const options = { maxHeadSize: 300 }
    expect(head(300)).toHaveLength(300)
    expect(passed(head(300), options)).toBe('')
    expect(passed(head(301), options)).toBe('maxHeadSize')
    expect(passed(head(300).repeat(3), options, 3)).toBe('')
    expect(passed(head(300) + head(301), options, 2)).toBe('maxHeadSize')
    expect(passed(head(300).replace('200 OK', '103 OK') + head(300), options)).toBe('')
  })

  it('maxHeadSize: of a head that is one line, or has not come to its end', () => {
    const options = { maxHeadSize: 100 }
    expect(decode(line(100), options)).toMatchObject({ error: '', end: 'head' })
    expect(decode(line(101), options).error).toBe('maxHeadSize')
    expect(decode(line(101).slice(0, -1), options).error).toBe('')
    expect(decode(`${line(101).slice(0, -2)}kk`, options).error).toBe('maxHeadSize')
    expect(decode(`${OK}A: ${'b'.repeat(80)}`, options).error).toBe('')
    expect(decode(`${OK}A: ${'b'.repeat(81)}`, options).error).toBe('maxHeadSize')
  })

  it('maxHeadSize: of fields that are folded, and of a line whose end is cut off', () => {
    const options = { maxHeadSize: 120 }
    expect(folded(120)).toHaveLength(120)
    expect(passed(folded(120), options)).toBe('')
    expect(passed(folded(121), options)).toBe('maxHeadSize')
  })

  it('maxHeadSize: of empty lines before an answer', () => {
    const options = { maxHeadSize: 100 }
    expect(passed('\n'.repeat(100) + EMPTY, options)).toBe('')
    expect(passed('\n'.repeat(101) + EMPTY, options)).toBe('maxHeadSize')
    expect(passed(`${'\n'.repeat(100)}${EMPTY}`.repeat(2), options, 2)).toBe('')
  })

  it('maxHeaderFields', () => {
    expect(passed(fields(LIMITS.maxHeaderFields))).toBe('')
    expect(passed(fields(LIMITS.maxHeaderFields + 1))).toBe('maxHeaderFields')
    expect(passed(fields(LIMITS.maxHeaderFields).repeat(2), {}, 2)).toBe('')
  })

  it('maxHeaderFields: lines that are ignored count, and those that are folded', () => {
    for (const field of ['abc\r\n', 'A: b\r\n c\r\n']) {
      expect(passed(fields(LIMITS.maxHeaderFields, field))).toBe('')
      expect(passed(fields(LIMITS.maxHeaderFields + 1, field))).toBe('maxHeaderFields')
    }
  })

  it('maxTrailerSize, and maxHeaderFields in trailers', () => {
    expect(passed(trailers(LIMITS.maxTrailerSize))).toBe('')
    expect(passed(trailers(LIMITS.maxTrailerSize + 1))).toBe('maxTrailerSize')
    expect(passed(trailers(LIMITS.maxTrailerSize).repeat(2), {}, 2)).toBe('')
    expect(passed(trailerFields(LIMITS.maxHeaderFields).repeat(2), {}, 2)).toBe('')
    expect(passed(trailerFields(LIMITS.maxHeaderFields + 1))).toBe('maxHeaderFields')
  })

  it('maxInformational', () => {
    expect(passed(told(LIMITS.maxInformational))).toBe('')
    expect(passed(told(LIMITS.maxInformational + 1))).toBe('maxInformational')
    expect(passed(told(LIMITS.maxInformational).repeat(2), {}, 2)).toBe('')
  })

  it('maxChunkExtension, of one chunk', () => {
    expect(passed(`${CHUNKED}${chunk(LIMITS.maxChunkExtension)}0\r\n\r\n`)).toBe('')
    expect(passed(`${CHUNKED}${chunk(LIMITS.maxChunkExtension).repeat(2)}0\r\n\r\n`)).toBe('')
    expect(passed(`${CHUNKED}${chunk(LIMITS.maxChunkExtension + 1)}0\r\n\r\n`)).toBe('maxChunkExtension')
  })

  const full = `${CHUNKED}${chunk(LIMITS.maxChunkExtension).repeat(LIMITS.maxChunkExtensions / LIMITS.maxChunkExtension)}`

  it.each([
    ['', ''],
    [';a', 'maxChunkExtensions'],
    [' ', 'maxChunkExtensions'],
  ])('maxChunkExtensions, of all chunks of a body: and %j', (more, limit) => {
    expect(decodePieces([bytesOf(`${full}0${more}\r\n\r\n`)]).error).toBe(limit)
  })

  it('maxChunkExtensions, of each body', () => {
    const methods = ['GET', 'GET']
    const outcome = decodePieces([bytesOf(`${full}0\r\n\r\n${full}0\r\n\r\n`)], { methods })
    expect(outcome.answers.map((answer) => answer.whole)).toEqual([true, true])
  })
})
