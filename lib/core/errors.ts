/**
 * Every way a request can fail, on one page.
 *
 * A `RequestError` says which request (`method`, `url`), which `attempt`, and how far it had come
 * (`progress`), because that decides whether it may be sent again. `code` is stable; messages are not.
 */

/** How far an exchange has come. It decides what may be sent again (RFC 9110 section 9.2.2). */
export type Progress = 'waiting' | 'sent' | 'answered' | 'done'

/** 'denied': an address was there, and the client's own rules forbid to dial it. */
export type ConnectPhase = 'dns' | 'tcp' | 'tls' | 'proxy' | 'denied'
export type TimeoutPhase = 'queue' | 'connect' | 'send' | 'head' | 'body' | 'total'

export type ErrorCode =
  | 'ERR_CONNECT_DNS'
  | 'ERR_CONNECT_TCP'
  | 'ERR_CONNECT_TLS'
  | 'ERR_CONNECT_PROXY'
  | 'ERR_CONNECT_DENIED'
  | 'ERR_TIMEOUT_QUEUE'
  | 'ERR_TIMEOUT_CONNECT'
  | 'ERR_TIMEOUT_SEND'
  | 'ERR_TIMEOUT_HEAD'
  | 'ERR_TIMEOUT_BODY'
  | 'ERR_TIMEOUT_TOTAL'
  | 'ERR_CONNECTION_CLOSED'
  | 'ERR_PROTOCOL'
  | 'ERR_LIMIT'
  | 'ERR_REQUEST_BODY'
  | 'ERR_DECODING'
  | 'ERR_REDIRECT'
  | 'ERR_STATUS'
  | 'ERR_CREDENTIALS'
  | 'ERR_ABORTED'
  | 'ERR_CLOSED'

/** Which request an error is about. Filled in by whoever knows it, at the latest by the call. */
export interface ErrorContext {
  method: string
  url: string
  attempt: number
  progress: Progress
}

/** The base of everything a request can reject with. */
export class RequestError extends Error {
  readonly code: ErrorCode
  method = ''
  url = ''
  /** 1 for the first time the exchange was sent, counting up with each time it is sent again. */
  attempt = 1
  progress: Progress = 'waiting'

  constructor(code: ErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = new.target.name
    this.code = code
  }

  /** Says which request this error is about. The first word stands. */
  about(context: ErrorContext): this {
    if (this.url !== '') return this
    this.method = context.method
    this.url = context.url
    this.attempt = context.attempt
    this.progress = context.progress
    this.message = `${context.method} ${context.url}: ${this.message}`
    return this
  }
}

/** Something between us and the server failed; the server's answer, if any, is not usable. */
export class TransportError extends RequestError {}

/** No connection came about: the name, the address, the handshake or the proxy said no. */
export class ConnectError extends TransportError {
  readonly phase: ConnectPhase

  constructor(phase: ConnectPhase, message: string, cause?: unknown) {
    super(`ERR_CONNECT_${phase.toUpperCase() as Uppercase<ConnectPhase>}`, message, cause)
    this.phase = phase
  }
}

/** A wait was longer than its limit. `phase` names the wait, `limit` its length in milliseconds. */
export class TimeoutError extends TransportError {
  readonly phase: TimeoutPhase
  readonly limit: number

  constructor(phase: TimeoutPhase, limit: number, message: string) {
    super(`ERR_TIMEOUT_${phase.toUpperCase() as Uppercase<TimeoutPhase>}`, message)
    this.phase = phase
    this.limit = limit
  }
}

/** The connection went away before the answer was whole. */
export class ConnectionClosedError extends TransportError {
  constructor(message: string, cause?: unknown) {
    super('ERR_CONNECTION_CLOSED', message, cause)
  }
}

/** What arrived breaks HTTP/1.1 in a way that cannot be read safely. `rule` names the rule. */
export class ProtocolError extends TransportError {
  readonly rule: string

  constructor(rule: string, message: string) {
    super('ERR_PROTOCOL', `${message} (rule ${rule})`)
    this.rule = rule
  }
}

/** A bound was reached. `limit` is the name of the bound, `value` its size. */
export class LimitError extends TransportError {
  readonly limit: string
  readonly value: number

  constructor(limit: string, value: number, message: string) {
    super('ERR_LIMIT', `${message} (limit ${limit} = ${value})`)
    this.limit = limit
    this.value = value
  }
}

/** The request's own body failed: its source threw, or yielded more or less than was announced. */
export class RequestBodyError extends RequestError {
  constructor(message: string, cause?: unknown) {
    super('ERR_REQUEST_BODY', message, cause)
  }
}

/** The body arrived, but its content coding is damaged, cut short or unknown. */
export class DecodingError extends RequestError {
  constructor(message: string, cause?: unknown) {
    super('ERR_DECODING', message, cause)
  }
}

/** A redirect that is not followed: too many, a loop, or to where none may lead. */
export class RedirectError extends RequestError {
  /** The redirect's own status. */
  readonly status: number
  /** Its Location, as it came. */
  readonly location: string

  constructor(status: number, location: string, message: string) {
    super('ERR_REDIRECT', message)
    this.status = status
    this.location = location
  }
}

/** The answer's status is no success, and the caller asked for one. `response` is that answer; of a stream, its head alone. */
export class StatusError extends RequestError {
  readonly status: number
  readonly response: unknown

  constructor(status: number, statusText: string, response: unknown) {
    super('ERR_STATUS', `answered ${status}${statusText === '' ? '' : ` ${statusText}`}, which is no success`)
    this.status = status
    this.response = response
  }
}

/** No credentials could be had: the user's own function threw, or gave what is no token. */
export class CredentialsError extends RequestError {
  constructor(message: string, cause?: unknown) {
    super('ERR_CREDENTIALS', message, cause)
  }
}

/** The caller ended the call: by its signal, whose reason is the `cause`, or by discarding the body. */
export class AbortError extends RequestError {
  constructor(reason?: unknown, message = 'aborted by its signal') {
    super('ERR_ABORTED', message, reason)
  }
}

/** The client was closed or destroyed. */
export class ClosedError extends RequestError {
  constructor(message: string, cause?: unknown) {
    super('ERR_CLOSED', message, cause)
  }
}

/** Wrong use, thrown at once, before anything starts. The message names value, rule and remedy. */
export class ArgumentError extends TypeError {
  readonly code = 'ERR_ARGUMENT' as const

  constructor(message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'ArgumentError'
  }
}
