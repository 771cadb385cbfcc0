import { expect } from 'vitest'
import { LimitError, ProtocolError } from '../../lib/core/errors.ts'
import type { ResponseHead } from '../../lib/core/exchange.ts'
import type { Headers } from '../../lib/core/headers.ts'
import { type ParserMode, ResponseDecoder } from '../../lib/http1/response-decoder.ts'

export interface CaseOptions {
  mode?: ParserMode
  maxHeadSize?: number
  /** The methods of the requests in flight; default one GET. */
  methods?: readonly string[]
  /** Whether the connection ends in order; default true. */
  clean?: boolean
  /** Split points to try; default all. */
  splits?: Iterable<number>
}

export interface Answer {
  status: number
  reason: string
  minorVersion: number
  headers: [string, string][]
  framing: string
  contentLength: number
  setsCookie: boolean
  contentEncoding: string
  keepAlive: boolean
  keepAliveTimeout: number
  keepAliveMax: number
  body: string
  trailers: [string, string][] | null
  whole: boolean
}

export interface Outcome {
  answers: Answer[]
  informational: { status: number; headers: [string, string][] }[]
  /** Times `onStart` was asked. */
  starts: number
  /** The rule of a ProtocolError, the limit of a LimitError; '' for none. */
  error: string
  /** What `end` said; '' after an error. */
  end: string
  consumed: number
  /** Whether the decoder was closed before the connection ended. */
  closed: boolean
}

export function bytesOf(text: string): Uint8Array {
  return new Uint8Array(Buffer.from(text, 'latin1'))
}

export function pairs(headers: Headers): [string, string][] {
  const list: [string, string][] = []
  for (let i = 0; i < headers.raw.length; i += 2) list.push([headers.raw[i]!, headers.raw[i + 1]!])
  return list
}

function answerOf(head: ResponseHead): Answer {
  return {
    status: head.status,
    reason: head.statusText,
    minorVersion: head.minorVersion,
    headers: pairs(head.headers),
    framing: head.framing,
    contentLength: head.contentLength,
    setsCookie: head.setsCookie,
    contentEncoding: head.contentEncoding,
    keepAlive: head.keepAlive,
    keepAliveTimeout: head.keepAliveTimeout,
    keepAliveMax: head.keepAliveMax,
    body: '',
    trailers: null,
    whole: false,
  }
}

/** Decodes a connection whose bytes come in `pieces` and which then ends. */
export function decodePieces(pieces: Iterable<Uint8Array>, options: CaseOptions = {}): Outcome {
  const methods = [...(options.methods ?? ['GET'])]
  const outcome: Outcome = {
    answers: [],
    informational: [],
    starts: 0,
    error: '',
    end: '',
    consumed: 0,
    closed: false,
  }
  const last = (): Answer => outcome.answers.at(-1)!
  const decoder = new ResponseDecoder(
    {
      onStart: () => {
        outcome.starts++
        return methods.shift() ?? null
      },
      onInformational: (head) => {
        outcome.informational.push({ status: head.status, headers: pairs(head.headers) })
      },
      onHead: (head) => {
        outcome.answers.push(answerOf(head))
      },
      onBody: (chunk) => {
        // A view is no event of its own if it is empty.
        if (chunk.length === 0) expect.unreachable('an empty chunk')
        last().body += Buffer.from(chunk).toString('latin1')
      },
      onEnd: (trailers) => {
        expect(last().whole).toBe(false)
        last().whole = true
        last().trailers = trailers === null ? null : pairs(trailers)
      },
    },
    { mode: options.mode ?? 'lenient', maxHeadSize: options.maxHeadSize ?? 65_536 },
  )
  try {
    for (const piece of pieces) {
      const consumed = decoder.decode(piece)
      outcome.consumed += consumed
      if (decoder.closed) break
      // Not each time: `expect` costs more than the decoder.
      if (consumed !== piece.length) expect(consumed, 'consumed while open').toBe(piece.length)
    }
    outcome.closed = decoder.closed
    outcome.end = decoder.end(options.clean ?? true)
  } catch (error) {
    if (error instanceof ProtocolError) outcome.error = error.rule
    else if (error instanceof LimitError) outcome.error = error.limit
    else throw error
    outcome.closed = decoder.closed
  }
  return outcome
}

export function* byteByByte(bytes: Uint8Array): Iterable<Uint8Array> {
  for (let i = 0; i < bytes.length; i++) yield bytes.subarray(i, i + 1)
}

const NEXT = 'HTTP/1.1 299 Next\r\nX-Next: yes\r\nContent-Length: 4\r\n\r\nnext'

/**
 * Decodes `text` whole, byte by byte, at every split point and with the next response glued on,
 * and expects the same each time. Returns what came of it.
 */
export function decodeCase(text: string | Uint8Array, options: CaseOptions = {}): Outcome {
  const bytes = typeof text === 'string' ? bytesOf(text) : text
  const whole = decodePieces([bytes], options)
  // An error is thrown from inside a piece: how far into it is not told.
  const same = (outcome: Outcome): Outcome =>
    whole.error === '' ? outcome : { ...outcome, consumed: whole.consumed }
  expect(same(decodePieces(byteByByte(bytes), options)), 'byte by byte').toEqual(whole)
  for (const at of options.splits ?? bytes.keys()) {
    const outcome = decodePieces([bytes.subarray(0, at), bytes.subarray(at)], options)
    if (!isSame(same(outcome), whole)) expect(same(outcome), `split at ${at}`).toEqual(whole)
  }
  checkGlued(bytes, options, whole)
  return whole
}

function isSame(a: Outcome, b: Outcome): boolean {
  return JSON.stringify(a) === JSON.stringify(b)
}

/** A complete answer must not change, and what follows must not get lost or into it. */
function checkGlued(bytes: Uint8Array, options: CaseOptions, whole: Outcome): void {
  const methods = options.methods ?? ['GET']
  const glued = new Uint8Array(Buffer.concat([bytes, Buffer.from(NEXT, 'latin1')]))
  const outcome = decodePieces([glued], { ...options, methods: [...methods, 'GET'] })
  const bytewise = decodePieces(byteByByte(glued), { ...options, methods: [...methods, 'GET'] })
  expect({ ...bytewise, consumed: 0 }, 'glued, byte by byte').toEqual({ ...outcome, consumed: 0 })
  if (whole.error !== '') {
    expect(outcome.error, 'the error, with more bytes behind').toBe(whole.error)
  } else if (whole.closed && whole.answers.at(-1)?.keepAlive === false) {
    expect(outcome, 'nothing after the last answer').toEqual(whole)
  } else if (whole.end === 'idle' && !whole.closed && whole.answers.length === methods.length) {
    expect(outcome.answers.slice(0, -1), 'the answers before').toEqual(whole.answers)
    expect(outcome.answers.at(-1), 'the glued answer').toMatchObject({
      status: 299,
      headers: [
        ['X-Next', 'yes'],
        ['Content-Length', '4'],
      ],
      body: 'next',
      whole: true,
    })
  } else if (whole.end === 'complete') {
    expect(outcome.answers.at(-1)!.body, 'a body until close takes all').toBe(
      whole.answers.at(-1)!.body + NEXT,
    )
  }
}

/** Expects one whole answer and returns it. */
export function decodeOne(text: string, options: CaseOptions = {}): Answer {
  const outcome = decodeCase(text, options)
  expect(outcome.error).toBe('')
  expect(outcome.answers).toHaveLength(1)
  expect(outcome.answers[0]!.whole).toBe(true)
  return outcome.answers[0]!
}

/** Expects the error and returns the name of its rule or limit. */
export function decodeError(text: string, options: CaseOptions = {}): string {
  const outcome = decodeCase(text, options)
  expect(outcome.closed).toBe(true)
  return outcome.error
}
