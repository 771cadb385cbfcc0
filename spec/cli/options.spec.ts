import { describe, expect, it } from 'vitest'
import {
  byteRateOption,
  countOption,
  fieldValue,
  headerOption,
  isAddress,
  methodOption,
  pathOption,
  portOption,
  redirectsOption,
  resolveOption,
  secondsOption,
  sizeOption,
} from '../../lib/cli/options.ts'

describe('a count', () => {
  it('is a whole number within its bounds', () => {
    expect(countOption(256)('1')).toBe(1)
    expect(countOption(256)('256')).toBe(256)
  })

  it.each(['0', '257', '-1', '1.5', '1e2', '', 'x', ' 1', '0x10'])('is not %j', (value) => {
    expect(() => countOption(256)(value)).toThrow('It must be a whole number from 1 to 256.')
  })
})

describe('most redirects', () => {
  it('are a number, or -1 for the most that the library takes', () => {
    expect(['0', '5', '1000', '-1'].map(redirectsOption)).toEqual([0, 5, 1_000, 1_000])
    for (const wrong of ['-2', '1001', '', 'x'])
      expect(() => redirectsOption(wrong)).toThrow('from 0 to 1000')
  })
})

describe('a time', () => {
  it.each([
    ['30', 30_000],
    ['2.5', 2_500],
    ['.25', 250],
    ['1.', 1_000],
    ['0', 0],
    ['0.0001', 1],
  ])('%s is %i ms', (value, ms) => {
    expect(secondsOption(value)).toBe(ms)
  })

  it.each(['-1', '', '.', '1s', 'x', '9999999', '1e3', 'Infinity'])('is not %j', (value) => {
    expect(() => secondsOption(value)).toThrow('It must be a number of seconds')
  })
})

describe('a size', () => {
  it.each([
    ['1', 1],
    ['500000', 500_000],
    ['200k', 204_800],
    ['1.5G', 1_610_612_736],
    ['2M', 2_097_152],
    ['1T', 1_099_511_627_776],
  ])('%s is %i bytes', (value, size) => {
    expect(sizeOption(value)).toBe(size)
  })

  it.each(['0', '', '-1', 'k', '1kb', '0.5', '99999999T'])('is not %j', (value) => {
    expect(() => sizeOption(value)).toThrow('It must be a number of bytes above 0')
  })
})

describe('a pace in bytes, a port, a path', () => {
  it('is checked', () => {
    expect(['1000', '1k', '1.5M'].map(byteRateOption)).toEqual([1_000, 1_024, 1_572_864])
    for (const wrong of ['999', '0.9k']) expect(() => byteRateOption(wrong)).toThrow('at least 1000 bytes')
    expect(['0', '1', '65535'].map(portOption)).toEqual([0, 1, 65_535])
    for (const wrong of ['65536', '-1', 'http', ''])
      expect(() => portOption(wrong)).toThrow('from 1 to 65535')
    expect(pathOption(' ')).toBe(' ')
    expect(() => pathOption('')).toThrow('It is empty; give a name.')
  })
})

describe('a header', () => {
  it('is a name and a value, in order', () => {
    const first = headerOption('X-A: 1')
    expect(headerOption('x-a:  a: b ', first)).toEqual([
      ['X-A', '1'],
      ['x-a', 'a: b'],
    ])
    expect(headerOption('X-Empty;')).toEqual([['X-Empty', '']])
  })

  it('is sent as the bytes it was given', () => {
    expect(headerOption('X-A: \u00e9')).toEqual([['X-A', '\u00c3\u00a9']])
  })

  it.each([
    ['no colon', 'It must be "Name: value"'],
    [': value', 'It must be "Name: value"'],
    ['X A: 1', '"X A" is no field name'],
    ['X-A:', 'It has no value; write "X-A;"'],
    ['X-A: 1\r\nX-B: 2', 'A field value holds no line ends'],
    ['X-A: 1\0', 'A field value holds no line ends'],
  ])('is not %j', (value, message) => {
    expect(() => headerOption(value)).toThrow(message)
  })

  it('takes tabs in a value', () => {
    expect(fieldValue('a\tb')).toBe('a\tb')
  })
})

describe('a method, an address', () => {
  it('is checked', () => {
    expect(methodOption('PROPFIND')).toBe('PROPFIND')
    expect(() => methodOption('GET /')).toThrow('It must be a method name')
    for (const right of ['127.0.0.1', '2001:db8::1']) expect(isAddress(right)).toBe(true)
    for (const wrong of ['localhost', '1.2.3', '1.2.3.256', '::g', '[::1]', 'a:b']) {
      expect(isAddress(wrong)).toBe(false)
    }
  })
})

describe('--resolve', () => {
  it('is as in curl', () => {
    const one = resolveOption('A.example:80:127.0.0.1')
    const two = resolveOption('*:443:[::1],127.0.0.2', one)
    expect([...two]).toEqual([
      ['a.example', ['127.0.0.1']],
      ['*', ['::1', '127.0.0.2']],
    ])
    expect(resolveOption('a.example:443:127.0.0.1', two).size).toBe(2)
  })

  it.each(['a', 'a:80', 'a:80:', 'a:x:127.0.0.1', 'a:80:b.example', ':80:127.0.0.1'])(
    'is not %j',
    (value) => {
      expect(() => resolveOption(value)).toThrow('It must be HOST:PORT:ADDRESS')
    },
  )

  it('refuses two lists for one host', () => {
    expect(() => resolveOption('a:443:127.0.0.2', resolveOption('a:80:127.0.0.1'))).toThrow(
      'a has other addresses already',
    )
  })
})
