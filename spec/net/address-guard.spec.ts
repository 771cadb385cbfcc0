import { Socket } from 'node:net'
import { describe, expect, it } from 'vitest'
import type { ConnectError } from '../../lib/core/errors.ts'
import { AddressGuard, addressPolicy } from '../../lib/net/address-guard.ts'
import { Dial } from '../../lib/net/dial.ts'
import { Resolver } from '../../lib/net/resolver.ts'
import { HandClock } from './hand-clock.ts'
import { rounds } from './loopback.ts'

const DENIED: readonly (readonly [address: string, rule: string])[] = [
  ['127.0.0.1', 'loopback'],
  ['127.255.255.254', 'loopback'],
  ['0.0.0.0', '"this network" (RFC 1122)'],
  ['0.255.255.255', '"this network" (RFC 1122)'],
  ['10.0.0.0', 'private (RFC 1918)'],
  ['10.255.255.255', 'private (RFC 1918)'],
  ['172.16.0.1', 'private (RFC 1918)'],
  ['172.31.255.255', 'private (RFC 1918)'],
  ['192.168.0.1', 'private (RFC 1918)'],
  ['192.168.255.255', 'private (RFC 1918)'],
  ['169.254.0.1', 'link-local (RFC 3927)'],
  ['169.254.169.254', 'link-local (RFC 3927)'],
  ['169.254.170.2', 'link-local (RFC 3927)'],
  ['100.64.0.1', 'shared behind a carrier (RFC 6598)'],
  ['100.100.100.200', 'shared behind a carrier (RFC 6598)'],
  ['100.127.255.255', 'shared behind a carrier (RFC 6598)'],
  ['192.0.0.192', 'for protocols (RFC 6890)'],
  ['192.88.99.1', 'for protocols (RFC 6890)'],
  ['192.0.2.1', 'for documentation (RFC 5737)'],
  ['198.51.100.1', 'for documentation (RFC 5737)'],
  ['203.0.113.1', 'for documentation (RFC 5737)'],
  ['198.18.0.1', 'for benchmarks (RFC 2544)'],
  ['198.19.255.255', 'for benchmarks (RFC 2544)'],
  ['224.0.0.1', 'multicast'],
  ['239.255.255.250', 'multicast'],
  ['240.0.0.1', 'reserved or broadcast (RFC 1112)'],
  ['255.255.255.255', 'reserved or broadcast (RFC 1112)'],
  ['168.63.129.16', "Azure's host (WireServer)"],
  ['::', 'unspecified'],
  ['::1', 'loopback'],
  ['0:0:0:0:0:0:0:1', 'loopback'],
  ['::127.0.0.1', 'loopback, inside an IPv6 address'],
  ['::7f00:1', 'loopback, inside an IPv6 address'],
  ['::2', '"this network" (RFC 1122), inside an IPv6 address'],
  ['::ffff:127.0.0.1', 'loopback, inside an IPv6 address'],
  ['::ffff:7f00:1', 'loopback, inside an IPv6 address'],
  ['0000:0000:0000:0000:0000:FFFF:7F00:0001', 'loopback, inside an IPv6 address'],
  ['::ffff:10.0.0.1', 'private (RFC 1918), inside an IPv6 address'],
  ['::ffff:a9fe:a9fe', 'link-local (RFC 3927), inside an IPv6 address'],
  ['::ffff:0:192.168.1.1', 'private (RFC 1918), inside an IPv6 address'],
  ['64:ff9b::10.0.0.1', 'private (RFC 1918), inside an IPv6 address'],
  ['64:ff9b::a9fe:a9fe', 'link-local (RFC 3927), inside an IPv6 address'],
  ['64:ff9b:1::1', 'outside global unicast (2000::/3)'],
  ['2002:7f00:1::1', 'loopback, inside an IPv6 address'],
  ['2002:a00:1::', 'private (RFC 1918), inside an IPv6 address'],
  ['2002:a9fe:a9fe::1', 'link-local (RFC 3927), inside an IPv6 address'],
  // Teredo: the server's address, then the client's turned over.
  ['2001:0:7f00:1:0:0:a7a7:a7a7', 'loopback, inside an IPv6 address'],
  ['2001:0:5858:5858:0:0:80ff:fffe', 'loopback, inside an IPv6 address'],
  ['2001:0:5858:5858:0:0:f5ff:fffe', 'private (RFC 1918), inside an IPv6 address'],
  ['2001:1::1', 'for protocols (RFC 6890)'],
  ['2001:2::1', 'for benchmarks (RFC 5180)'],
  ['2001:10::1', 'an identifier (RFC 7343)'],
  ['2001:20::1', 'an identifier (RFC 7343)'],
  ['2001:db8::1', 'for documentation (RFC 3849, RFC 9637)'],
  ['3fff::1', 'for documentation (RFC 3849, RFC 9637)'],
  ['100::1', 'outside global unicast (2000::/3)'],
  ['5f00::1', 'outside global unicast (2000::/3)'],
  ['4000::1', 'outside global unicast (2000::/3)'],
  ['fc00::1', 'unique local (RFC 4193)'],
  ['fd00:ec2::254', 'unique local (RFC 4193)'],
  ['fe80::1', 'link-local (RFC 4291)'],
  ['fe80::1%eth0', 'link-local (RFC 4291)'],
  ['febf::1', 'link-local (RFC 4291)'],
  ['fec0::1', 'link-local (RFC 4291)'],
  ['ff02::1', 'multicast'],
  ['ff0e::1', 'multicast'],
  ['2130706433', 'no address'],
  ['127.1', 'no address'],
]

const PUBLIC: readonly string[] = [
  '1.1.1.1',
  '8.8.8.8',
  '9.255.255.255',
  '11.0.0.0',
  '100.63.255.255',
  '100.128.0.0',
  '126.255.255.255',
  '128.0.0.0',
  '169.253.255.255',
  '169.255.0.0',
  '172.15.255.255',
  '172.32.0.0',
  '192.0.1.0',
  '192.167.255.255',
  '192.169.0.0',
  '198.17.255.255',
  '198.20.0.0',
  '223.255.255.255',
  '168.63.129.15',
  '2606:4700:4700::1111',
  '2001:4860:4860::8888',
  '2a00::1',
  '3ffe::1',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
  '2002:808:808::1',
  '2001:0:808:808:0:0:f7f7:f7f7',
]

describe('AddressGuard', () => {
  const guard = new AddressGuard([])

  it.each(DENIED)('refuses %s: %s', (address, rule) => {
    expect(guard.denies(address)).toBe(rule)
  })

  it.each(PUBLIC)('lets %s pass', (address) => {
    expect(guard.denies(address)).toBeNull()
  })

  it.each([
    ['10.1.0.0/16', '10.1.2.3', true],
    ['10.1.0.0/16', '10.2.0.1', false],
    ['10.1.0.0/16', '::ffff:10.1.2.3', true],
    ['10.1.0.0/16', '64:ff9b::10.1.2.3', true],
    ['127.0.0.1', '127.0.0.1', true],
    ['127.0.0.1', '127.0.0.2', false],
    ['127.0.0.1', '::1', false],
    ['fd00:1::/32', 'fd00:1::7', true],
    ['fd00:1::/32', 'fd00:2::7', false],
    ['fe80::/10', 'fe80::1%eth0', true],
    ['::/0', 'ff02::1', true],
    ['0.0.0.0/0', '169.254.169.254', true],
    // Both the server and the client of a Teredo address have to be allowed.
    ['127.0.0.0/8', '2001:0:7f00:1:0:0:f5ff:fffe', false],
  ])('allowing %s lets %s pass: %s', (block, address, expected) => {
    expect(new AddressGuard([block]).denies(address) === null).toBe(expected)
  })

  it('is none where nothing is denied', () => {
    expect(addressPolicy(false)).toBeNull()
    expect(addressPolicy(true)?.denies('127.0.0.1')).toBe('loopback')
    expect(addressPolicy({ allow: ['127.0.0.1'] })?.denies('127.0.0.1')).toBeNull()
  })
})

async function dial(host: string, addresses: readonly string[], clientIp = '') {
  const clock = new HandClock()
  const resolver = new Resolver({ clock, resolve: () => addresses })
  const tried: string[] = []
  const state: { error: ConnectError | null } = { error: null }
  const options = { host, port: 80, clientIp, tls: null, sessionKey: '', policy: new AddressGuard([]) }
  const dialler = {
    openSocket: ({ address }: { address: string }) => {
      tried.push(address)
      return new Socket()
    },
    onConnected: () => undefined,
    onDialFailed: (error: ConnectError) => (state.error = error),
  }
  new Dial({ clock, resolver, attemptDelay: 10 }, options, dialler).start()
  for (let i = 0; i < 20; i++) clock.advance(10)
  await rounds(1)
  return { tried, error: state.error }
}

describe('a dial', () => {
  it('leaves out the addresses that are refused, and tries all others', async () => {
    const { tried, error } = await dial('a.test', ['127.0.0.1', '8.8.8.8', '::1', '10.0.0.1', '2606:4700::1'])
    expect(tried).toEqual(['8.8.8.8', '2606:4700::1'])
    expect(error).toBeNull()
  })

  it('looks at all addresses before it cuts them to those that are tried', async () => {
    const many = Array.from({ length: 20 }, (_, i) => `10.0.0.${i}`)
    expect((await dial('a.test', [...many, '8.8.8.8'])).tried).toEqual(['8.8.8.8'])
  })

  it('fails where all are refused, and says host, address, rule and remedy', async () => {
    const { tried, error } = await dial('intra.test', ['10.0.0.7'])
    expect(tried).toEqual([])
    expect(error).toMatchObject({
      code: 'ERR_CONNECT_DENIED',
      phase: 'denied',
      message:
        'the host "intra.test" is not connected to: its address 10.0.0.7 is private (RFC 1918), which ' +
        'denyPrivateAddresses refuses; if it is meant, add the address to denyPrivateAddresses.allow',
    })
    expect((await dial('intra.test', ['10.0.0.7', '::1'])).error?.message).toContain(
      'none of its addresses is public (10.0.0.7 is private (RFC 1918); ::1 is loopback)',
    )
  })

  it.each(['127.0.0.1', '::1', '::ffff:7f00:1', 'localhost', 'a.localhost.', '169.254.169.254'])(
    'fails for the host %s, which is not looked up',
    async (host) => {
      const { tried, error } = await dial(host, ['127.0.0.1'])
      expect([tried, error?.code]).toEqual([[], 'ERR_CONNECT_DENIED'])
    },
  )

  it('counts only the addresses of the family that the client IP has', async () => {
    const { tried, error } = await dial('a.test', ['10.0.0.7', '2606:4700::1'], '192.0.2.1')
    expect([tried, error?.code]).toEqual([[], 'ERR_CONNECT_DENIED'])
  })
})
