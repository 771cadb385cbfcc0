import type { ResponseHead } from '../core/exchange.ts'
import { Headers } from '../core/headers.ts'

/** What `only-if-cached` gets where nothing is stored: 504, made here (RFC 9111 section 5.2.1.7). */
export const gatewayTimeout: ResponseHead = {
  status: 504,
  statusText: 'Gateway Timeout',
  minorVersion: 1,
  headers: new Headers(''),
  framing: 'none',
  contentLength: -1,
  setsCookie: false,
  contentEncoding: '',
  keepAlive: true,
  keepAliveTimeout: -1,
  keepAliveMax: -1,
}
