import { describe, expect, it } from 'vitest'
import { addressBytes, checkDenied, isInBlock, parseBlock } from '../../lib/core/address-blocks.ts'
import { ArgumentError } from '../../lib/core/errors.ts'

const hex = (text: string): string | null => {
  const bytes = addressBytes(text)
  return bytes === null ? null : Buffer.from(bytes).toString('hex')
}

describe('addressBytes', () => {
  it.each([
    ['127.0.0.1', '7f000001'],
    ['255.255.255.255', 'ffffffff'],
    ['::', '0'.repeat(32)],
    ['::1', `${'0'.repeat(31)}1`],
    ['1::', `0001${'0'.repeat(28)}`],
    ['2001:DB8::a:b', '20010db800000000000000000000'.slice(0, 24) + '000a000b'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
    ['::ffff:192.168.0.1', '00000000000000000000ffffc0a80001'],
    ['64:ff9b::10.0.0.1', '0064ff9b00000000000000000a000001'],
    ['fe80::1%eth0', `fe80${'0'.repeat(27)}1`],
    ['127.1', null],
    ['0x7f.0.0.1', null],
    ['2130706433', null],
    ['1.2.3.4.5', null],
    ['[::1]', null],
    ['localhost', null],
    ['', null],
  ])('%s: %s', (text, bytes) => {
    expect(hex(text)).toBe(bytes)
  })
})

describe('blocks', () => {
  it.each([
    ['10.0.0.0/8', '10.255.255.255', true],
    ['10.0.0.0/8', '11.0.0.0', false],
    ['100.64.0.0/10', '100.127.255.255', true],
    ['100.64.0.0/10', '100.128.0.0', false],
    ['100.64.0.0/10', '100.63.255.255', false],
    ['0.0.0.0/0', '203.0.113.7', true],
    ['192.0.2.7', '192.0.2.7', true],
    ['192.0.2.7/32', '192.0.2.6', false],
    // What follows the bits counts for nothing.
    ['192.0.2.7/24', '192.0.2.9', true],
    ['fc00::/7', 'fdff::1', true],
    ['fc00::/7', 'fe00::1', false],
    ['::1', '::1', true],
    ['::/0', '2606:4700::1', true],
    ['0.0.0.0/0', '::1', false],
    ['::/0', '127.0.0.1', false],
  ])('%s has %s: %s', (block, address, expected) => {
    expect(isInBlock(addressBytes(address)!, parseBlock(block)!)).toBe(expected)
  })

  it.each([
    '10.0.0.0/33',
    '::/129',
    '10.0.0.0/',
    '10.0.0.0/08',
    '10/8',
    '10.0.0.0/-1',
    'fe80::1%eth0',
    'a.test',
    '',
  ])('%s is none', (text) => {
    expect(parseBlock(text)).toBeNull()
  })
})

describe('checkDenied', () => {
  it.each([true, false, { allow: [] }, { allow: ['10.1.0.0/16', '::1'] }])('takes %j', (value) => {
    expect(() => checkDenied('denyPrivateAddresses', value)).not.toThrow()
  })

  it.each([
    ['yes', 'is of another kind'],
    [null, 'is of another kind'],
    [[], 'is of another kind'],
    [{}, 'is of another kind'],
    [{ allow: [], deny: [] }, 'is of another kind'],
    [{ allow: '10.0.0.0/8' }, 'allow is no list'],
    [{ allow: ['10.0.0.0/8', 'intranet'] }, 'allow has "intranet", which is no address and no block'],
    [{ allow: [7] }, 'allow has number'],
  ])('refuses %j', (value, message) => {
    expect(() => checkDenied('denyPrivateAddresses', value)).toThrow(ArgumentError)
    expect(() => checkDenied('denyPrivateAddresses', value)).toThrow(message)
  })
})
