import type { DialOptions } from '../net/network.ts'
import { SimPipe, type PipeEnds, type SimLink } from './sim-pipe.ts'

/** What the server's end of a connection tells. `onClose` exactly once and last. */
export interface SimSocketOwner {
  /** `chunk` is the owner's to keep. */
  onData(chunk: Buffer): void
  /** After `write` said false. */
  onDrain?(): void
  /** null: the client closed in order. Not told after the server's own `reset`. */
  onClose(error: Error | null): void
}

/** Who hears at the client's end. */
export interface SimPeer extends PipeEnds {
  readonly serial: number
  readonly options: DialOptions
  readonly remoteAddress: string
  readonly localAddress: string
}

/** The server's end of a simulated connection. */
export class SimSocket {
  /** As the server sees them: the client's address, and its own. */
  readonly remoteAddress: string
  readonly localAddress: string
  /** Which of the network's dials has led here, from 1; and what was asked for. */
  readonly dial: number
  readonly dialled: DialOptions
  readonly #onGone: (socket: SimSocket) => void
  #owner: SimSocketOwner | null = null
  /** Carries what the client writes. Its owner is this socket. */
  readonly incoming: SimPipe
  /** Carries what this socket writes. */
  readonly outgoing: SimPipe
  #closed = false
  #gone = false

  constructor(link: SimLink, client: SimPeer, onGone: (socket: SimSocket) => void) {
    this.#onGone = onGone
    this.remoteAddress = client.localAddress
    this.localAddress = client.remoteAddress
    this.dial = client.serial
    this.dialled = client.options
    this.incoming = new SimPipe(link, {
      onPipeData: (chunk) => this.#onData(chunk),
      onPipeEnd: () => this.#onClose(null),
      onPipeReset: (error) => this.#onClose(error),
      onPipeDrain: () => client.onPipeDrain(),
    })
    this.outgoing = new SimPipe(
      link,
      {
        onPipeData: (chunk) => client.onPipeData(chunk),
        onPipeEnd: (clean) => client.onPipeEnd(clean),
        onPipeReset: (error) => client.onPipeReset(error),
        onPipeDrain: () => {
          if (!this.#closed) this.#owner?.onDrain?.()
        },
      },
      client.options.readSize,
    )
  }

  /** Whether this end still counts as open: not closed by itself, nor by the client. */
  get open(): boolean {
    return !this.#closed && !this.#gone
  }

  /** Bytes written that the client has not been given yet. */
  get undelivered(): number {
    return this.outgoing.queued
  }

  /** Bytes that the client has been given so far. */
  get delivered(): number {
    return this.outgoing.delivered
  }

  /** Starts reading. */
  start(owner: SimSocketOwner): void {
    this.#owner = owner
    if (!this.#gone) this.incoming.resume()
  }

  /** Strings are Latin-1. false: wait for `onDrain`. */
  write(data: string | Uint8Array): boolean {
    if (this.#closed || this.#gone) return true
    return this.outgoing.write(typeof data === 'string' ? Buffer.from(data, 'latin1') : data)
  }

  pause(): void {
    this.incoming.pause()
  }

  resume(): void {
    if (!this.#gone) this.incoming.resume()
  }

  /** Sends a FIN and goes on reading. `clean` false: without TLS close_notify. */
  end(clean: boolean = true): void {
    this.outgoing.end(clean)
  }

  /** Sends a FIN and reads no more: what the client sends from now on is answered by a reset. */
  close(clean: boolean = true): void {
    if (this.#closed) return
    this.outgoing.end(clean)
    this.#closed = true
    // It still has to be seen when the client goes, or goes on sending.
    if (!this.#gone) this.incoming.resume()
  }

  /** Sends a reset: what is under way to the client may be lost. */
  reset(): void {
    if (this.#gone) return
    this.#closed = true
    this.incoming.destroy()
    this.outgoing.reset(connectionReset())
    this.#leave()
  }

  #onData(chunk: Buffer): void {
    if (!this.#closed) this.#owner?.onData(Buffer.from(chunk))
    else this.reset()
  }

  #onClose(error: Error | null): void {
    if (this.#gone) return
    this.outgoing.destroy()
    this.#leave()
    this.#owner?.onClose(error)
  }

  #leave(): void {
    this.#gone = true
    this.#onGone(this)
  }
}

export function connectionReset(): Error {
  return Object.assign(new Error('read ECONNRESET'), { code: 'ECONNRESET' })
}
