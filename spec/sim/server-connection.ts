import type { SimSocket, SimSocketOwner } from '../../lib/testing/sim-socket.ts'
import {
  announced,
  encodeAnswer,
  isBodiless,
  isWhole,
  type AnswerEnd,
  type AnswerPlan,
  type WirePart,
} from './answer-plan.ts'
import { callOf, deserved, parsePath } from './answers.ts'
import { clientIpOf } from './twists.ts'
import { RequestParser, type ParsedRequest, type RequestListener } from './request-parser.ts'
import { NOT_ASKED, type Answered, type IdleDeed, type SimServer } from './server.ts'

/** ms after which the client has seen what was sent, and its going has been seen. */
const PATIENCE = 500
/** ms in which every client waits for an answer's head, and some more for its way. */
const SOON = 50
const GARBAGE = Buffer.from('\u0000 nothing like HTTP\r\n\r\n')
/** Methods that may stand in a pipeline (RFC 9110 section 9.2.2). */
const IDEMPOTENT = new Set(['GET', 'HEAD', 'PUT', 'DELETE', 'OPTIONS', 'TRACE'])

function fieldMap(lines: readonly string[]): Map<string, string> {
  const fields = new Map<string, string>()
  for (const line of lines) {
    const colon = line.indexOf(':')
    const name = line.slice(0, colon).toLowerCase()
    if (!fields.has(name)) fields.set(name, line.slice(colon + 1).trim())
  }
  return fields
}

/** One connection of a simulated server: requests in, answers out, in order. */
export class ServerConnection implements SimSocketOwner, RequestListener {
  readonly serial: number
  readonly server: SimServer
  readonly socket: SimSocket
  answered = 0
  /** Answers begun, those among them that nobody asked for too. */
  #begun = 0
  /** More have been begun than were asked for. */
  #poisoned = false
  /** The client may take for answered what is not yet. */
  #mayBeAhead = false
  #written = 0
  /** Pieces of requests that came. */
  #chunks = 0
  /** The client has gone. */
  #left = false
  readonly #parser: RequestParser
  readonly #queue: ParsedRequest[] = []
  #state: 'idle' | 'waiting' | 'answering' | 'spoilt' | 'gone' = 'idle'
  /** For the request in front, drawn once. */
  #plan: AnswerPlan | null = null
  /** The answer begun last. */
  #last: Answered | null = null
  #cancelStep: (() => void) | null = null
  #cancelIdle: (() => void) | null = null
  #blocked: (() => void) | null = null

  constructor(server: SimServer, socket: SimSocket, serial: number) {
    this.server = server
    this.socket = socket
    this.serial = serial
    this.#parser = new RequestParser(this)
  }

  /** Requests received, and not yet answered to the last byte. */
  get pending(): number {
    return this.#queue.length
  }

  onData(chunk: Buffer): void {
    this.#chunks++
    // It was sent before the client could see what was sent unasked.
    if (this.#state === 'spoilt') return this.#end('close')
    if (this.#state === 'gone') return
    if (this.answered > 0 && this.#queue.length === 0 && this.#parser.between) {
      this.forgetIdleDeed()
      const deed = this.server.behaviour.onReuse?.(this) ?? null
      if (deed !== null) return this.#end(deed)
    }
    try {
      this.#parser.parse(chunk)
    } catch (error) {
      this.#violation(`wrote what is no request: ${(error as Error).message}`)
      this.#end('reset')
    }
  }

  onDrain(): void {
    const go = this.#blocked
    this.#blocked = null
    go?.()
  }

  onClose(): void {
    this.#left = true
    this.#leave()
  }

  /** Whatever was to happen while idle does not. */
  forgetIdleDeed(): void {
    this.#cancelIdle?.()
    this.#cancelIdle = null
  }

  // --- the parser's listener -------------------------------------------------------------------

  onRequest(request: ParsedRequest): void {
    const { book, clock } = this.server
    const { id } = parsePath(request.path)
    const pending = this.#queue.length + 1
    book.received.push({
      method: request.method,
      id,
      call: callOf(request),
      connection: this.serial,
      pending,
      at: clock.now(),
    })
    if (request.headers.get('host') !== this.server.authority) {
      this.#violation(`Host ${request.headers.get('host')} instead of ${this.server.authority}`)
    }
    this.#checkPipeline(request)
    this.#queue.push(request)
    if (!this.#mayBeAhead) book.maxPending = Math.max(book.maxPending, pending)
    this.#next()
  }

  onBodyDone(): void {
    if (this.#state === 'waiting') this.#state = 'idle'
    this.#next()
  }

  // --- private ---------------------------------------------------------------------------------

  #checkPipeline(request: ParsedRequest): void {
    const before = this.#queue.at(-1)
    if (before === undefined || this.#mayBeAhead) return
    if (this.answered === 0) this.#violation('pipelined before the first answer')
    for (const each of [before, request]) {
      if (!IDEMPOTENT.has(each.method) && each.headers.get('x-idempotent') !== '1') {
        this.#violation(`pipelined a ${each.method}`)
      }
      if (each.headers.has('connection')) this.#violation('pipelined a request that closes')
      if (each.chunked) this.#violation('pipelined a streamed body')
    }
  }

  #next(): void {
    if (this.#state !== 'idle') return
    const request = this.#queue[0]
    if (request === undefined) return
    try {
      this.#plan ??= this.server.behaviour.answer(request, this)
    } catch (error) {
      this.#violation((error as Error).message)
      return this.#end('reset')
    }
    const plan = this.#plan
    if (plan.early || request.done) {
      this.#plan = null
      this.#answer(request, plan)
      return
    }
    this.#state = 'waiting'
    if (request.headers.get('expect') === '100-continue') {
      this.#later(plan.delay, () => {
        this.#send(Buffer.from('HTTP/1.1 100 Continue\r\n\r\n'))
      })
    }
  }

  #answer(request: ParsedRequest, plan: AnswerPlan): void {
    const { book, origin } = this.server
    // What is in front at the client expects a body where this has none: from there on nobody could tell.
    if (this.#poisoned && request.method === 'HEAD') return this.#end('drop')
    this.#state = 'answering'
    this.#cancelStep?.()
    const sent = request.done ? { length: request.bodyLength, crc: request.bodyCrc } : null
    const { method, path, headers } = request
    const asked = parsePath(path)
    const status = plan.status ?? asked.status
    const number = book.answers.length
    // HEAD is told what GET would get.
    const asGet = method === 'HEAD' ? 'GET' : method
    const body = deserved({ method: asGet, origin, path, status, sent, number })
    // What freshens another answer takes neither its name nor what it was answered without.
    const freshens = headers.has('if-none-match') && status === 304
    const fields = [`${freshens ? 'X-Fresh' : 'X-Answer'}: ${number}`]
    if (sent === null && !freshens) fields.push('X-Unread: 1')
    // A request whose body was not waited for leaves a connection on which nothing can follow.
    const end = plan.end === 'keep' && !request.done ? 'close' : plan.end
    const whole = isWhole(plan, method, status)
    const told = plan.misdeed === 'short-length' ? announced(plan, body) : -1
    this.#last = {
      method,
      id: asked.id,
      call: callOf(request),
      origin,
      path,
      status,
      fields: fieldMap(plan.fields),
      asked: headers,
      from: clientIpOf(this.socket.dialled.clientIp),
      at: this.server.clock.now() + plan.delay,
      whole,
      told,
      unread: sent === null,
      misdeed: plan.misdeed,
      dial: this.socket.dial,
      place: this.#begun++,
      poisoned: this.#poisoned,
      arrivedAt: Infinity,
      clean: whole && end === 'keep' && plan.misdeed === null && plan.delay + plan.drip <= SOON,
    }
    book.answers.push(this.#last)
    if (this.#poisoned) book.mark(this.#written, this.#last)
    const parts = encodeAnswer(plan, method, status, body, fields)
    const leaves = plan.misdeed === 'short-length' && !isBodiless(method, status) && plan.framing === 'length'
    this.#mayBeAhead ||= leaves
    this.#write(parts, 0, () => {
      if (end !== 'keep') this.#end(end)
      else if (leaves) this.#spoil()
      else this.#finish(plan)
    })
  }

  #send(data: Buffer): boolean {
    this.#written += data.length
    return this.socket.write(data)
  }

  #write(parts: WirePart[], index: number, done: () => void): void {
    const part = parts[index]
    if (part === undefined) return done()
    this.#later(part.after, () => {
      const last = index === parts.length - 1
      const taken = this.#send(part.data)
      if (taken || last) this.#write(parts, index + 1, done)
      else this.#blocked = (): void => this.#write(parts, index + 1, done)
    })
  }

  /** The answer is out, and the connection is kept. */
  #finish({ misdeed, gap }: AnswerPlan): void {
    this.#queue.shift()
    this.answered++
    if (misdeed !== 'surplus' && misdeed !== 'poison') return this.#goOn()
    this.#later(gap, () => {
      if (misdeed === 'poison') this.#sendFake()
      else this.#send(GARBAGE)
      if (misdeed === 'surplus') this.#spoil()
      else this.#goOn()
    })
  }

  #goOn(): void {
    this.#state = 'idle'
    if (this.#queue.length > 0) return this.#next()
    if (this.#poisoned) return this.#mustGo()
    if (!this.#parser.between) return
    const plan = this.server.behaviour.onIdle?.(this) ?? null
    if (plan === null) return
    this.#cancelIdle = this.server.clock.after(plan.after, () => {
      this.#cancelIdle = null
      this.#misbehave(plan.deed)
    })
  }

  #misbehave(deed: IdleDeed['deed']): void {
    if (this.#state !== 'idle' || this.#queue.length > 0) return
    if (deed === 'close' || deed === 'reset') return this.#end(deed)
    if (deed === 'garbage') this.#send(GARBAGE)
    else this.#sendFake()
    if (deed === 'fake-close') return this.#end('close')
    this.#spoil()
  }

  #sendFake(): void {
    const { book, clock } = this.server
    const number = book.answers.length
    const fake = { ...NOT_ASKED, dial: this.socket.dial, place: this.#begun++, at: clock.now() }
    book.answers.push(fake)
    book.fakes.add(number)
    book.mark(this.#written, fake)
    this.#poisoned = true
    this.#mayBeAhead = true
    const head = `HTTP/1.1 408 Request Timeout\r\nX-Answer: ${number}\r\nContent-Length: 4\r\n\r\nlate`
    this.#send(Buffer.from(head))
  }

  /** Bytes went out that answer nothing: nothing more does here. */
  #spoil(): void {
    this.#state = 'spoilt'
    this.#cancelStep = null
    this.#mustGo()
  }

  /** Unless it has just sent a request, the client has to close. */
  #mustGo(chunks: number = this.#chunks, isDelivered = false): void {
    this.server.clock.after(PATIENCE, () => {
      if (this.#left || this.#state === 'gone' || this.#chunks > chunks) return
      // All of it must have been there for that long: on a slow line it comes late, and so does the end.
      const wasDelivered = this.socket.undelivered === 0
      if (isDelivered) this.#violation('a connection was kept though bytes came that answer nothing')
      else this.#mustGo(chunks, wasDelivered)
    })
  }

  #end(end: AnswerEnd): void {
    // What the client has not read by then is lost.
    if (end === 'reset' && this.#last !== null) this.#last.clean = false
    if (end === 'reset') this.socket.reset()
    else if (end === 'close' || end === 'drop') this.socket.close()
    else if (end === 'unclean') this.socket.close(false)
    else if (end === 'half-close') this.socket.end()
    if (end !== 'hang') this.#leave()
    else this.#cancelStep = null
  }

  #leave(): void {
    this.#state = 'gone'
    this.forgetIdleDeed()
    this.#cancelStep?.()
    this.#cancelStep = null
    this.#blocked = null
    this.server.connections.delete(this)
  }

  #later(ms: number, step: () => void): void {
    this.#cancelStep = this.server.clock.after(ms, () => {
      this.#cancelStep = null
      step()
    })
  }

  #violation(text: string): void {
    this.server.book.violations.push(`${this.server.authority} #${this.serial}: ${text}`)
  }
}
