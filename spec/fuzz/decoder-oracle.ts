import { crc32 } from 'node:zlib'
import { type DecoderLog, decodeLog, type LoggedAnswer } from './decoder-log.ts'
import { demand, demandSame } from './finding.ts'
import { unpack, type WireInput } from './wire-input.ts'

/** Splits at every point are tried up to this many bytes: n splits of n bytes. */
const EVERY_SPLIT = 40
const SOME_SPLITS = 4
const BODILESS = new Set([204, 304])

/** Bytes of any kind, as a fuzzer makes them. Throws a Finding. */
export function checkPacked(bytes: Uint8Array): DecoderLog {
  return checkDecoder(unpack(bytes))
}

/**
 * The same in a fifth of the time, for a loop that runs many: two splits, and no answer behind. Throws a Finding.
 */
export function checkPackedBriefly(bytes: Uint8Array): void {
  const input = unpack(bytes)
  const whole = decodeLog(input, [input.wire], true)
  checkAnswers(whole)
  demandSame(decodeLog(input, sized(input.wire, 1), true).events, whole.events, 'byte by byte')
  const size = 2 + (crc32(input.wire) % 40)
  demandSame(decodeLog(input, sized(input.wire, size), true).events, whole.events, `pieces of ${size}`)
}

/** Holds the decoder to what must be true whatever the bytes are. Throws a Finding; returns what it said. */
export function checkDecoder(input: WireInput): DecoderLog {
  const { wire } = input
  const whole = decodeLog(input, [wire], true)
  checkAnswers(whole)
  checkCutOff(input, whole)
  for (const [what, pieces] of splitsOf(wire)) {
    demandSame(decodeLog(input, pieces, true).events, whole.events, what)
  }
  checkGlued(input, whole)
  return whole
}

/** Ways to cut `wire`, the same for the same bytes: a finding can be played again. */
function* splitsOf(wire: Uint8Array): Iterable<[string, Iterable<Uint8Array>]> {
  yield ['byte by byte', sized(wire, 1)]
  yield ['byte by byte, with empty pieces', emptied(wire)]
  if (wire.length <= EVERY_SPLIT) {
    for (let at = 1; at < wire.length; at++)
      yield [`split at ${at}`, [wire.subarray(0, at), wire.subarray(at)]]
    return
  }
  let state = crc32(wire) | 1
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * below)
  }
  for (let i = 0; i < SOME_SPLITS; i++) {
    const points = Array.from({ length: 1 + next(6) }, () => next(wire.length)).toSorted((a, b) => a - b)
    const pieces = [0, ...points].map((start, j) => wire.subarray(start, points[j] ?? wire.length))
    yield [`split at ${points.join(', ')}`, pieces]
  }
  const size = 2 + next(30)
  yield [`pieces of ${size}`, sized(wire, size)]
}

function* sized(bytes: Uint8Array, size: number): Iterable<Uint8Array> {
  // As a socket's: each piece lies in a buffer that is used again for the next.
  const buffer = Buffer.alloc(size)
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size)
    buffer.set(piece)
    yield buffer.subarray(0, piece.length)
  }
}

function* emptied(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let at = 0; at < bytes.length; at++) {
    yield bytes.subarray(at, at)
    yield bytes.subarray(at, at + 1)
  }
}

/** What the head says and what came of it agree (RFC 9112 section 6.3). */
function checkAnswers({ answers }: DecoderLog): void {
  answers.forEach((answer, i) => {
    demand(answer.whole || i === answers.length - 1, 'an answer after one that is not whole')
    demand(answer.head.keepAlive || i === answers.length - 1, 'an answer after the last')
    checkAnswer(answer)
  })
}

function checkAnswer({ method, head, body, whole, trailers, fields }: LoggedAnswer): void {
  const { status, framing, contentLength } = head
  demand(
    fields.every((text) => !/[\0\r\n]/.test(text)),
    'NUL, CR or LF in a field',
  )
  const tunnel = method === 'CONNECT' && status < 300
  if (method === 'HEAD' || tunnel || BODILESS.has(status)) {
    demand(framing === 'none' && body === '', `a body for ${method} ${status}`)
  } else demand(framing !== 'none', `no body for ${method} ${status}`)
  demand(!tunnel || !head.keepAlive, 'a tunnel that is used for more')
  demand(framing !== 'close' || !head.keepAlive, 'a connection used after a body until close')
  demand(framing === 'chunked' || trailers === null, 'trailers of a body that has none')
  const names = fields.filter((_, i) => i % 2 === 0).map((name) => name.toLowerCase())
  const codings = valuesOf(fields, 'transfer-encoding')
  if (framing === 'length') {
    demand(
      body.length <= contentLength && (!whole || body.length === contentLength),
      'a body of another length',
    )
    const told = valuesOf(fields, 'content-length').flatMap((value) => value.split(/[\s,]+/))
    demand(
      told.some((text) => /^\d+$/.test(text)),
      'a length that nobody told',
    )
    demand(
      told.every((text) => !/^\d+$/.test(text) || Number(text) === contentLength),
      `a length of ${contentLength} out of ${told.join()}`,
    )
    demand(codings.length === 0 || !head.keepAlive, 'a length beside a coding, and the connection used again')
  }
  if (framing === 'chunked') {
    demand(/(^|[,\s])chunked[\s,]*$/i.test(codings.join(',')), 'chunked, but not told')
    demand(
      !head.keepAlive || !names.includes('content-length'),
      'two framings, and the connection used again',
    )
  }
  if (framing !== 'none' && framing !== 'chunked') {
    demand(!/^chunked$/i.test(codings.join(',')), 'chunks read as something else')
  }
}

function valuesOf(fields: readonly string[], name: string): string[] {
  return fields.filter((_, i) => i % 2 === 1 && fields[i - 1]!.toLowerCase() === name)
}

/** The same bytes and an unclean end: nothing may be taken for whole that could be longer. */
function checkCutOff(input: WireInput, whole: DecoderLog): void {
  const cut = decodeLog(input, [input.wire], false)
  demand(cut.end !== 'complete', 'whole after an unclean end')
  if (whole.end !== 'complete') return demandSame(cut.events, whole.events, 'an unclean end')
  demand(cut.end === 'body', `an unclean end inside a body is ${cut.end}`)
  demand(cut.answers.at(-1)?.whole === false, 'a body until close is whole after an unclean end')
}

const NEXT = Buffer.from('HTTP/1.1 299 Next\r\nX-Next: yes\r\nContent-Length: 4\r\n\r\nnext', 'latin1')

/** One more answer behind: no answer that was whole may change by it, and none that follows may get lost. */
function checkGlued(input: WireInput, whole: DecoderLog): void {
  if (whole.error !== '' || input.methods.length > 3) return
  const glued = {
    ...input,
    wire: Buffer.concat([input.wire, NEXT]),
    methods: [...input.methods, 'GET'],
  }
  const log = decodeLog(glued, [glued.wire], true)
  const complete = whole.answers.filter((answer) => answer.whole && answer.head.framing !== 'close').length
  for (let i = 0; i < complete; i++) {
    const [now, before] = [log.answers[i], whole.answers[i]!]
    demand(now?.whole === true, `answer ${i} is no longer whole with another behind`)
    demand(
      now.body === before.body && now.fields.join('\n') === before.fields.join('\n'),
      `answer ${i} changed by the next`,
    )
  }
  const closed = whole.events.some((event) => event.startsWith('closed'))
  if (whole.end === 'idle' && !closed && complete === input.methods.length) {
    const last = log.answers.at(-1)
    demand(last?.head.status === 299 && last.body === 'next', 'the answer behind got lost')
  }
  demandSame(decodeLog(glued, sized(glued.wire, 1), true).events, log.events, 'glued, byte by byte')
}
