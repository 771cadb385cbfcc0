import type { HostSettings } from './host-settings.ts'

/** How much one host may be asked at a time, for each client IP and port. */
export interface HostLimits {
  /** Most connections to one target. */
  readonly maxConnPerTarget: number
  /** Most exchanges in flight on one connection. */
  readonly maxPipelinedRequests: number
}

/** What a client may have under way, for whoever plans what to ask next. It never changes. */
export class ClientLimits {
  /** Most connections in all. */
  readonly maxConn: number
  /** How many addresses of its own calls go out from; 0: the client was given none. */
  readonly clientIps: number
  readonly #hosts: HostSettings

  constructor(maxConn: number, clientIps: number, hosts: HostSettings) {
    this.maxConn = maxConn
    this.clientIps = clientIps
    this.#hosts = hosts
  }

  /** `host`: a name or an address, as in `URL.hostname`; without port. */
  of(host: string): HostLimits {
    const { maxConnPerTarget, maxPipelinedRequests } = this.#hosts.of(bare(host.toLowerCase()))
    return { maxConnPerTarget, maxPipelinedRequests }
  }
}

function bare(host: string): string {
  return host.startsWith('[') && host.endsWith(']') ? host.slice(1, -1) : host
}
