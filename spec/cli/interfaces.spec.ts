import type { NetworkInterfaceInfo } from 'node:os'
import { describe, expect, it } from 'vitest'
import { interfaceOption } from '../../lib/cli/interfaces.ts'

function info(address: string): NetworkInterfaceInfo {
  return { address } as NetworkInterfaceInfo
}

const interfaces = {
  lo: [info('127.0.0.1'), info('::1')],
  eth0: [info('192.0.2.7'), info('2001:db8::7'), info('fe80::1')],
  tun0: [info('fe80::2')],
}

function read(...values: string[]): readonly string[] {
  let ips: readonly string[] = []
  for (const value of values) ips = interfaceOption(value, ips, interfaces)
  return ips
}

describe('an interface', () => {
  it.each([
    [['192.0.2.9'], ['192.0.2.9']],
    [['eth0'], ['192.0.2.7', '2001:db8::7']],
    [['if!lo'], ['127.0.0.1', '::1']],
    [['host!192.0.2.9'], ['192.0.2.9']],
    [
      ['192.0.2.9,if!lo', '192.0.2.9,192.0.2.8'],
      ['192.0.2.9', '127.0.0.1', '::1', '192.0.2.8'],
    ],
    [
      ['192.0.2.7', 'eth0', '192.0.2.7'],
      ['192.0.2.7', '2001:db8::7'],
    ],
  ])('%j means %j', (values, ips) => {
    expect(read(...values)).toEqual(ips)
  })

  it.each(['eth1', 'if!192.0.2.9', 'host!eth0', 'toString', '', '192.0.2.9,', '192.0.2'])(
    'is not %j',
    (value) => {
      expect(() => read(value)).toThrow(
        'It must be an address of this machine, as 192.0.2.7, or one of its interfaces (lo, eth0, tun0).',
      )
    },
  )

  it('has to have an address that can be bound', () => {
    expect(() => read('tun0')).toThrow('That interface has no address that can be used.')
  })
})
