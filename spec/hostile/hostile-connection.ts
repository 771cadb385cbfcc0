import type { Socket } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { RequestParser, type ParsedRequest, type RequestListener } from '../sim/request-parser.ts'
import { BAD_REQUEST } from './accept-deeds.ts'
import { CUT_DEEDS, EARLY, HONEST_DEEDS, UNREAD } from './cuts.ts'
import { FLOOD_DEEDS } from './floods.ts'
import type { HostileRequest } from './hostile-request.ts'
import { LIE_DEEDS } from './lies.ts'
import type { Misdeed, MisdeedKind } from './misdeeds.ts'
import type { Deed, Plan } from './plan.ts'

/** Requests that wait for their answer on one connection; more are an attack on the server. */
const MAX_PENDING = 1_000

/** What a client's TLS begins with. */
const TLS_HANDSHAKE = 0x16

const DEEDS: Record<MisdeedKind, Deed> = { ...HONEST_DEEDS, ...CUT_DEEDS, ...LIE_DEEDS, ...FLOOD_DEEDS }

/** What a connection tells its server. */
export interface ConnectionBook {
  /** A request's head has come. `parsed` grows with its body. */
  onRequest(parsed: ParsedRequest, connection: number, number: number): HostileRequest
  decide(request: HostileRequest): Misdeed
  /** The client wrote what is no request. */
  onViolation(text: string): void
}

/** One connection that is served: requests in, answers of all kinds out, in order. */
export class HostileConnection implements RequestListener {
  readonly #book: ConnectionBook
  readonly #number: number
  /** Where HTTP is spoken; under TLS, `#raw` is what carries it. */
  readonly #socket: Socket
  readonly #raw: Socket
  readonly #parser = new RequestParser(this)
  readonly #queue: { request: HostileRequest; misdeed: Misdeed }[] = []
  readonly #gone = new AbortController()
  #requests = 0
  #serving = false
  /** Nothing more will be answered on it. */
  #done = false
  /** What is done to the next request, or what follows once nothing is asked. */
  #next: Plan | null = null

  constructor(book: ConnectionBook, number: number, socket: Socket, raw: Socket) {
    this.#book = book
    this.#number = number
    this.#socket = socket
    this.#raw = raw
    socket.on('data', (chunk) => this.#read(chunk))
    socket.on('end', () => this.#onEnd())
    raw.once('close', () => this.#gone.abort())
  }

  // --- the parser's listener -----------------------------------------------------------------------

  onRequest(parsed: ParsedRequest): void {
    const request = this.#book.onRequest(parsed, this.#number, ++this.#requests)
    const misdeed = this.#book.decide(request)
    this.#queue.push({ request, misdeed })
    if (this.#queue.length > MAX_PENDING) this.#raw.destroy()
    if (EARLY.has(misdeed.kind)) {
      if (UNREAD.has(misdeed.kind)) this.#socket.pause()
      void this.#serve()
    } else if (parsed.headers.has('expect')) this.#socket.write('HTTP/1.1 100 Continue\r\n\r\n')
  }

  onBodyDone(): void {
    void this.#serve()
  }

  // --- private -------------------------------------------------------------------------------------

  #read(chunk: Buffer): void {
    if (this.#socket.destroyed) return
    if (this.#requests === 0 && chunk[0] === TLS_HANDSHAKE) {
      this.#socket.end(BAD_REQUEST)
      return
    }
    try {
      this.#parser.parse(chunk)
    } catch (error) {
      this.#book.onViolation(`connection ${this.#number}: ${(error as Error).message}`)
      this.#raw.destroy()
    }
  }

  /** The client will write no more: what it asked for is answered all the same. */
  #onEnd(): void {
    if (this.#done) this.#raw.destroy()
    else if (!this.#serving) this.#socket.end()
  }

  async #serve(): Promise<void> {
    if (this.#serving) return
    this.#serving = true
    try {
      for (;;) {
        const front = this.#queue[0]
        if (front === undefined || !(front.request.done || EARLY.has(front.misdeed.kind))) break
        this.#queue.shift()
        this.#done = !(await this.#answer(front.request, front.misdeed))
        if (this.#done) {
          if (this.#socket.readableEnded) this.#raw.destroy()
          return
        }
      }
    } catch (error) {
      if (!this.#gone.signal.aborted) throw error
      return
    }
    this.#serving = false
    if (this.#socket.readableEnded) this.#socket.end()
    else if (this.#next?.unasked !== undefined) this.#speakUnasked(this.#next.unasked)
  }

  /** false: this connection is done for. */
  async #answer(request: HostileRequest, misdeed: Misdeed): Promise<boolean> {
    const before = this.#next?.end
    if (before === 'close-next' || before === 'reset-next') {
      this.#end(before === 'close-next' ? 'close' : 'reset')
      return false
    }
    const plan = DEEDS[misdeed.kind](request, misdeed)
    const gap = plan.gap ?? -1
    for (const part of plan.parts) {
      if (part.length > 0) await this.#write(part)
      if (gap >= 0) await this.#pause(gap)
    }
    if (plan.end === 'unasked' || plan.end === 'close-next' || plan.end === 'reset-next') this.#next = plan
    else if (plan.end !== 'keep') this.#end(plan.end)
    const goesOn = plan.end === 'keep' || this.#next === plan
    return goesOn && this.#socket.writable
  }

  /** Resolves when the system has the bytes; rejects when the connection is gone. */
  async #write(part: Buffer | string): Promise<void> {
    await new Promise<void>((resolve, reject) => {
      const gone = (): void => reject(new Error('the connection is gone'))
      if (this.#gone.signal.aborted) return gone()
      this.#gone.signal.addEventListener('abort', gone, { once: true })
      this.#socket.write(typeof part === 'string' ? Buffer.from(part, 'latin1') : part, () => {
        this.#gone.signal.removeEventListener('abort', gone)
        resolve()
      })
    })
    this.#gone.signal.throwIfAborted()
  }

  async #pause(gap: number): Promise<void> {
    if (gap > 0) {
      await wait(gap, undefined, { signal: this.#gone.signal })
      return
    }
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
    this.#gone.signal.throwIfAborted()
  }

  #end(end: Plan['end']): void {
    switch (end) {
      case 'close':
        this.#socket.end(() => this.#raw.destroy())
        return
      case 'half-close':
        this.#socket.end()
        return
      case 'unclean':
        this.#raw.end()
        return
      case 'reset':
        this.#raw.resetAndDestroy()
        return
      case 'keep':
      case 'stall':
      case 'close-next':
      case 'reset-next':
      case 'unasked':
    }
  }

  /** A few turns of the event loop after an answer, unless something is asked by then. */
  #speakUnasked(text: string): void {
    this.#next = null
    let turns = 20
    const step = (): void => {
      if (this.#serving || this.#queue.length > 0 || !this.#parser.between || this.#gone.signal.aborted)
        return
      if (--turns > 0) setImmediate(step)
      else this.#socket.write(Buffer.from(text, 'latin1'))
    }
    step()
  }
}
