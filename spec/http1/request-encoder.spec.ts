import { describe, expect, it } from 'vitest'
import { ArgumentError } from '../../lib/core/errors.ts'
import {
  checkMethod,
  checkPath,
  encodeChunk,
  encodeHead,
  encodeLastChunk,
  type FieldValue,
  serializeFields,
} from '../../lib/http1/request-encoder.ts'

/** A value of a type that the signature does not allow, as a caller in JavaScript may pass. */
function wrong(value: unknown): FieldValue {
  return value as FieldValue
}

function messageOf(run: () => unknown): string {
  try {
    run()
  } catch (error) {
    if (error instanceof ArgumentError) return error.message
    throw error
  }
  return ''
}

describe('fields', () => {
  it('keep order, case and repetition', () => {
    const fields: [string, FieldValue][] = [
      ['HOST', 'example.org'],
      ['b', 'x'],
      ['A', 1],
      ['b', ['y', 2]],
      ['Empty', ''],
    ]
    expect(serializeFields(fields)).toBe('HOST: example.org\r\nb: x\r\nA: 1\r\nb: y\r\nb: 2\r\nEmpty: \r\n')
    expect(serializeFields(new Map([['A', 'b']]))).toBe('A: b\r\n')
    expect(serializeFields([])).toBe('')
    expect(serializeFields([['A', []]])).toBe('')
  })

  it('values may be Latin-1 and hold tabs', () => {
    expect(serializeFields([['A', 'caf\xe9\t\xff']])).toBe('A: caf\xe9\t\xff\r\n')
  })

  it.for(['', 'A B', 'A:', 'A\r\nB', 'A\0', '\xe9', 'A\u0141', ':A', '(A)'])('name %j: refuse', (name) => {
    expect(messageOf(() => serializeFields([[name, 'x']]))).toMatch(/field name .* is no token: use /)
  })

  it('a name that is no string: refuse', () => {
    const fields = [[{ toString: () => 'A' }, 'x']] as unknown as [string, string][]
    expect(messageOf(() => serializeFields(fields))).toMatch(/field name of type object is no token/)
  })

  it.for(['\r', '\n', '\0', 'a\r\nB: c', '\x01', '\x1f', '\x7f'])(
    'control character in %j: refuse',
    (value) => {
      const pattern = /field "A" has the control character .* remove it/
      expect(messageOf(() => serializeFields([['A', value]]))).toMatch(pattern)
      expect(messageOf(() => serializeFields([['A', ['fine', value]]]))).toMatch(pattern)
    },
  )

  it.for(['\u0100', '\u010d\u010a', '\u{1F600}', 'a\u2028'])('%j is not Latin-1: refuse', (value) => {
    expect(messageOf(() => serializeFields([['A', value]]))).toMatch(
      /field "A" [^]* not Latin-1: encode it yourself/,
    )
  })

  it.for([
    [undefined, 'undefined'],
    [null, 'null'],
    [true, 'boolean'],
    [10n, 'bigint'],
    [Symbol('x'), 'symbol'],
    [() => 'x', 'function'],
    [{ toString: () => 'x' }, 'object'],
    [new Date(0), 'object'],
    [[['x']], 'object'],
    [['x', null], 'null'],
    // A hole.
    [Array.from({ length: 1 }), 'undefined'],
  ] as const)('%o is nothing to write: refuse', ([value, type]) => {
    expect(messageOf(() => serializeFields([['A', wrong(value)]]))).toMatch(
      `field "A" has a value of type ${type}: give a string, a number or an array of those`,
    )
  })

  it.for([Number.NaN, Infinity, -Infinity])('%d: refuse', (value) => {
    expect(messageOf(() => serializeFields([['Content-Length', value]]))).toMatch(/give a finite number/)
  })

  it('an object whose toString changes is never asked', () => {
    let asked = 0
    const sly = {
      toString: () => (++asked > 1 ? 'a\r\nEvil: yes' : 'a'),
      [Symbol.toPrimitive]: () => (++asked > 1 ? 'a\r\nEvil: yes' : 'a'),
    }
    expect(messageOf(() => serializeFields([['A', wrong(sly)]]))).toMatch(/type object/)
    expect(messageOf(() => serializeFields([['A', wrong([sly])]]))).toMatch(/type object/)
    expect(asked).toBe(0)
  })

  it('an array whose elements change is read once', () => {
    let read = 0
    const sly = new Proxy(['a'], {
      get: (target, key) => (key === '0' && ++read > 1 ? 'a\r\nEvil: yes' : Reflect.get(target, key)),
    })
    expect(serializeFields([['A', sly]])).toBe('A: a\r\n')
    expect(read).toBe(1)
  })
})

describe('framing fields', () => {
  it.for([
    [
      [
        ['Content-Length', 1],
        ['content-length', 1],
      ],
      'content-length',
    ],
    [[['Content-Length', ['1', '1']]], 'content-length'],
    [
      [
        ['Transfer-Encoding', 'chunked'],
        ['TRANSFER-ENCODING', 'chunked'],
      ],
      'transfer-encoding',
    ],
    [
      [
        ['Host', 'a'],
        ['hOST', 'a'],
      ],
      'host',
    ],
    [[['Host', ['a', 'b']]], 'host'],
  ] as [[string, FieldValue][], string][])('%j stand there twice: refuse', ([fields, name]) => {
    expect(messageOf(() => serializeFields(fields))).toMatch(
      `field "${name}" stands there twice: give it once`,
    )
  })

  it('Content-Length and Transfer-Encoding: refuse', () => {
    const both: [string, FieldValue][] = [
      ['content-length', 5],
      ['Transfer-Encoding', 'chunked'],
    ]
    expect(messageOf(() => serializeFields(both))).toMatch(/exclude each other/)
    expect(messageOf(() => serializeFields(both.toReversed()))).toMatch(/exclude each other/)
  })

  it.for(['x', '', '-1', '+1', '1, 1', '1 ', 1.5, -1, 1e21])('Content-Length %j: refuse', (value) => {
    expect(messageOf(() => serializeFields([['Content-Length', value]]))).toMatch(/give a number of bytes/)
  })

  it.for(['gzip', 'identity', 'chunked, gzip', '', 'xchunked', 'chunked;a'])(
    'Transfer-Encoding %j: refuse',
    (value) => {
      expect(messageOf(() => serializeFields([['Transfer-Encoding', value]]))).toMatch(
        /last coding must be chunked/,
      )
    },
  )

  it('one of each is fine', () => {
    expect(
      serializeFields([
        ['Host', 'a'],
        ['Content-Length', 0],
      ]),
    ).toBe('Host: a\r\nContent-Length: 0\r\n')
    expect(serializeFields([['transfer-encoding', 'gzip, Chunked']])).toBe(
      'transfer-encoding: gzip, Chunked\r\n',
    )
    expect(
      serializeFields([
        ['Hosts', 'a'],
        ['Hosts', 'b'],
      ]),
    ).toBe('Hosts: a\r\nHosts: b\r\n')
  })
})

describe('request line', () => {
  it('is method, path and version', () => {
    expect(encodeHead('GET', '/a?b=c', 'Host: x\r\n')).toBe('GET /a?b=c HTTP/1.1\r\nHost: x\r\n\r\n')
    expect(encodeHead('OPTIONS', '*', '')).toBe('OPTIONS * HTTP/1.1\r\n\r\n')
    expect(encodeHead('patch', 'http://x/', '')).toBe('patch http://x/ HTTP/1.1\r\n\r\n')
    expect(encodeHead('CONNECT', '[::1]:443', '')).toBe('CONNECT [::1]:443 HTTP/1.1\r\n\r\n')
  })

  it.for(['', 'GET ', 'G T', 'GET\r\n', 'GET\0', 'G\xc9T', 'GET /evil'])('method %j: refuse', (method) => {
    expect(messageOf(() => checkMethod(method))).toMatch(/^method .* is no token: use /)
    expect(messageOf(() => encodeHead(method, '/', ''))).toMatch(/is no token/)
  })

  it.for(['', ' ', '/a b', '/a\r\n', '/a\nX: y', '/\0', '/\xe9', '/\u010a', '/\x7f', '/\t'])(
    'path %j: refuse',
    (path) => {
      expect(messageOf(() => checkPath(path))).toMatch(/^path .* (?:percent-encode|the shortest is)/)
      expect(messageOf(() => encodeHead('GET', path, ''))).not.toBe('')
    },
  )

  it('what is no string: refuse', () => {
    expect(messageOf(() => checkMethod({ toString: () => 'GET' } as unknown as string))).toMatch(
      /type object/,
    )
    expect(messageOf(() => checkPath(undefined as unknown as string))).toMatch(/type undefined/)
  })
})

describe('chunks', () => {
  it('have their size in front and CR LF behind', () => {
    expect(Buffer.from(encodeChunk(Buffer.from('hello'))).toString()).toBe('5\r\nhello\r\n')
    const large = Buffer.from(encodeChunk(new Uint8Array(70_000).fill(1)))
    expect(large.subarray(0, 7).toString()).toBe('11170\r\n')
    expect(large.length).toBe(7 + 70_000 + 2)
    expect(large.subarray(-2).toString()).toBe('\r\n')
  })

  it('of no bytes are nothing: an empty chunk would end the body', () => {
    expect(encodeChunk(new Uint8Array(0)).length).toBe(0)
  })

  it('the last one ends the body', () => {
    expect(encodeLastChunk()).toBe('0\r\n\r\n')
  })
})
