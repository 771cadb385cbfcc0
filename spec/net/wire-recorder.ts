import { EventEmitter, once } from 'node:events'
import type { DialOptions, Network, Wire, WireOwner } from '../../lib/net/network.ts'

export type WireEvent = 'open' | 'data' | 'fin' | 'drain' | 'close'

/** A wire's owner that writes down all it is told, and lets a spec wait for it. */
export class WireRecorder implements WireOwner {
  /** In order: `open`, `data` (one for any number in a row), `fin clean`, `fin unclean`, `drain`, `close`. */
  readonly events: string[] = []
  readonly #emitter = new EventEmitter()
  readonly #seen = new Set<WireEvent>()
  #chunks: Buffer[] = []
  received = 0
  /** What `onClose` said; undefined before. */
  error: Error | null | undefined
  /** Called while the owner is told. */
  on: Partial<Record<WireEvent, () => void>> = {}
  /** false: count the bytes only. */
  keep = true

  get text(): string {
    return Buffer.concat(this.#chunks).toString('latin1')
  }

  /** Resolves when the event has come, or at once if it came before. */
  async until(event: WireEvent): Promise<void> {
    if (!this.#seen.has(event)) await once(this.#emitter, event)
  }

  async untilReceived(count: number): Promise<void> {
    while (this.received < count) await once(this.#emitter, 'data')
  }

  /** What the wire closed with, as an error with its code; fails when it closed in order. */
  async failure(): Promise<NodeJS.ErrnoException> {
    await this.until('close')
    if (!(this.error instanceof Error)) throw new Error('the wire closed in order', { cause: this.error })
    return this.error
  }

  onOpen(): void {
    this.#note('open', 'open')
  }

  onData(chunk: Uint8Array): void {
    this.received += chunk.length
    if (this.keep) this.#chunks.push(Buffer.from(chunk))
    this.#note('data', 'data')
  }

  onFin(clean: boolean): void {
    this.#note('fin', clean ? 'fin clean' : 'fin unclean')
  }

  onDrain(): void {
    this.#note('drain', 'drain')
  }

  onClose(error: Error | null): void {
    this.error = error
    this.#note('close', 'close')
  }

  #note(event: WireEvent, text: string): void {
    if (text !== 'data' || this.events.at(-1) !== 'data') this.events.push(text)
    this.#seen.add(event)
    this.on[event]?.()
    this.#emitter.emit(event)
  }
}

export interface Dialled {
  readonly wire: Wire
  readonly owner: WireRecorder
}

/** Dials `127.0.0.1` in the clear unless told otherwise. */
export function dial(network: Network, options: Partial<DialOptions> & { port: number }): Dialled {
  const owner = new WireRecorder()
  const wire = network.dial({ host: '127.0.0.1', clientIp: '', tls: null, sessionKey: '', ...options }, owner)
  return { wire, owner }
}

export async function dialOpen(
  network: Network,
  options: Partial<DialOptions> & { port: number },
): Promise<Dialled> {
  const dialled = dial(network, options)
  await Promise.race([dialled.owner.until('open'), dialled.owner.until('close')])
  if (dialled.owner.error !== undefined) throw new Error('the dial failed', { cause: dialled.owner.error })
  return dialled
}
