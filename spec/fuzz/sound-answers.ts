import fc from 'fast-check'
import { decodeLog, type LoggedAnswer } from './decoder-log.ts'
import { demand, demandSame } from './finding.ts'
import type { WireInput } from './wire-input.ts'

/** An answer as its server meant it, with the bytes that say so. */
interface SoundAnswer {
  readonly method: string
  readonly text: string
  readonly interim: readonly number[]
  readonly status: number
  readonly reason: string
  readonly fields: readonly string[]
  readonly body: string
  readonly trailers: readonly string[] | null
  readonly keepAlive: boolean
}

export interface SoundConnection {
  readonly answers: readonly SoundAnswer[]
  readonly strict: boolean
  /** Where the bytes are cut. */
  readonly cuts: readonly number[]
}

const NAMES = Array.from("!#$%&'*+-.^_`|~0129azAZ")
const FRAMING = new Set([
  'content-length',
  'transfer-encoding',
  'connection',
  'keep-alive',
  'content-encoding',
])
const name = fc
  .string({ unit: fc.constantFrom(...NAMES), minLength: 1, maxLength: 18 })
  .filter((text) => !FRAMING.has(text.toLowerCase()))
/** Bytes that may stand inside a value, with none of the blanks that are trimmed. */
const visible = fc.constantFrom(...Array.from('!"(),/:;<=>?@[]{}aZ09\x80\xe9\xff'))
const value = fc
  .tuple(visible, fc.string({ unit: fc.oneof(visible, fc.constantFrom(' ', '\t')), maxLength: 30 }), visible)
  .map((parts) => parts.join(''))
const fieldValue = fc.oneof(value, fc.constant(''))
const fields = fc.array(
  fc.tuple(name, fieldValue, fc.constantFrom(': ', ':', ':\t ', ':  '), fc.constantFrom('', ' ', '\t')),
  { maxLength: 4 },
)
const anyCase = (word: string): fc.Arbitrary<string> =>
  fc.constantFrom(
    word,
    word.toLowerCase(),
    word.toUpperCase(),
    Array.from(word, (c, i) => (i % 2 ? c.toUpperCase() : c.toLowerCase())).join(''),
  )
const latin1 = (maxLength: number): fc.Arbitrary<string> =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'))
const extension = fc.constantFrom('', '', '', ';a', ';a=b', ';a="x;\\"y"', ' ; a = b', ';ab=c;d')

interface Framed {
  readonly field: readonly string[]
  readonly wire: string
  readonly body: string
  readonly trailers: readonly string[] | null
  /** Whether the connection may be used again. */
  readonly keepAlive: boolean
}

const withLength = fc
  .tuple(latin1(60), anyCase('Content-Length'), fc.constantFrom('', '00'))
  .map(([body, header, zeros]): Framed => ({
    field: [header, `${zeros}${body.length}`],
    wire: body,
    body,
    trailers: null,
    keepAlive: true,
  }))
const rarely = fc.oneof(
  { arbitrary: fc.constant(null), weight: 8 },
  { arbitrary: fc.nat({ max: 30 }), weight: 1 },
)
const chunks = fc.array(
  fc.tuple(
    latin1(40).filter((text) => text !== ''),
    extension,
    fc.boolean(),
    fc.constantFrom('', '0', '000'),
  ),
  { maxLength: 4 },
)
const chunked = fc
  .tuple(chunks, anyCase('Transfer-Encoding'), anyCase('chunked'), extension, fields, rarely)
  .map(([list, header, coding, last, trailers, length]): Framed => {
    const body = list.map(([data]) => data).join('')
    const data = list.map(([text, ext, upper, zeros]) => {
      const size = text.length.toString(16)
      return `${zeros}${upper ? size.toUpperCase() : size}${ext}\r\n${text}\r\n`
    })
    const both = length === null ? [] : ['Content-Length', String(length)]
    return {
      field: [header, coding, ...both],
      wire: `${data.join('')}0${last}\r\n${linesOf(trailers)}\r\n`,
      body,
      trailers: trailers.length === 0 ? null : pairsOf(trailers),
      // Section 6.3 rule 3: the coding wins, and the connection closes.
      keepAlive: length === null,
    }
  })

type Field = readonly [name: string, value: string, colon: string, after: string]

function linesOf(list: readonly Field[]): string {
  return list.map(([one, text, colon, after]) => `${one}${colon}${text}${after}\r\n`).join('')
}

function pairsOf(list: readonly Field[]): string[] {
  return list.flatMap(([one, text]) => [one, text])
}

const status = fc.oneof(
  { arbitrary: fc.integer({ min: 200, max: 999 }), weight: 4 },
  { arbitrary: fc.constantFrom(200, 204, 304, 206), weight: 3 },
)
const interim = fc.array(fc.constantFrom(100, 102, 103, 199), { maxLength: 3 })
const connection = fc.oneof(
  { arbitrary: fc.constantFrom('', 'keep-alive', 'x'), weight: 8 },
  { arbitrary: fc.constantFrom('close', 'x, Close'), weight: 1 },
)

const answer: fc.Arbitrary<SoundAnswer> = fc
  .tuple(
    fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST'),
    interim,
    status,
    fc.oneof(fc.constant(''), fc.constant('OK'), value),
    fields,
    fc.oneof(withLength, chunked),
    connection,
    fc.oneof(
      { arbitrary: fc.constant('HTTP/1.1'), weight: 12 },
      { arbitrary: fc.constant('HTTP/1.0'), weight: 1 },
    ),
  )
  .map(([method, before, code, reason, list, framed, option, version]) => {
    const bodiless = method === 'HEAD' || code === 204 || code === 304
    const options = option === '' ? [] : ['Connection', option]
    const head = [...pairsOf(list), ...framed.field, ...options]
    const rest = [...framed.field, ...options]
    const lines =
      linesOf(list) +
      linesOf(rest.flatMap((one, i) => (i % 2 === 0 ? [[one, rest[i + 1]!, ': ', ''] as const] : [])))
    const interims = before.map((one) => `HTTP/1.1 ${one} x\r\nContent-Length: 5\r\n\r\n`).join('')
    // A 204 that announces a body is often followed by one, and no framing of an HTTP/1.0 answer by chunks counts.
    const doubtful = code === 204 && Number(framed.field[1] ?? 0) !== 0
    const old = version === 'HTTP/1.0'
    const persistent = old
      ? option === 'keep-alive' && framed.field[0]!.length === 14
      : !/close/i.test(option)
    return {
      method,
      text: `${interims}${version} ${code} ${reason}\r\n${lines}\r\n${bodiless ? '' : framed.wire}`,
      interim: before,
      status: code,
      reason,
      fields: head,
      body: bodiless ? '' : framed.body,
      trailers: bodiless ? null : framed.trailers,
      keepAlive: persistent && framed.keepAlive && !doubtful,
    }
  })

/** Valid answers to requests in a pipeline. */
export const soundConnection: fc.Arbitrary<SoundConnection> = fc.record({
  answers: fc.array(answer, { minLength: 1, maxLength: 4 }),
  strict: fc.boolean(),
  cuts: fc.array(fc.noBias(fc.nat({ max: 999 })), { maxLength: 6 }),
})

/** Demands that each answer is read as its server meant it, up to the first that ends the connection. */
export function checkSound({ answers, strict, cuts }: SoundConnection): string {
  const wire = Buffer.from(answers.map(({ text }) => text).join(''), 'latin1')
  // What strict mode rejects is the business of its own specs.
  const mode = strict && !answers.some(refusedByStrict) ? 'strict' : 'lenient'
  const input: WireInput = { mode, maxHeadSize: 65_536, methods: answers.map(({ method }) => method), wire }
  const points = cuts.map((at) => Math.floor((at / 1_000) * wire.length)).toSorted((a, b) => a - b)
  const pieces = [0, ...points].map((start, i) => wire.subarray(start, points[i] ?? wire.length))
  const log = decodeLog(input, pieces, true)
  demand(log.error === '', `a valid connection is an error: ${log.error}`)
  const last = answers.findIndex(({ keepAlive }) => !keepAlive)
  const wanted = last === -1 ? answers : answers.slice(0, last + 1)
  demandSame(log.answers.map(readAnswer), wanted.map(meantAnswer), 'the answers')
  const interims = log.events.filter((event) => event.startsWith('interim')).length
  demand(interims === wanted.flatMap((one) => one.interim).length, `${interims} interim answers`)
  return `${mode}, ${wanted.length} of ${answers.length}`
}

function refusedByStrict({ fields: list, text }: SoundAnswer): boolean {
  const names = list.filter((_, i) => i % 2 === 0).map((one) => one.toLowerCase())
  return names.includes('transfer-encoding') && (names.includes('content-length') || /HTTP\/1\.0/.test(text))
}

function readAnswer({ method, head, fields: list, body, trailers, whole }: LoggedAnswer): string {
  const { status: code, statusText, keepAlive } = head
  return JSON.stringify([method, code, statusText, list, body, trailers, keepAlive, whole])
}

function meantAnswer({
  method,
  status: code,
  reason,
  fields: list,
  body,
  trailers,
  keepAlive,
}: SoundAnswer): string {
  return JSON.stringify([method, code, reason, list, body, trailers, keepAlive, true])
}
