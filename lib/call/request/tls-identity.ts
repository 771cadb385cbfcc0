import { createHash } from '../../core/crypto.ts'
import { ArgumentError } from '../../core/errors.ts'
import { LIMITS } from '../../core/limits.ts'
import { LruMap } from '../../core/lru-map.ts'
import type { TlsOptions } from '../../net/network.ts'

/**
 * Names sets of TLS options, so that requests with equal ones share a pool, and requests with
 * different ones never share a connection (CVE-2026-9697: options lost on the way to the socket).
 */
export class TlsIdentities {
  readonly #defaults: TlsOptions
  /** What a dial gets, by name. One object each: the network keeps a secure context for it. */
  readonly #byName = new LruMap<string, TlsOptions>(LIMITS.maxTlsIdentities)
  /** Names by the options' object: describing a certificate and its key takes 35 us. */
  readonly #known = new WeakMap<object, { given: object; name: string }>()
  readonly #functions = new WeakMap<object, number>()
  #functionCount = 0

  /** `defaults`: the client's own. */
  constructor(defaults: TlsOptions = {}) {
    this.#defaults = merged(defaults)
  }

  /** A name for the client's own options where they have a private key; '' where they have none. */
  get ownKey(): string {
    const { key, pfx } = this.#defaults
    return key === undefined && pfx === undefined ? '' : this.#nameOf(this.#defaults)
  }

  /** A name that is equal for equal options, by value; functions count by identity. */
  name(options: TlsOptions): string {
    // As in all options, undefined is as if not given: it must not hide the client's.
    const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
    const known = this.#known.get(options)
    const name = known !== undefined && isUnchanged(known.given, given) ? known.name : this.#nameOf(given)
    if (name !== known?.name) this.#known.set(options, { given, name })
    if (this.#byName.get(name) === undefined) this.#byName.set(name, merged(this.#defaults, given))
    return name
  }

  /** The client's options with those of that name over them; the client's alone for ''. */
  get(name: string): TlsOptions {
    if (name === '') return this.#defaults
    const options = this.#byName.peek(name)
    // Never the client's own instead: those may verify less.
    if (options === undefined) throw new ArgumentError('these tlsOptions are forgotten: give them again')
    return options
  }

  #nameOf(given: object): string {
    return createHash('sha256').update(this.#describe(given, 0)).digest('base64url').slice(0, 22)
  }

  #describe(value: unknown, depth: number): string {
    if (depth > 8) throw new ArgumentError('tlsOptions are nested more than 8 deep')
    if (typeof value === 'function') return `function ${this.#functionNumber(value)}`
    if (value instanceof Uint8Array) return `bytes ${Buffer.from(value).toString('base64')}`
    if (Array.isArray(value)) return `[${value.map((item) => this.#describe(item, depth + 1)).join()}]`
    if (typeof value === 'object' && value !== null) {
      const isPlain =
        Object.getPrototypeOf(value) === Object.prototype || Object.getPrototypeOf(value) === null
      if (!isPlain) return `object ${this.#functionNumber(value)}`
      const entries = Object.entries(value).filter(([, item]) => item !== undefined)
      entries.sort(([a], [b]) => (a < b ? -1 : 1))
      return `{${entries.map(([key, item]) => `${JSON.stringify(key)}:${this.#describe(item, depth + 1)}`).join()}}`
    }
    return `${typeof value} ${JSON.stringify(String(value))}`
  }

  #functionNumber(value: object): number {
    const known = this.#functions.get(value)
    if (known !== undefined) return known
    this.#functions.set(value, ++this.#functionCount)
    return this.#functionCount
  }
}

/**
 * Whether nothing can have changed since: options that were changed must not keep their name, or
 * requests would ride on connections that others verified. What lies inside arrays and objects is not
 * compared, so that they always count as changed; the bytes of a certificate do not.
 */
function isUnchanged(before: object, now: object): boolean {
  const entries = Object.entries(now)
  if (entries.length !== Object.keys(before).length) return false
  return entries.every(([key, value]) => {
    const isFixed = typeof value !== 'object' || value === null || value instanceof Uint8Array
    return isFixed && (before as Record<string, unknown>)[key] === value
  })
}

/** Without a prototype: nobody may turn verification off by way of Object.prototype. */
function merged(...options: readonly object[]): TlsOptions {
  return Object.assign(Object.create(null) as TlsOptions, ...options) as TlsOptions
}
