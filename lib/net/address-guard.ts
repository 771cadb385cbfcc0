import {
  addressBytes,
  isInBlock,
  parseBlock,
  type AddressBlock,
  type DenyPrivateAddresses,
} from '../core/address-blocks.ts'
import { ConnectError } from '../core/errors.ts'
import { loopbackAddresses, parseAddress } from './addresses.ts'
import type { Address, AddressPolicy, DialOptions } from './network.ts'

interface Rule {
  readonly name: string
  readonly blocks: readonly AddressBlock[]
}

/** IANA's registry of special-purpose IPv4 addresses (RFC 6890), and what clouds have besides. */
const IPV4: readonly Rule[] = [
  rule('loopback', '127.0.0.0/8'),
  rule('private (RFC 1918)', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16'),
  // Most clouds answer 169.254.169.254 with the credentials of the machine that asks.
  rule('link-local (RFC 3927)', '169.254.0.0/16'),
  rule('shared behind a carrier (RFC 6598)', '100.64.0.0/10'),
  // Linux takes 0.0.0.0 for itself.
  rule('"this network" (RFC 1122)', '0.0.0.0/8'),
  // 192.0.0.192 is the metadata server of Oracle's cloud.
  rule('for protocols (RFC 6890)', '192.0.0.0/24', '192.88.99.0/24'),
  rule('for documentation (RFC 5737)', '192.0.2.0/24', '198.51.100.0/24', '203.0.113.0/24'),
  rule('for benchmarks (RFC 2544)', '198.18.0.0/15'),
  rule('multicast', '224.0.0.0/4'),
  rule('reserved or broadcast (RFC 1112)', '240.0.0.0/4'),
  // Public by its number, and yet nobody but Azure's own machines reaches it.
  rule("Azure's host (WireServer)", '168.63.129.16'),
]

/** Of IPv6, those that have a name of their own; whatever is not in 2000::/3 is refused besides. */
const IPV6: readonly Rule[] = [
  rule('loopback', '::1'),
  rule('unspecified', '::'),
  rule('unique local (RFC 4193)', 'fc00::/7'),
  rule('link-local (RFC 4291)', 'fe80::/10', 'fec0::/10'),
  rule('multicast', 'ff00::/8'),
  rule('for documentation (RFC 3849, RFC 9637)', '2001:db8::/32', '3fff::/20'),
  rule('for benchmarks (RFC 5180)', '2001:2::/48'),
  rule('an identifier (RFC 7343)', '2001:10::/28', '2001:20::/28'),
]

const GLOBAL_UNICAST = parseBlock('2000::/3')!
const TEREDO = parseBlock('2001::/32')!
const PROTOCOLS = parseBlock('2001::/23')!

/** Where IPv6 addresses hold one of IPv4: the block, and the byte that it begins at. */
const EMBEDDING: readonly (readonly [block: AddressBlock, at: number])[] = [
  // IPv4-mapped, IPv4-translated (RFC 2765), IPv4-compatible: `::1` and `::` have rules of their own.
  [parseBlock('::ffff:0:0/96')!, 12],
  [parseBlock('::ffff:0:0:0/96')!, 12],
  [parseBlock('::/96')!, 12],
  // NAT64 (RFC 6052), 6to4 (RFC 3056).
  [parseBlock('64:ff9b::/96')!, 12],
  [parseBlock('2002::/16')!, 2],
]

function rule(name: string, ...blocks: readonly string[]): Rule {
  return { name, blocks: blocks.map((block) => parseBlock(block)!) }
}

/**
 * Refuses to dial what is not public: `denyPrivateAddresses`. Asked with each address that is about to be
 * dialled, after the lookup, so that a name which leads elsewhere the second time gains nothing.
 */
export class AddressGuard implements AddressPolicy {
  readonly #allowed: readonly AddressBlock[]

  /** `allow`: blocks that are dialled all the same. */
  constructor(allow: readonly string[]) {
    this.#allowed = allow.map((block) => parseBlock(block)!)
  }

  denies(address: string): string | null {
    const bytes = addressBytes(address)
    return bytes === null ? 'no address' : this.#ruleAgainst(bytes)
  }

  #ruleAgainst(bytes: Uint8Array): string | null {
    if (this.#allowed.some((block) => isInBlock(bytes, block))) return null
    if (bytes.length === 4) return nameOf(IPV4, bytes)
    const own = nameOf(IPV6, bytes)
    if (own !== null) return own
    const embedded = embeddedIn(bytes)
    for (const inner of embedded) {
      const denied = this.#ruleAgainst(inner)
      if (denied !== null) return `${denied}, inside an IPv6 address`
    }
    if (embedded.length > 0) return null
    if (isInBlock(bytes, PROTOCOLS)) return 'for protocols (RFC 6890)'
    return isInBlock(bytes, GLOBAL_UNICAST) ? null : 'outside global unicast (2000::/3)'
  }
}

/** What the option `denyPrivateAddresses` comes to. */
export function addressPolicy(denied: DenyPrivateAddresses): AddressPolicy | null {
  if (denied === false) return null
  return new AddressGuard(denied === true ? [] : denied.allow)
}

function nameOf(rules: readonly Rule[], bytes: Uint8Array): string | null {
  return rules.find(({ blocks }) => blocks.some((block) => isInBlock(bytes, block)))?.name ?? null
}

/** The IPv4 addresses that packets to this one end up at, or pass through. */
function embeddedIn(bytes: Uint8Array): Uint8Array[] {
  // RFC 4380 section 4: the server, and at the end the client with its bits turned over.
  if (isInBlock(bytes, TEREDO)) return [bytes.slice(4, 8), bytes.slice(12).map((byte) => byte ^ 0xff)]
  const found = EMBEDDING.find(([block]) => isInBlock(bytes, block))
  return found === undefined ? [] : [bytes.slice(found[1], found[1] + 4)]
}

/** Those that may be dialled; a ConnectError where none may. */
export function allowedAddresses(
  dial: DialOptions,
  found: readonly Address[],
): readonly Address[] | ConnectError {
  const { policy } = dial
  if (policy === undefined || policy === null) return found
  const allowed = found.filter(({ address }) => policy.denies(address) === null)
  return allowed.length > 0 ? allowed : deniedError(dial, found, policy)
}

/** What is known of a host that a proxy looks up: an address, and names that mean this machine. */
export function deniedHost(dial: DialOptions): ConnectError | null {
  const literal = parseAddress(dial.host)
  const known = literal === null ? loopbackAddresses(dial.host) : [literal]
  const allowed = known === null ? null : allowedAddresses(dial, known)
  return allowed instanceof ConnectError ? allowed : null
}

function deniedError({ host }: DialOptions, found: readonly Address[], policy: AddressPolicy): ConnectError {
  const all = found.map(({ address }) => `${address} is ${policy.denies(address)}`)
  const which =
    all.length === 1 ? `its address ${all[0]}` : `none of its addresses is public (${all.join('; ')})`
  return new ConnectError(
    'denied',
    `the host "${host}" is not connected to: ${which}, which denyPrivateAddresses refuses; ` +
      'if it is meant, add the address to denyPrivateAddresses.allow',
  )
}
