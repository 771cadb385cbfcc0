import { createHash } from 'node:crypto'
import { ArgumentError } from '../core/errors.ts'
import type { TlsOptions } from '../net/network.ts'

/** Sets of TLS options remembered; the least recently used goes. Each belongs to a target in use. */
const MAX_IDENTITIES = 1_000

/**
 * Names sets of TLS options, so that requests with equal ones share a pool, and requests with
 * different ones never share a connection (CVE-2026-9697: options lost on the way to the socket).
 */
export class TlsIdentities {
  readonly #byName = new Map<string, TlsOptions>()
  readonly #names = new WeakMap<object, string>()
  readonly #functions = new WeakMap<object, number>()
  #functionCount = 0

  /** A name that is equal for equal options, by value; functions count by identity. */
  name(options: TlsOptions): string {
    let name = this.#names.get(options)
    if (name === undefined) {
      name = createHash('sha256').update(this.#describe(options, 0)).digest('base64url').slice(0, 22)
      this.#names.set(options, name)
    }
    // The newest is last, so that the oldest can go.
    this.#byName.delete(name)
    this.#byName.set(name, options)
    if (this.#byName.size > MAX_IDENTITIES) this.#byName.delete(this.#byName.keys().next().value!)
    return name
  }

  get(name: string): TlsOptions | undefined {
    return this.#byName.get(name)
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
