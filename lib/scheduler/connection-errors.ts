import { ConnectError, ConnectionClosedError, RequestError, TimeoutError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'

/** A dial that failed; the network says how with a ConnectError. */
export function dialError(error: Error | null): RequestError {
  if (error instanceof RequestError) return error
  return new ConnectError('tcp', error?.message ?? 'the dial ended before it was open', error)
}

export function dialTimeoutError(timeout: number): TimeoutError {
  return new TimeoutError('connect', timeout, `no connection within ${timeout} ms (connectTimeout)`)
}

/** Says what was lost: how far the answer had come, and how old the connection was. */
export function lossError(what: string, cause: unknown, x: Exchange | null, served: number): RequestError {
  if (cause instanceof RequestError) return cause
  const answered = x !== null && x.progress === 'answered'
  const when = answered ? 'before the answer was whole' : 'before a byte of the answer came'
  return new ConnectionClosedError(
    `${what} ${when}; it had answered ${served} exchanges before`,
    cause ?? undefined,
  )
}

export function timeoutError(phase: 'send' | 'head' | 'body', x: Exchange, paused: boolean): TimeoutError {
  const { requestTimeout, replyTimeout, bodyTimeout } = x.request.timeouts
  switch (phase) {
    case 'send':
      return new TimeoutError(
        phase,
        requestTimeout,
        `the server took no byte of the request for ${requestTimeout} ms (requestTimeout)`,
      )
    case 'head':
      return new TimeoutError(
        phase,
        replyTimeout,
        `no response head within ${replyTimeout} ms (replyTimeout)`,
      )
    case 'body':
      return new TimeoutError(
        phase,
        bodyTimeout,
        paused
          ? `nobody read the body for ${bodyTimeout} ms (bodyTimeout); read it, or discard it`
          : `no byte of the body came for ${bodyTimeout} ms (bodyTimeout)`,
      )
  }
}

/** For those behind the one that the connection was lost by: an error says whose it is, so each has its own. */
export function closedError(x: Exchange, served: number): RequestError {
  return lossError('the connection was closed', null, x, served)
}
