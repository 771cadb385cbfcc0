import { Buffer } from 'node:buffer'
import type { Clock } from '../core/clock.ts'
import type { RequestError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'
import { encodeHead } from '../http1/request-encoder.ts'
import { BodySender, type BodyOutlet } from './body-sender.ts'

/** The encoder's half of a connection, as its writer sees it. */
export interface WriterOwner {
  /** false: the socket is full; `drained` when it is not. */
  write(data: string | Uint8Array): boolean
  /** A body waits for the socket. */
  onBodyBlocked(x: Exchange): void
  onBodySent(x: Exchange): void
  onBodyFailed(x: Exchange, error: RequestError): void
}

/**
 * The encoder's half of a connection: gathers the requests of a tick into one write, and sends a
 * body that is too large for that, or is produced on the way, after them.
 */
export class RequestWriter implements BodyOutlet {
  readonly #owner: WriterOwner
  readonly #clock: Pick<Clock, 'afterIo'>
  /** Heads and small bodies of this tick, Latin-1: it keeps every byte of a body as it is. */
  #out = ''
  #sender: BodySender | null = null
  /** Whose body is being sent. */
  #x: Exchange | null = null

  constructor(owner: WriterOwner, clock: Pick<Clock, 'afterIo'>) {
    this.#owner = owner
    this.#clock = clock
  }

  /** Whether something is to be written when the tick ends. */
  get pending(): boolean {
    return this.#out !== ''
  }

  /** Whose body is not wholly sent yet: nothing can be sent behind it. */
  get sending(): Exchange | null {
    return this.#x
  }

  /** Whose body waits for the socket. */
  get blocked(): Exchange | null {
    return this.#sender?.blocked === true ? this.#x : null
  }

  add(x: Exchange): void {
    const { method, fields, body, expectContinue, target } = x.request
    const own = x.sink.onSend(x)
    x.flight!.ownFields = own
    const all = own === '' ? fields : fields + own
    this.#out += target.absolute ? absoluteHead(x, all) : encodeHead(method, x.path, all)
    if (body === null) return
    if (body.bytes !== null && body.bytes.length <= LIMITS.coalesceSize && expectContinue === 0) {
      const { buffer, byteOffset, length } = body.bytes
      this.#out += Buffer.from(buffer, byteOffset, length).toString('latin1')
      return
    }
    this.#sender = new BodySender(body, this, this.#clock)
    this.#x = x
  }

  /** Writes what has gathered. false: the socket is full. */
  flush(): boolean {
    const out = this.#out
    this.#out = ''
    return this.#owner.write(out)
  }

  /** Starts the body behind the heads; with `Expect` only once the server has said 100. */
  startBody(): void {
    this.#sender?.start()
  }

  drained(): void {
    this.#sender?.drained()
  }

  /** Sends nothing more of the body. `sending` stays: the request on the wire is not whole. */
  stop(): void {
    this.#sender?.stop()
  }

  // --- the body sender's outlet ----------------------------------------------------------------

  writeBody(data: string | Uint8Array): boolean {
    const taken = this.#owner.write(data)
    if (!taken) this.#owner.onBodyBlocked(this.#x!)
    return taken
  }

  onBodySent(): void {
    const x = this.#x!
    this.#sender = null
    this.#x = null
    this.#owner.onBodySent(x)
  }

  onBodyFailed(error: RequestError): void {
    this.#owner.onBodyFailed(this.#x!, error)
  }
}

/** The request as it goes to a proxy, with what only the proxy is to read. What the user gave wins. */
function absoluteHead({ path, request }: Exchange, fields: string): string {
  const { method, target } = request
  const own = /^proxy-authorization:/im.test(fields) ? '' : target.via!.fields
  // RFC 9112 section 3.2.4: `OPTIONS *` has no path here.
  return encodeHead(method, target.origin + (path === '*' ? '' : path), fields + own)
}
