import type { DialOptions } from '../net/network.ts'

/** Whether what such a connection reads comes in records of TLS, the proxy's or the host's. */
export function hasRecords(dial: DialOptions): boolean {
  return Boolean(dial.tls ?? dial.proxy)
}
