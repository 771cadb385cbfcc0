import { LIMITS } from '../../core/limits.ts'

/** Turns of the microtask queue that a stream of bytes already there needs for its next step. */
const TURNS = 32

type Reader = ReadableStreamDefaultReader<Uint8Array>
type Read = ReturnType<Reader['read']>

/**
 * What to send of a Request's body. A Request keeps only a stream, even of a string or a form: where
 * all of it is there at once it is gathered, has a length, and can be sent again. A stream that takes its
 * time, or is long, stays one: after its first chunk it is not waited for.
 */
export async function requestStream(
  stream: ReadableStream<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<Uint8Array | ReadableStream<Uint8Array>> {
  const reader = stream.getReader()
  const stop = (): void => void reader.cancel(signal?.reason).catch(ignore)
  signal?.addEventListener('abort', stop)
  try {
    const chunks: Uint8Array[] = []
    let size = 0
    let next = await reader.read()
    // Cancelled, it ends: what it gave is not the whole.
    signal?.throwIfAborted()
    while (!next.done) {
      chunks.push(next.value)
      size += next.value.length
      const read = reader.read()
      const soon = size > LIMITS.sendPiece ? null : await settledSoon(read)
      if (soon === null) return joined(chunks, read, reader)
      next = soon
    }
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  } finally {
    signal?.removeEventListener('abort', stop)
  }
}

/** null: it takes longer, or fails. */
async function settledSoon(read: Read): Promise<Awaited<Read> | null> {
  let result: Awaited<Read> | null = null
  const look = async (): Promise<void> => {
    try {
      result = await read
    } catch {
      // Whoever reads the stream will be told.
    }
  }
  void look()
  for (let turn = 0; turn < TURNS; turn++) {
    if (result !== null) break
    await Promise.resolve()
  }
  return result
}

/** The stream as it was before it was read from. */
function joined(chunks: readonly Uint8Array[], read: Read, reader: Reader): ReadableStream<Uint8Array> {
  const waiting = [read]
  return new ReadableStream<Uint8Array>(
    {
      start: (controller) => {
        for (const chunk of chunks) controller.enqueue(chunk)
      },
      pull: async (controller) => {
        const next = await (waiting.pop() ?? reader.read())
        if (next.done) controller.close()
        else controller.enqueue(next.value)
      },
      cancel: (reason) => reader.cancel(reason),
    },
    { highWaterMark: 0 },
  )
}

function ignore(): void {}
