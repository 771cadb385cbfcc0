import { networkInterfaces } from 'node:os'
import { InvalidArgumentError } from 'commander'
import { isAddress } from './options.ts'

type Interfaces = ReturnType<typeof networkInterfaces>

/**
 * The addresses that a --client-ip or --interface means, added to those of the ones before: an address as it
 * stands, a name those that the interface has; several with commas between. curl's `if!` and `host!` are taken, too.
 */
export function interfaceOption(
  value: string,
  previous: readonly string[] = [],
  interfaces: Interfaces = networkInterfaces(),
): readonly string[] {
  const found = value.split(',').flatMap((part) => {
    const [, kind, name = part] = /^(if|host)!(.*)$/su.exec(part) ?? []
    return addressesOf(name, kind, interfaces)
  })
  return [...new Set([...previous, ...found])]
}

function addressesOf(name: string, kind: string | undefined, interfaces: Interfaces): string[] {
  if (kind !== 'if' && isAddress(name)) return [name]
  // Own properties: a name is what somebody typed.
  const found = kind !== 'host' && Object.hasOwn(interfaces, name) ? interfaces[name]! : null
  // A link-local address means nothing without its interface, and Node binds to none with one.
  const usable = found?.map(({ address }) => address).filter((address) => !/^fe[89ab]/iu.test(address)) ?? []
  if (usable.length > 0) return usable
  if (found !== null) throw new InvalidArgumentError('That interface has no address that can be used.')
  const known = Object.keys(interfaces).join(', ')
  throw new InvalidArgumentError(
    `It must be an address of this machine, as 192.0.2.7, or one of its interfaces (${known}).`,
  )
}
