import { LIMITS } from '../core/limits.ts'
import { LruMap } from '../core/lru-map.ts'
import type { ProxyNames, TlsOptions } from './network.ts'
import { parseProxy, type ProxyServer } from './proxy.ts'

/**
 * The proxies that requests give, by what they were given as: parsing takes 5 us. One that is
 * forgotten here lives on in the targets that go over it, so nothing ever goes over another, or none.
 */
export class Proxies implements ProxyNames {
  readonly #tls: TlsOptions
  readonly #known = new LruMap<string, ProxyServer>(LIMITS.maxProxies)

  /** `tls`: for https proxies. Never the origin's: who trusts any origin does not yet trust any proxy. */
  constructor(tls: TlsOptions = {}) {
    // Without a prototype: nobody may turn verification off by way of Object.prototype.
    this.#tls = Object.assign(Object.create(null) as TlsOptions, tls)
  }

  of(given: string | URL): ProxyServer {
    const text = typeof given === 'string' ? given : given instanceof URL ? given.href : null
    const known = text === null ? undefined : this.#known.get(text)
    if (known !== undefined) return known
    const proxy = parseProxy(given, this.#tls)
    this.#known.set(text!, proxy)
    return proxy
  }
}
