import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ArgumentError } from '../../lib/core/errors.ts'
import type { ParserMode } from '../../lib/http1/grammar.ts'
import { encodeChunk, encodeHead, encodeLastChunk, serializeFields } from '../../lib/http1/request-encoder.ts'
import { type Answer, byteByByte, bytesOf, decodePieces, type Outcome } from './decoder-cases.ts'

const TOKEN_CHARACTERS = Array.from("!#$%&'*+-.^_`|~0129azAZ")
const FRAMING_NAMES = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'content-encoding',
  'host',
])

const tokenName = fc
  .string({ unit: fc.constantFrom(...TOKEN_CHARACTERS), minLength: 1, maxLength: 18 })
  .filter((name) => !FRAMING_NAMES.has(name.toLowerCase()))
/** Bytes that may stand inside a value, with none of the blanks that are trimmed. */
const visible = fc.constantFrom(...Array.from('!"(),/:;<=>?@[]{}aZ09\x80\xe9\xff'))
const value = fc
  .tuple(visible, fc.string({ unit: fc.oneof(visible, fc.constantFrom(' ', '\t')), maxLength: 30 }), visible)
  .map((parts) => parts.join(''))
const fieldValue = fc.oneof(value, fc.constant(''))
const field = fc.tuple(tokenName, fieldValue)
const reason = fc.oneof(fc.constant(''), fc.constant('OK'), value)
const data = fc.uint8Array({ maxLength: 60 })

type Body =
  | { kind: 'length'; bytes: Uint8Array }
  | { kind: 'chunked'; chunks: Uint8Array[]; extensions: string[]; trailers: [string, string][] }

interface Response {
  status: number
  reason: string
  fields: [string, string][]
  body: Body
}

const extension = fc.constantFrom('', '', ';a', ';a=b', ';a="x;\\"y"', ' ; a = b')
const body: fc.Arbitrary<Body> = fc.oneof(
  fc.record({ kind: fc.constant('length' as const), bytes: data }),
  fc.record({
    kind: fc.constant('chunked' as const),
    chunks: fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 4 }),
    extensions: fc.array(extension, { minLength: 5, maxLength: 5 }),
    trailers: fc.array(field, { maxLength: 3 }),
  }),
)
const response: fc.Arbitrary<Response> = fc.record({
  status: fc.integer({ min: 200, max: 999 }).filter((status) => status !== 204 && status !== 304),
  reason,
  fields: fc.array(field, { maxLength: 6 }),
  body,
})

const latin1 = (text: string): Buffer => Buffer.from(text, 'latin1')
const line = ([name, text]: [string, string]): string => `${name}: ${text}\r\n`

/** As a server would write it. */
function serialize(answer: Response): Uint8Array {
  const parts: Uint8Array[] = [
    latin1(`HTTP/1.1 ${answer.status} ${answer.reason}\r\n${answer.fields.map(line).join('')}`),
  ]
  const sent = answer.body
  if (sent.kind === 'length') {
    parts.push(latin1(`Content-Length: ${sent.bytes.length}\r\n\r\n`), sent.bytes)
  } else {
    parts.push(latin1('Transfer-Encoding: chunked\r\n\r\n'))
    sent.chunks.forEach((chunk, i) => {
      parts.push(latin1(`${chunk.length.toString(16)}${sent.extensions[i]}\r\n`), chunk, latin1('\r\n'))
    })
    parts.push(latin1(`0${sent.extensions[4]}\r\n${sent.trailers.map(line).join('')}\r\n`))
  }
  return new Uint8Array(Buffer.concat(parts))
}

function wanted(answer: Response): Partial<Answer> {
  const sent = answer.body
  const bytes = sent.kind === 'length' ? sent.bytes : Buffer.concat(sent.chunks)
  const framing: [string, string] =
    sent.kind === 'length' ? ['Content-Length', String(sent.bytes.length)] : ['Transfer-Encoding', 'chunked']
  return {
    status: answer.status,
    reason: answer.reason,
    headers: [...answer.fields, framing],
    body: Buffer.from(bytes).toString('latin1'),
    trailers: sent.kind === 'chunked' && sent.trailers.length > 0 ? sent.trailers : null,
    keepAlive: true,
    whole: true,
  }
}

/** Cuts `bytes` at the given fractions of its length. */
function cut(bytes: Uint8Array, at: readonly number[]): Uint8Array[] {
  const points = [...new Set(at.map((fraction) => Math.floor(fraction * bytes.length)))].toSorted(
    (a, b) => a - b,
  )
  return [0, ...points].map((start, i) => bytes.subarray(start, points[i] ?? bytes.length))
}

const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), { maxLength: 6 })
const GETS = ['GET', 'GET', 'GET', 'GET', 'GET']
const mode = fc.constantFrom<ParserMode>('lenient', 'strict')

/** How far into a piece an error was is not told, nor whether a CR before stray bytes was consumed. */
function comparable(outcome: Outcome): string {
  return JSON.stringify({ ...outcome, consumed: 0 }, null, 1)
}

describe('decoding', () => {
  it('gives back what a server wrote, pipelined and cut anywhere, in either mode', () => {
    fc.assert(
      fc.property(fc.array(response, { minLength: 1, maxLength: 4 }), cuts, mode, (answers, at, parser) => {
        const bytes = new Uint8Array(Buffer.concat(answers.map(serialize)))
        const methods = answers.map(() => 'GET')
        const outcome = decodePieces(cut(bytes, at), { methods, mode: parser })
        expect(outcome).toMatchObject({ error: '', end: 'idle', consumed: bytes.length, closed: false })
        expect(outcome.answers).toMatchObject(answers.map(wanted))
      }),
      { numRuns: 600 },
    )
  })

  it('gives the same events for the same bytes in any split', () => {
    const pieces = fc.constantFrom(
      'HTTP/1.1 200 OK\r\n',
      'HTTP/1.0 200 OK\n',
      'HTTP/1.1 103 E\r\n',
      'HTTP/1.1 304 N\r\n\r\n',
      'Content-Length: 3\r\n',
      'Content-Length : 3\r\n',
      'Content-Length: 2\r\n\r\n',
      'Transfer-Encoding: chunked\r\n',
      'Transfer-Encoding: chunked\r\n\r\n',
      'Connection: close\r\n',
      'A: b\r\n',
      ' fold\r\n',
      'no colon\n',
      'bad name: x\r\n',
      '\r\n',
      '\n',
      '\r',
      ' ',
      '\0',
      'abc',
      '3\r\nabc\r\n',
      '3;a="b',
      '0\r\n\r\n',
      '0\r\nT: u\r\n',
    )
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 14 }), cuts, mode, (parts, at, parser) => {
        const bytes = bytesOf(parts.join(''))
        const options = { methods: GETS, mode: parser, maxHeadSize: 150 }
        const whole = comparable(decodePieces([bytes], options))
        expect(comparable(decodePieces(cut(bytes, at), options))).toBe(whole)
        expect(comparable(decodePieces(byteByByte(bytes), options))).toBe(whole)
      }),
      { numRuns: 3000 },
    )
  })

  it('throws nothing but ProtocolError and LimitError, whatever comes', () => {
    // `decodePieces` throws on any other error.
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), fc.boolean(), mode, (noise, start, parser) => {
        const head = start ? bytesOf('HTTP/1.1 200 OK\r\n') : new Uint8Array(0)
        const bytes = new Uint8Array(Buffer.concat([head, noise]))
        const outcome = decodePieces([bytes], { methods: GETS, mode: parser })
        expect(outcome.consumed).toBeLessThanOrEqual(bytes.length)
        expect(outcome.error !== '' || outcome.closed || outcome.consumed === bytes.length).toBe(true)
      }),
      { numRuns: 2000 },
    )
  })

  it('survives mutations of valid answers, and no split of them makes a difference', () => {
    const mutation = fc.record({
      at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
      kind: fc.constantFrom('replace', 'insert', 'remove', 'repeat'),
      byte: fc.oneof(fc.constantFrom(0, 9, 10, 13, 32, 34, 44, 48, 58, 59), fc.integer({ min: 0, max: 255 })),
    })
    const mutations = fc.array(mutation, { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(response, response, mutations, cuts, mode, (first, second, changes, at, parser) => {
        const list = [...serialize(first), ...serialize(second)]
        for (const change of changes) {
          const index = Math.floor(change.at * list.length)
          const removed = change.kind === 'replace' || change.kind === 'remove' ? 1 : 0
          const repeated = change.kind === 'repeat' ? list.slice(index, index + 20) : [change.byte]
          list.splice(index, removed, ...(change.kind === 'remove' ? [] : repeated))
        }
        const bytes = new Uint8Array(list)
        const options = { methods: GETS, mode: parser }
        const whole = decodePieces([bytes], options)
        expect(whole.error !== '' || whole.closed || whole.consumed === bytes.length).toBe(true)
        expect(comparable(decodePieces(cut(bytes, at), options))).toBe(comparable(whole))
        expect(comparable(decodePieces(byteByByte(bytes), options))).toBe(comparable(whole))
      }),
      { numRuns: 1200 },
    )
  })
})

/** null where the encoder refuses, as it should: by an ArgumentError. */
function encodedOrRefused(method: string, path: string, fields: [string, string][]): string | null {
  try {
    return encodeHead(method, path, serializeFields(fields))
  } catch (error) {
    if (error instanceof ArgumentError) return null
    throw error
  }
}

describe('encoding', () => {
  it('writes heads that read back as they were given', () => {
    fc.assert(
      fc.property(tokenName, fc.array(field, { maxLength: 8 }), (method, fields) => {
        const [requestLine, ...lines] = encodeHead(method, '/x', serializeFields(fields)).split('\r\n')
        expect(requestLine).toBe(`${method} /x HTTP/1.1`)
        expect(lines.slice(-2)).toEqual(['', ''])
        const read = lines.slice(0, -2).map((text) => {
          const colon = text.indexOf(': ')
          return [text.slice(0, colon), text.slice(colon + 2)]
        })
        expect(read).toEqual(fields)
      }),
    )
  })

  it('writes fields and chunks that our own decoder reads back', () => {
    fc.assert(
      fc.property(fc.array(field, { maxLength: 5 }), fc.array(data, { maxLength: 5 }), (fields, chunks) => {
        const head = serializeFields([...fields, ['Transfer-Encoding', 'chunked']])
        const bytes = Buffer.concat([
          latin1(`HTTP/1.1 200 OK\r\n${head}\r\n`),
          ...chunks.map((chunk) => encodeChunk(chunk)),
          latin1(encodeLastChunk()),
        ])
        const outcome = decodePieces([bytes], { mode: 'strict' })
        expect(outcome).toMatchObject({ error: '', end: 'idle', consumed: bytes.length })
        expect(outcome.answers[0]).toMatchObject({
          headers: [...fields, ['Transfer-Encoding', 'chunked']],
          body: Buffer.concat(chunks).toString('latin1'),
          whole: true,
        })
      }),
    )
  })

  it('lets no CR, LF or NUL out, whatever it is given', () => {
    const anyText = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 12 }),
      fc.string({ maxLength: 12 }),
      tokenName,
    )
    const sly = fc.string({
      unit: fc.constantFrom('\r', '\n', '\0', 'a', ':', ' ', '\u010d', '\u010a'),
      maxLength: 5,
    })
    const text = fc.oneof(anyText, sly)
    const anyValue = fc.oneof(text, fc.anything(), fc.array(fc.oneof(text, fc.double())))
    fc.assert(
      fc.property(
        text,
        text,
        fc.array(fc.tuple(text, anyValue), { maxLength: 4 }),
        (method, path, fields) => {
          const head = encodedOrRefused(method, path, fields as [string, string][])
          if (head === null) return
          const count = fields.reduce((sum, [, given]) => sum + (Array.isArray(given) ? given.length : 1), 0)
          expect(head.split('\r\n')).toHaveLength(count + 3)
          // eslint-disable-next-line no-control-regex -- it is about these
          expect(head.replaceAll('\r\n', '')).not.toMatch(/[\0-\x08\x0a-\x1f\x7f\u0100-\uffff]/)
        },
      ),
      { numRuns: 800 },
    )
  })
})
