import { LimitError, ProtocolError } from '../../lib/core/errors.ts'
import type { ResponseHead } from '../../lib/core/exchange.ts'
import type { Headers } from '../../lib/core/headers.ts'
import { type DecoderSink, ResponseDecoder } from '../../lib/http1/response-decoder.ts'
import { demand } from './finding.ts'
import type { WireInput } from './wire-input.ts'

/** One answer as far as it came. */
export interface LoggedAnswer {
  readonly method: string
  readonly head: ResponseHead
  readonly fields: readonly string[]
  body: string
  trailers: readonly string[] | null
  whole: boolean
}

/** All that a decoder said about one connection, in order. */
export interface DecoderLog {
  /** Body bytes between two other events are one. */
  readonly events: readonly string[]
  readonly answers: readonly LoggedAnswer[]
  /** The rule of a ProtocolError, the limit of a LimitError; '' for none. */
  readonly error: string
  /** What `end` said; '' after an error. */
  readonly end: string
  /** Bytes taken until the decoder closed. */
  readonly consumed: number
}

/**
 * A sink that writes everything down, and holds the decoder to the order start, 1xx, head, body, end
 * and to a number of calls that the bytes can account for: an endless loop ends here.
 */
class Recorder implements DecoderSink {
  readonly events: string[] = []
  readonly answers: LoggedAnswer[] = []
  readonly #methods: readonly string[]
  #started = 0
  #body = ''
  #expects: 'start' | 'head' | 'body' = 'start'
  #calls: number

  constructor(input: WireInput) {
    this.#methods = input.methods
    this.#calls = 3 * input.wire.length + 10
  }

  onStart(): string | null {
    // After a 1xx the answer goes on: it is not asked for again.
    this.#step('start')
    const method = this.#methods[this.#started++] ?? null
    this.events.push(`start ${method}`)
    this.#expects = 'head'
    return method
  }

  onInformational(head: ResponseHead): void {
    this.#step('head')
    demand(
      head.status >= 100 && head.status < 200 && head.status !== 101,
      `${head.status} as an interim answer`,
    )
    this.events.push(`interim ${describe(head)}`)
  }

  onHead(head: ResponseHead): void {
    this.#step('head')
    demand(head.status >= 200 && head.status <= 999, `${head.status} as a final answer`)
    const method = this.#methods[this.#started - 1]!
    this.events.push(`head ${describe(head)}`)
    this.answers.push({ method, head, fields: head.headers.raw, body: '', trailers: null, whole: false })
    this.#expects = 'body'
  }

  onBody(chunk: Uint8Array): void {
    this.#step('body')
    demand(chunk.length > 0, 'an empty piece of a body')
    this.#body += Buffer.from(chunk).toString('latin1')
  }

  onEnd(trailers: Headers | null): void {
    this.#step('body')
    this.flush()
    const answer = this.answers.at(-1)!
    answer.whole = true
    answer.trailers = trailers === null ? null : trailers.raw
    this.events.push(`end ${JSON.stringify(answer.trailers)}`)
    this.#expects = 'start'
  }

  flush(): void {
    if (this.#body === '') return
    this.events.push(`body ${JSON.stringify(this.#body)}`)
    this.answers.at(-1)!.body += this.#body
    this.#body = ''
  }

  #step(part: 'start' | 'head' | 'body'): void {
    demand(part === this.#expects, `an event of the ${part} where one of the ${this.#expects} belongs`)
    demand(--this.#calls > 0, 'more events than the bytes account for')
  }
}

function describe(head: ResponseHead): string {
  const { headers, ...rest } = head
  return `${JSON.stringify(rest)} ${JSON.stringify(headers.raw)}`
}

/** Decodes the input's bytes as they come in `pieces`, and ends the connection. Other errors than ours pass. */
export function decodeLog(input: WireInput, pieces: Iterable<Uint8Array>, clean: boolean): DecoderLog {
  const recorder = new Recorder(input)
  const decoder = new ResponseDecoder(recorder, input)
  let consumed = 0
  let error = ''
  let end = ''
  try {
    for (const piece of pieces) {
      const count = decoder.decode(piece)
      demand(count >= 0 && count <= piece.length, `${count} of ${piece.length} bytes consumed`)
      consumed += count
      if (decoder.closed) break
      demand(count === piece.length, `${count} of ${piece.length} bytes consumed, and not closed`)
    }
    const closed = decoder.closed
    if (closed) recorder.events.push(`closed after ${withoutCr(input.wire, consumed)} bytes`)
    end = decoder.end(clean)
  } catch (thrown) {
    if (thrown instanceof ProtocolError) error = thrown.rule
    else if (thrown instanceof LimitError) error = thrown.limit
    else throw thrown
    demand(thrown.message.length < 600, `a message of ${thrown.message.length} characters`)
  }
  recorder.flush()
  recorder.events.push(error === '' ? `ended: ${end}` : `error ${error}`)
  demand(decoder.closed, 'not closed at the end')
  demand(decoder.decode(new Uint8Array([72])) === 0, 'a closed decoder took a byte')
  return { events: recorder.events, answers: recorder.answers, error, end, consumed }
}

/** A CR before stray bytes counts as an empty line's where it came in a piece of its own. */
function withoutCr(wire: Uint8Array, consumed: number): number {
  return wire[consumed - 1] === 13 ? consumed - 1 : consumed
}
