import { ArgumentError } from './errors.ts'
import { ipFamily } from './ip-address.ts'

/** The addresses whose first `bits` bits are those of `bytes`. */
export interface AddressBlock {
  readonly bytes: Uint8Array
  readonly bits: number
}

/** Which addresses a client refuses to dial: all that are not public, but for the blocks in `allow`. */
export type DenyPrivateAddresses = boolean | { readonly allow: readonly string[] }

/** The 4 or 16 bytes of an address, whose zone (`%eth0`) is left out; null for anything else. */
export function addressBytes(text: string): Uint8Array | null {
  const zone = text.indexOf('%')
  const address = zone === -1 ? text : text.slice(0, zone)
  const family = ipFamily(address)
  if (family === 0) return null
  if (family === 4) return Uint8Array.from(address.split('.'), Number)
  // The URL parser writes every spelling in one way, without a dotted end.
  const [head = '', tail] = new URL(`http://[${address}]/`).hostname.slice(1, -1).split('::')
  const groups = head === '' ? [] : head.split(':')
  const last = tail === undefined || tail === '' ? [] : tail.split(':')
  while (groups.length + last.length < 8) groups.push('0')
  const values = [...groups, ...last].map((group) => Number.parseInt(group, 16))
  return Uint8Array.from(values.flatMap((value) => [value >> 8, value & 0xff]))
}

/** `10.0.0.0/8`, `fc00::/7`, or an address alone; null for anything else. */
export function parseBlock(text: string): AddressBlock | null {
  const slash = text.indexOf('/')
  const bytes = text.includes('%') ? null : addressBytes(slash === -1 ? text : text.slice(0, slash))
  if (bytes === null) return null
  const most = bytes.length * 8
  if (slash === -1) return { bytes, bits: most }
  const bits = /^(?:0|[1-9]\d{0,2})$/.test(text.slice(slash + 1)) ? Number(text.slice(slash + 1)) : Infinity
  return bits <= most ? { bytes, bits } : null
}

/** `address` as bytes. An IPv4 address is in no block of IPv6. */
export function isInBlock(address: Uint8Array, { bytes, bits }: AddressBlock): boolean {
  if (address.length !== bytes.length) return false
  const whole = bits >> 3
  for (let i = 0; i < whole; i++) if (address[i] !== bytes[i]) return false
  const shift = 8 - (bits & 7)
  return shift === 8 || address[whole]! >> shift === bytes[whole]! >> shift
}

/** Checks the option `denyPrivateAddresses`. Throws ArgumentError. */
export function checkDenied(name: string, value: unknown): void {
  if (typeof value === 'boolean') return
  const rule = "it must be true, false, or { allow: ['10.1.0.0/16', '::1'] }"
  if (typeof value !== 'object' || value === null || Object.keys(value).join() !== 'allow') {
    throw new ArgumentError(`option ${name} is of another kind; ${rule}`)
  }
  const { allow } = value as { allow: unknown }
  if (!Array.isArray(allow)) throw new ArgumentError(`option ${name}.allow is no list; ${rule}`)
  for (const block of allow as unknown[]) {
    if (typeof block === 'string' && parseBlock(block) !== null) continue
    const shown = typeof block === 'string' ? JSON.stringify(block.slice(0, 64)) : typeof block
    throw new ArgumentError(`option ${name}.allow has ${shown}, which is no address and no block; ${rule}`)
  }
}
