import type { PreparedRequest } from '../../lib/call/request.ts'
import { Exchange, Flight, type ExchangeSink, type ResponseHead } from '../../lib/core/exchange.ts'
import { Headers } from '../../lib/core/headers.ts'
import { Target } from '../../lib/core/target.ts'

/** A request as the builder makes it, but for what `parts` says. */
export function madeRequest(parts: Partial<PreparedRequest> = {}): PreparedRequest {
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
    timeouts: { queueTimeout: 0, connectTimeout: 0, requestTimeout: 0, replyTimeout: 0, bodyTimeout: 0 },
    totalTimeout: 0,
    maxBodySize: Infinity,
    maxDecodeRatio: Infinity,
    decompress: true,
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
