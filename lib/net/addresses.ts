import { isIP } from 'node:net'
import type { Address } from './network.ts'

const LOOPBACK: readonly Address[] = [
  { address: '127.0.0.1', family: 4 },
  { address: '::1', family: 6 },
]

/** The address that `text` spells, or null when it spells none. */
export function parseAddress(text: string): Address | null {
  const family = isIP(text)
  return family === 4 || family === 6 ? { address: text, family } : null
}

/**
 * RFC 6761 section 6.3: `localhost` and every name below it is this machine, and no name server is
 * to be asked. getaddrinfo often knows `localhost` only. null for all other names.
 */
export function loopbackAddresses(host: string): readonly Address[] | null {
  const name = (host.endsWith('.') ? host.slice(0, -1) : host).toLowerCase()
  return name === 'localhost' || name.endsWith('.localhost') ? LOOPBACK : null
}

/** Families in turn, the first address's first, so that a dead family costs one attempt (RFC 8305 section 4). */
export function interleaveFamilies(addresses: readonly Address[]): Address[] {
  const first = addresses.filter((address) => address.family === addresses[0]!.family)
  const other = addresses.filter((address) => address.family !== addresses[0]!.family)
  const mixed: Address[] = []
  for (let i = 0; i < Math.max(first.length, other.length); i++) {
    if (i < first.length) mixed.push(first[i]!)
    if (i < other.length) mixed.push(other[i]!)
  }
  return mixed
}
