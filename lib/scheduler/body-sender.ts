import type { Clock } from '../core/clock.ts'
import { LIMITS } from '../core/limits.ts'
import { RequestBodyError, RequestError } from '../core/errors.ts'
import type { RequestBody } from '../core/exchange.ts'
import { encodeChunk, encodeLastChunk } from '../http1/request-encoder.ts'

/** What a sender needs of its connection. */
export interface BodyOutlet {
  /** false: wait for `BodySender.drained`. */
  writeBody(data: string | Uint8Array): boolean
  onBodySent(): void
  onBodyFailed(error: RequestError): void
}

/**
 * Sends one request body that is too large for one write or is produced on the way. It waits for
 * the socket between pieces, and for a 100 before the first one where that was asked for.
 */
export class BodySender {
  readonly #body: RequestBody
  readonly #outlet: BodyOutlet
  readonly #clock: Pick<Clock, 'afterIo'>
  #iterator: AsyncIterator<Uint8Array> | null = null
  #wake: (() => void) | null = null
  #stopped = false
  /** Whether it waits for the socket to take what it wrote. */
  blocked = false

  constructor(body: RequestBody, outlet: BodyOutlet, clock: Pick<Clock, 'afterIo'>) {
    this.#body = body
    this.#outlet = outlet
    this.#clock = clock
  }

  start(): void {
    void this.#run()
  }

  /** The socket has room again. */
  drained(): void {
    this.blocked = false
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }

  /** Nothing more is sent; the source is told, so that a stream behind it is closed. */
  stop(): void {
    if (this.#stopped) return
    this.#stopped = true
    this.drained()
    const iterator = this.#iterator
    if (iterator?.return !== undefined) iterator.return().catch(ignore)
  }

  async #run(): Promise<void> {
    try {
      if (this.#body.bytes === null) await this.#sendSource()
      else await this.#sendBytes(this.#body.bytes)
    } catch (error) {
      if (this.#stopped) return
      const known = error instanceof RequestError
      this.#outlet.onBodyFailed(
        known ? error : new RequestBodyError('the source of the request body failed', error),
      )
      return
    }
    if (!this.#stopped) this.#outlet.onBodySent()
  }

  async #sendBytes(bytes: Uint8Array): Promise<void> {
    const { length } = this.#body
    for (let at = 0; at < length && !this.#stopped; at += LIMITS.sendPiece) {
      if (bytes.length !== length) {
        throw new RequestBodyError("the body's ArrayBuffer was transferred while it was sent")
      }
      await this.#write(bytes.subarray(at, at + LIMITS.sendPiece))
    }
  }

  async #sendSource(): Promise<void> {
    const chunked = this.#body.length === -1
    const iterator = this.#body.open()[Symbol.asyncIterator]()
    this.#iterator = iterator
    for (let pieces = 1; ; pieces++) {
      const step = await iterator.next()
      if (step.done === true || this.#stopped) break
      // An empty chunk would end a chunked body.
      if (step.value.length > 0) await this.#write(chunked ? encodeChunk(step.value) : step.value)
      // A source that always has the next one at once, and a socket that takes it, would leave nobody else a turn.
      if (pieces % LIMITS.piecesPerTurn === 0) {
        await new Promise<void>((resolve) => this.#clock.afterIo(resolve))
      }
      if (this.#isStopped) break
    }
    if (chunked && !this.#stopped) await this.#write(encodeLastChunk())
  }

  /** Through a getter, as `stop` came meanwhile: the compiler would not believe that. */
  get #isStopped(): boolean {
    return this.#stopped
  }

  async #write(data: string | Uint8Array): Promise<void> {
    if (this.#stopped || this.#outlet.writeBody(data)) return
    this.blocked = true
    await new Promise<void>((resolve) => {
      this.#wake = resolve
    })
  }
}

function ignore(): void {}
