import { Readable } from 'node:stream'
import { types } from 'node:util'
import { ArgumentError, RequestBodyError } from '../../core/errors.ts'
import type { RequestBody } from '../../core/exchange.ts'
import { BodySource, type Chunks, typeName } from './body-source.ts'
import { multipart } from './form-data.ts'

/** What a request body may be given as. A Node stream is an AsyncIterable. */
export type BodyInit =
  | string
  | Uint8Array
  | ArrayBuffer
  | URLSearchParams
  | FormData
  | Blob
  | ReadableStream<Uint8Array>
  | AsyncIterable<Uint8Array | string>
  | Iterable<Uint8Array | string>

export interface PreparedBody {
  readonly body: RequestBody
  /** The Content-Type that goes with it, unless the user gives one; '': none. */
  readonly contentType: string
}

/**
 * Makes a request body of what the user gave. `contentLength`: the announced length, -1: none.
 *
 * Bytes are not copied: whoever gives them must not change them until the call has settled. Text is
 * UTF-8. Iterables and streams are sent chunked unless a length is announced; they are read once, so
 * only an array of chunks can be sent again. Throws ArgumentError at once; a source that fails, or gives more or
 * less than announced, is a RequestBodyError while it is sent.
 */
export function requestBody(body: BodyInit, contentLength: number): PreparedBody {
  if (typeof body === 'string') {
    return prepared(bytesBody(Buffer.from(body), contentLength), 'text/plain;charset=UTF-8')
  }
  if (types.isUint8Array(body)) return prepared(bytesBody(body, contentLength), '')
  if (ArrayBuffer.isView(body)) {
    const { buffer, byteOffset, byteLength } = body as ArrayBufferView
    return prepared(bytesBody(new Uint8Array(buffer, byteOffset, byteLength), contentLength), '')
  }
  if (types.isAnyArrayBuffer(body)) return prepared(bytesBody(new Uint8Array(body), contentLength), '')
  // By tag, not by class: the FormData of an undici from npm is not the one of Node.
  switch (Object.prototype.toString.call(body)) {
    case '[object URLSearchParams]':
      return prepared(
        bytesBody(Buffer.from((body as URLSearchParams).toString()), contentLength),
        'application/x-www-form-urlencoded;charset=UTF-8',
      )
    case '[object FormData]':
      return formBody(body as FormData, contentLength)
    case '[object Blob]':
    case '[object File]': {
      const blob = body as Blob
      return prepared(piecesBody([blob], blob.size, contentLength), blob.type)
    }
    default:
      return prepared(sourceBody(body as object, contentLength), '')
  }
}

/** A JSON body. Throws ArgumentError for what JSON cannot say: undefined, cycles, a BigInt. */
export function jsonBody(value: unknown): PreparedBody {
  let text: string | undefined
  try {
    text = JSON.stringify(value) as string | undefined
  } catch (error) {
    throw new ArgumentError(`json: cannot be written as JSON: ${(error as Error).message}`, error)
  }
  if (text === undefined) {
    throw new ArgumentError(`json: ${typeName(value)} cannot be written as JSON; give null to send "null"`)
  }
  return prepared(bytesBody(Buffer.from(text), -1), 'application/json')
}

function prepared(body: RequestBody, contentType: string): PreparedBody {
  return { body, contentType }
}

function bytesBody(bytes: Uint8Array, contentLength: number): RequestBody {
  checkLength(bytes.length, contentLength)
  return { bytes, length: bytes.length, replayable: true, open: () => once(bytes), discard: undefined }
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  if (bytes.length > 0) yield bytes
}

function formBody(form: FormData, contentLength: number): PreparedBody {
  const { boundary, pieces, length } = multipart(form)
  const first = pieces[0]!
  const body =
    pieces.length === 1 && types.isUint8Array(first)
      ? bytesBody(first, contentLength)
      : piecesBody(pieces, length, contentLength)
  return prepared(body, `multipart/form-data; boundary=${boundary}`)
}

/** Bytes and blobs one after another; a blob of a file that has changed fails while it is read. */
function piecesBody(
  pieces: readonly (Uint8Array | Blob)[],
  length: number,
  contentLength: number,
): RequestBody {
  checkLength(length, contentLength)
  const open = (): BodySource => new BodySource(asyncChunks(readPieces(pieces)), length)
  return { bytes: null, length, replayable: true, open, discard: undefined }
}

async function* readPieces(
  pieces: readonly (Uint8Array | Blob)[],
): AsyncGenerator<Uint8Array, void, undefined> {
  for (const piece of pieces) {
    if (types.isUint8Array(piece)) yield piece
    else yield* piece.stream()
  }
}

function sourceBody(source: object, length: number): RequestBody {
  const start = starter(source)
  if (Array.isArray(source)) {
    const again = (): BodySource => new BodySource(start(), length)
    return { bytes: null, length, replayable: true, open: again, discard: undefined }
  }
  let opened = false
  const open = (): BodySource => {
    if (opened) throw new RequestBodyError('the request body is a stream: it cannot be sent a second time')
    opened = true
    return new BodySource(start(), length)
  }
  const discard = (): void => {
    if (!opened) letGo(source)
    opened = true
  }
  return { bytes: null, length, replayable: false, open, discard }
}

/** A stream that nobody will read holds on to its file or socket. An iterable has not begun. */
function letGo(source: object): void {
  if (isNodeStream(source)) source.destroy()
  else if (source instanceof ReadableStream && !source.locked) source.cancel().catch(ignore)
}

function ignore(): void {}

/** How to start reading `source`; ArgumentError when it is nothing that can be read. */
function starter(source: object): () => Chunks {
  if (source instanceof ReadableStream) {
    if (source.locked) throw consumed('locked: somebody else reads it')
    if (isDisturbed(source)) throw consumed('already read from')
    return () => readerChunks(source)
  }
  if (isNodeStream(source)) {
    if (source.errored) throw consumed(`broken: ${source.errored.message}`, source.errored)
    if (source.destroyed) throw consumed('destroyed')
    if (isDisturbed(source)) throw consumed('already read from')
    // It may break before it is opened, as a missing file does, and with nobody listening that would
    // end the process. Whoever opens it is told.
    source.on('error', ignore)
    return () => nodeChunks(source)
  }
  if (typeof (source as Partial<AsyncIterable<unknown>> | null)?.[Symbol.asyncIterator] === 'function') {
    return () => asyncChunks((source as AsyncIterable<unknown>)[Symbol.asyncIterator]())
  }
  if (
    typeof source === 'object' &&
    typeof (source as Partial<Iterable<unknown>> | null)?.[Symbol.iterator] === 'function'
  ) {
    return () => asyncChunks((source as Iterable<unknown>)[Symbol.iterator]())
  }
  throw new ArgumentError(
    `body: ${typeName(source)} cannot be sent; a body is a string, Uint8Array, ArrayBuffer, ` +
      'URLSearchParams, FormData, Blob, stream or (async) iterable of Uint8Array or string; for JSON use json:',
  )
}

/** Node's declarations leave web streams out; its function does not. */
function isDisturbed(stream: object): boolean {
  return Readable.isDisturbed(stream as Readable)
}

function isNodeStream(source: unknown): source is Readable {
  const stream = source as Partial<Readable> | null
  return (
    typeof stream === 'object' &&
    typeof stream?.pipe === 'function' &&
    typeof stream.destroy === 'function' &&
    typeof stream[Symbol.asyncIterator] === 'function'
  )
}

function asyncChunks(iterator: AsyncIterator<unknown> | Iterator<unknown>): Chunks {
  return { next: () => iterator.next(), cancel: () => iterator.return?.() }
}

/** Destroying the stream itself also ends a read that is under way; its iterator's return waits for it. */
function nodeChunks(stream: Readable): Chunks {
  const iterator = stream[Symbol.asyncIterator]()
  return { next: () => iterator.next(), cancel: () => stream.destroy() }
}

function readerChunks(stream: ReadableStream<unknown>): Chunks {
  const reader = stream.getReader()
  return {
    next: () => reader.read() as Promise<IteratorResult<unknown>>,
    cancel: () => reader.cancel(),
  }
}

function checkLength(length: number, contentLength: number): void {
  if (contentLength === -1 || contentLength === length) return
  throw new ArgumentError(
    `the body is ${length} bytes long, but its announced length is ${contentLength}; leave the length out`,
  )
}

function consumed(what: string, cause?: unknown): ArgumentError {
  return new ArgumentError(`body: the stream is ${what}; a body must be unread when the call starts`, cause)
}
