import { NO_OPTIONS } from '../../lib/call/request/options.ts'
import type { PreparedRequest } from '../../lib/call/request/request.ts'
import { makeRules, type CallRules } from '../../lib/call/rules.ts'
import { Exchange, Flight, type ExchangeSink, type ResponseHead } from '../../lib/core/exchange.ts'
import { Headers } from '../../lib/core/headers.ts'
import { Target } from '../../lib/core/target.ts'

/** What differs from a plain request: its own parts, or its rules. */
export type RequestParts = Partial<PreparedRequest> & Partial<CallRules>

const NO_TIMEOUTS = {
  queueTimeout: 0,
  connectTimeout: 0,
  requestTimeout: 0,
  replyTimeout: 0,
  bodyTimeout: 0,
  minBodyRate: 0,
  minBodyRateWindow: 1_000,
}

/** A request as the builder makes it, but for what `parts` says. */
export function madeRequest(parts: RequestParts = {}): PreparedRequest {
  const defaults = makeRules(NO_OPTIONS, { maxRetries: 0 }, Infinity)
  const rules = { ...defaults, timeouts: NO_TIMEOUTS, maxDecodeRatio: Infinity }
  for (const name of Object.keys(rules)) {
    if (name in parts) Object.assign(rules, { [name]: (parts as Record<string, unknown>)[name] })
  }
  return {
    target: new Target({ scheme: 'http', host: 'a.test', port: 8080 }),
    method: 'GET',
    fields: 'Host: a.test:8080\r\n',
    body: null,
    priority: 0,
    idempotent: true,
    streamed: false,
    expectContinue: 0,
    closes: false,
    timeouts: NO_TIMEOUTS,
    rules,
    jar: null,
    jarName: '',
    sendsCookies: false,
    credentials: null,
    options: NO_OPTIONS,
    ...parts,
  }
}

/** A head with these fields; its framing is a length unless told otherwise. */
export function madeHead(fields = '', parts: Partial<ResponseHead> = {}): ResponseHead {
  const headers = new Headers(fields)
  return {
    status: 200,
    statusText: 'OK',
    minorVersion: 1,
    headers,
    framing: 'length',
    contentLength: -1,
    setsCookie: headers.has('set-cookie'),
    contentEncoding: headers.get('content-encoding') ?? '',
    keepAlive: true,
    keepAliveTimeout: -1,
    keepAliveMax: -1,
    ...parts,
  }
}

const IGNORED: ExchangeSink = {
  onSend: () => '',
  onInformational: () => undefined,
  onHead: () => undefined,
  onBody: () => true,
  onEnd: () => undefined,
  onError: () => undefined,
  onClosing: () => undefined,
}

/** An exchange that has been sent, at 20, after it had come to its pool at 10. */
export function madeExchange(request: PreparedRequest = madeRequest()): Exchange {
  return sent(new Exchange(request, '/path?q', IGNORED))
}

export function sent(x: Exchange): Exchange {
  x.queuedAt = 10
  x.progress = 'sent'
  x.flight = new Flight({ remoteAddress: '192.0.2.80', localAddress: '192.0.2.1' }, true, 20)
  return x
}
