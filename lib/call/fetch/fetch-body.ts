import { LimitError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'

/** Where the bytes come from. */
interface Answer {
  readonly body: AsyncIterableIterator<Uint8Array>
  discard(): Promise<void>
}

/**
 * Bodies that nobody read to the end, and whose Response is gone: their connection is freed, and their
 * signal forgets them (CVE-2024-24750 was a client that did neither).
 */
const dropped = new FinalizationRegistry<() => void>((letGo) => letGo())

/** The body of a fetched response, to be had once: gathered, or as a stream. */
export class FetchBody {
  readonly #answer: Answer
  readonly #signal: AbortSignal | undefined
  #controller: ReadableByteStreamController | null = null
  #over = false
  readonly #unlisten: (() => void) | null

  constructor(answer: Answer, signal: AbortSignal | undefined) {
    this.#answer = answer
    this.#signal = signal
    this.#unlisten = signal === undefined ? null : this.#listen(signal)
    dropped.register(this, lettingGo(answer, this.#unlisten), this)
  }

  /** A stream that pulls a chunk when it is asked for one, and not before. */
  stream(): ReadableStream<Uint8Array> {
    return new ReadableStream({
      type: 'bytes',
      start: (controller) => {
        this.#controller = controller
        if (this.#over) controller.error(this.#signal!.reason)
      },
      pull: () => this.#pull(),
      cancel: () => this.#letGo(),
    })
  }

  /** All of it. Rejects as reading the stream would. A stream for it would cost 20 us. */
  async gather(): Promise<Uint8Array> {
    const chunks: Uint8Array[] = []
    let size = 0
    try {
      const { body } = this.#answer
      while (!this.#over) {
        const next = await body.next()
        if (next.done === true) break
        chunks.push(next.value)
        size += next.value.length
        if (size > LIMITS.maxBodySize) {
          await this.#letGo()
          throw tooLarge()
        }
      }
    } catch (error) {
      this.#end()
      throw this.#reason(error)
    }
    if (this.#over) throw this.#signal!.reason
    this.#end()
    return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
  }

  async #pull(): Promise<void> {
    try {
      const { body } = this.#answer
      let next = await body.next()
      // An empty chunk is no answer to a pull: nobody would ask again.
      while (next.done !== true && next.value.length === 0) next = await body.next()
      if (this.#over) return
      if (next.done === true) this.#close()
      // A copy: a byte stream takes the whole buffer away from whoever else sees it.
      else this.#controller!.enqueue(new Uint8Array(next.value))
    } catch (error) {
      this.#fail(error)
    }
  }

  #close(): void {
    this.#end()
    this.#controller!.close()
    // A reader that brought its own buffer waits for it.
    this.#controller!.byobRequest?.respond(0)
  }

  #fail(error: unknown): void {
    if (this.#over) return
    this.#end()
    this.#controller?.error(this.#reason(error))
  }

  /** What whoever reads is told. */
  #reason(error: unknown): unknown {
    const signal = this.#signal
    return signal?.aborted === true ? signal.reason : new TypeError('terminated', { cause: error })
  }

  #letGo(): Promise<void> {
    this.#end()
    return this.#answer.discard()
  }

  /** The call has its own ear; this one is for what has arrived already, and is not read yet. */
  #listen(signal: AbortSignal): () => void {
    const own = new WeakRef(this)
    const onAbort = (): void => {
      const body = own.deref()
      if (body !== undefined) body.#abort()
    }
    signal.addEventListener('abort', onAbort)
    return () => signal.removeEventListener('abort', onAbort)
  }

  #abort(): void {
    if (this.#over) return
    this.#fail(this.#signal!.reason)
    void this.#answer.discard()
  }

  #end(): void {
    this.#over = true
    this.#unlisten?.()
    dropped.unregister(this)
  }
}

/** Made apart from the class, so that it cannot hold the very body whose end it waits for. */
function lettingGo(answer: Answer, unlisten: (() => void) | null): () => void {
  return () => {
    unlisten?.()
    void answer.discard()
  }
}

function tooLarge(): LimitError {
  const { maxBodySize } = LIMITS
  return new LimitError(
    'maxBodySize',
    maxBodySize,
    `the body has more than ${maxBodySize} bytes; read it by \`body\``,
  )
}
