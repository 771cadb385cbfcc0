import { ConnectError } from '../core/errors.ts'
import { ipFamily } from '../core/ip-address.ts'

/** So many ms later than usual. */
export interface SimDelay {
  readonly after: number
}

/** What becomes of one lookup. 'fail': for now, as when no name server answers. 'hang': nobody ever answers. */
export type LookupFate = 'found' | 'fail' | 'hang' | SimDelay

/** What names resolve to. */
export interface SimHost {
  /** IPv4 and IPv6, in order of preference; none: the name does not exist. Default: an IPv4 address. */
  readonly addresses?: readonly string[]
  /** Decides each lookup; default: 'found'. */
  onLookup?(): LookupFate
}

const DEFAULT_HOST: SimHost = {}

/** The names of a simulated network. */
export class SimHosts {
  readonly #hosts = new Map<string, SimHost>()
  readonly #addresses = new Map<string, readonly string[]>()

  set(name: string, host: SimHost): void {
    this.#hosts.set(name, host)
    const { addresses } = host
    if (addresses !== undefined) this.#addresses.set(name, addresses)
    else if (!this.#addresses.has(name)) this.#addresses.set(name, [this.#next()])
  }

  /** Gives a name that has none an address of its own. */
  add(name: string): void {
    if (!this.#addresses.has(name) && ipFamily(name) === 0) this.set(name, DEFAULT_HOST)
  }

  /** What becomes of this lookup; of addresses none is made. */
  fate(name: string): LookupFate {
    return this.#hosts.get(name)?.onLookup?.() ?? 'found'
  }

  /** Those of the client IP's family, as a real dial takes them; why there are none. */
  usable(name: string, clientIp: string): readonly string[] | ConnectError {
    const found = ipFamily(name) === 0 ? (this.#addresses.get(name) ?? []) : [name]
    if (found.length === 0) return lookupError(name, 'ENOTFOUND')
    if (clientIp === '') return found
    const family = ipFamily(clientIp)
    const usable = found.filter((address) => ipFamily(address) === family)
    if (usable.length > 0) return usable
    const message = `${name} has no IPv${family} address for the client IP ${clientIp}`
    return new ConnectError('dns', message, Object.assign(new Error(message), { code: 'EAFNOSUPPORT' }))
  }

  /** 198.18.0.0/15 is for tests of networks (RFC 2544). */
  #next(): string {
    const index = this.#addresses.size + 1
    return `198.18.${index >> 8}.${index & 255}`
  }
}

/** As getaddrinfo fails. */
export function lookupError(name: string, code: 'ENOTFOUND' | 'EAI_AGAIN'): ConnectError {
  const message = `getaddrinfo ${code} ${name}`
  return new ConnectError('dns', message, Object.assign(new Error(message), { code }))
}
