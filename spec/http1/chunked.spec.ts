import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import { decodeCase, decodeError, decodeOne, type CaseOptions } from './decoder-cases.ts'

const HEAD = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n'
const END = '\r\n0\r\n\r\n'

function body(chunks: string, options?: CaseOptions): string {
  return decodeOne(HEAD + chunks, options).body
}

function rule(chunks: string, options?: CaseOptions): string {
  return decodeError(HEAD + chunks, options)
}

describe('chunk sizes', () => {
  it.for(['2', '02', '0000000000000002', '2  ', '2\t'])('%j: accept', (size) => {
    expect(body(`${size}\r\nhi${END}`)).toBe('hi')
  })

  it('hexadecimal in either case', () => {
    const data = 'x'.repeat(0xab)
    expect(body(`aB\r\n${data}${END}`)).toBe(data)
    expect(body(`0Ab\r\n${data}${END}`)).toBe(data)
  })

  it('the last chunk may have any number of zeros', () => {
    expect(body('1\r\na\r\n000\r\n\r\n')).toBe('a')
  })

  it.for(['', ' 2', '+2', '-2', '0x2', 'z', '2x', '2 x', '2,2', 'g', ';a', '\x002', '2\0', '"2"', '2\r3'])(
    'no hex number (%j): reject',
    (size) => {
      expect(rule(`${size}\r\nhi${END}`)).toMatch(/^chunk-(?:size|extension)$/)
    },
  )

  it.for(['20000000000000', 'ffffffffffffffff', '00000000000000002', 'fffffffffffffffff'])(
    'too large or too long (%s): reject',
    (size) => {
      expect(rule(`${size}\r\nhi${END}`)).toBe('chunk-size')
    },
  )

  it('the largest size that can be counted is read', () => {
    expect(decodeCase(`${HEAD}1fffffffffffff\r\nhi`)).toMatchObject({ error: '', end: 'body' })
  })
})

describe('the line end after a chunk', () => {
  it('CR LF, or a bare LF', () => {
    expect(body(`2\r\nhi\r\n1\r\n!\n0\r\n\r\n`)).toBe('hi!')
  })

  it.for(['hi!\r\n', 'hi\rX', 'hi\r\r\n', 'hi 0\r\n\r\n', 'hi0\r\n\r\n'])('%j: reject', (data) => {
    expect(rule(`2\r\n${data}`)).toBe('chunk-end')
  })

  it('data may look like framing', () => {
    expect(body(`7\r\n\r\n0\r\n\r\n${END}`)).toBe('\r\n0\r\n\r\n')
  })
})

describe('chunk extensions', () => {
  it.for([
    ';a',
    ';a=b',
    ';a;b=c;d="e"',
    ' ; a = b ; c',
    '\t;\ta\t=\t"b"\t;c ',
    ';a="; \\" \\\\ \xff\t"',
    ';a=""',
    ';a ',
    ';a=b ',
  ])('%j: accept', (extension) => {
    expect(body(`2${extension}\r\nhi\r\n0${extension}\r\n\r\n`)).toBe('hi')
  })

  it.for([
    ';',
    '; ',
    ';a;',
    ';;a',
    ';a=',
    ';a= ',
    ';=b',
    ';a=b c',
    ';a b',
    ';a="b',
    ';a="b\\"',
    ';a="b"c',
    ';a="b\\',
    ';"a"',
    ';a=b=c',
    ';a="\x01"',
    ';a="\\\0"',
    ';a\0',
    ';(a)',
    ';a\rb',
  ])('%j: reject', (extension) => {
    expect(rule(`2${extension}\r\nhi${END}`)).toBe('chunk-extension')
  })

  it('a quoted value does not reach over a line end', () => {
    expect(rule(`2;a="\r\n"\r\nhi${END}`)).toBe('chunk-extension')
    expect(rule(`2;a="\n"\r\nhi${END}`)).toBe('chunk-extension')
  })

  it('are bounded each', () => {
    const options = { splits: [100, 2000, 4000] }
    const most = `;${'a'.repeat(LIMITS.maxChunkExtension - 1)}`
    expect(body(`2${most}\r\nhi${END}`, options)).toBe('hi')
    expect(rule(`2${most}a\r\nhi${END}`, options)).toBe('maxChunkExtension')
    expect(rule(`2${' '.repeat(LIMITS.maxChunkExtension + 1)}\r\nhi${END}`, options)).toBe(
      'maxChunkExtension',
    )
  })

  it('are bounded in all, each body anew', () => {
    const options = { splits: [100, 20_000] }
    const most = '1;a=bcdef\r\nx\r\n'.repeat(LIMITS.maxChunkExtensions / 8)
    expect(body(`${most}0\r\n\r\n`, options)).toHaveLength(LIMITS.maxChunkExtensions / 8)
    expect(rule(`${most}0;a\r\n\r\n`, options)).toBe('maxChunkExtensions')
    const twice = `${HEAD}${most}0\r\n\r\n`.repeat(2)
    expect(decodeCase(twice, { ...options, methods: ['GET', 'GET'] }).answers).toHaveLength(2)
  })
})

describe('strict', () => {
  const strict = { mode: 'strict' } as const

  it.for([
    ['RFC 9112 7.1.1: BWS stands before ";" only', `2 \r\nhi${END}`, 'chunk-extension'],
    ['RFC 9112 7.1.1: BWS after an extension', `2;a \r\nhi${END}`, 'chunk-extension'],
    ['RFC 9112 7.1.1: BWS after a value', `2;a=b\t\r\nhi${END}`, 'chunk-extension'],
    ['RFC 9112 2.2: bare LF after a size', `2\nhi${END}`, 'bare-lf'],
    ['RFC 9112 7.1: bare LF after data', `2\r\nhi\n0\r\n\r\n`, 'chunk-end'],
    ['RFC 9112 2.2: bare LF in the trailers', `2\r\nhi\r\n0\r\nA: 1\n\r\n`, 'bare-lf'],
    ['RFC 9112 2.2: bare LF at the end', `2\r\nhi\r\n0\r\n\n`, 'bare-lf'],
  ] as const)('rejects by %s', ([, chunks, wanted]) => {
    expect(rule(chunks, strict)).toBe(wanted)
  })

  it('accepts what the grammar has', () => {
    expect(body(`2 ; a = b\t;c="d"\r\nhi\r\n000\r\nA: 1\r\n\r\n`, strict)).toBe('hi')
  })
})
