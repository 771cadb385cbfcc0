import { describe, expect, it } from 'vitest'
import { LimitError, ProtocolError } from '../../lib/core/errors.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { type ParserMode, ResponseDecoder } from '../../lib/http1/response-decoder.ts'
import { bytesOf } from './decoder-cases.ts'

function ignore(): void {}

/** What a user reads when this arrives. */
function messageOf(text: string, mode: ParserMode = 'lenient', cutAt = 0): string {
  const sink = {
    onStart: () => 'GET',
    onInformational: ignore,
    onHead: ignore,
    onBody: ignore,
    onEnd: ignore,
  }
  const decoder = new ResponseDecoder(sink, { mode, maxHeadSize: 200 })
  try {
    decoder.decode(bytesOf(text.slice(0, cutAt)))
    decoder.decode(bytesOf(text.slice(cutAt)))
  } catch (error) {
    if (error instanceof ProtocolError) return error.message.replace(` (rule ${error.rule})`, '')
    if (error instanceof LimitError) return error.message
    throw error
  }
  return 'accepted'
}

const OK = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${OK}Transfer-Encoding: chunked\r\n\r\n`

describe('a message says what is wrong and shows it', () => {
  it.for([
    ['a greeting', '220 ready\r\n', 'not a status line: "220 ready\\r"'],
    ['ICY', 'ICY 200 OK\r\n\r\n', 'not a status line: "ICY 200 OK\\r"'],
    ['another version', 'HTTP/2.0 200 OK\r\n\r\n', 'neither HTTP/1.0 nor HTTP/1.1: "HTTP/2.0 200 OK"'],
    ['no code', 'HTTP/1.1 OK\r\n\r\n', 'the status is not a number from 100 to 999: "HTTP/1.1 OK"'],
    ['no blank', 'HTTP/1.1200 OK\r\n\r\n', 'not a status line: "HTTP/1.1200 OK"'],
    ['a NUL', `${OK}A: b\0c\r\n\r\n`, 'a NUL in a head: "A: b\\u0000c\\r"'],
    ['a CR', `${OK}A: b\rc\r\n\r\n`, 'a CR that ends no line: "A: b\\rc\\r"'],
    ['a blank first line', `${OK} A: b\r\n\r\n`, 'a blank before the first field: " A: b"'],
    [
      'a blank first line that is folded',
      `${OK} A: b\r\n c\r\n\r\n`,
      'a blank before the first field: " A: b c"',
    ],
    ['no token', `${OK}A(: b\r\n\r\n`, 'a field name that is no token: "A(: b"'],
    ['no name', `${OK}: b\r\n\r\n`, 'a field name that is no token: ": b"'],
    [
      'a blank before the colon',
      `${OK}Content-Length : 5\r\n\r\n`,
      'a blank before the colon: "Content-Length : 5"',
    ],
    ['no colon', `${OK}Content-Length\r\n\r\n`, 'a field line without colon: "Content-Length"'],
    ['a switch', 'HTTP/1.1 101 S\r\n\r\n', 'a 101 answer to a request that asked for no upgrade'],
    [
      'two lengths',
      `${OK}Content-Length: 5\r\nContent-Length: 6\r\n\r\n`,
      'Content-Length says several things: "5, 6"',
    ],
    [
      'a length beyond counting',
      `${OK}Content-Length: 9007199254740992\r\n\r\n`,
      'Content-Length "9007199254740992" is larger than 2^53 - 1',
    ],
    [
      'parameters of chunked',
      `${OK}Transfer-Encoding: chunked;a=b\r\n\r\n`,
      'Transfer-Encoding "chunked;a=b" cannot be trusted: chunked takes no parameters',
    ],
    ['no chunk size', `${CHUNKED}x\r\n`, 'a chunk size is no hexadecimal number'],
    ['half a chunk size', `${CHUNKED}5x\r\n`, 'a chunk size is no hexadecimal number'],
    ['a chunk beyond counting', `${CHUNKED}20000000000000\r\n`, 'a chunk size is too large'],
    ['no line end', `${CHUNKED}1\r\nab`, 'a chunk is not followed by CR LF'],
    ['a lone CR', `${CHUNKED}1;a\rb`, "a chunk's line has a CR that ends no line"],
    ['half an extension', `${CHUNKED}1;\r\n`, "a chunk's line has an extension that is not whole"],
    ['a nameless extension', `${CHUNKED}1;=b\r\n`, "a chunk's line has an extension without a name"],
    ['an odd extension', `${CHUNKED}1;a(\r\n`, "a chunk's line has an extension name that is no token"],
    ['an empty extension', `${CHUNKED}1;a=;b\r\n`, "a chunk's line has an extension without a value"],
    ['an odd value', `${CHUNKED}1;a=b(\r\n`, "a chunk's line has an extension value that is no token"],
    ['a quoted LF', `${CHUNKED}1;a="\x01"\r\n`, "a chunk's line has a control character in a quoted value"],
    [
      'an escaped LF',
      `${CHUNKED}1;a="\\\x01"\r\n`,
      "a chunk's line has a control character in a quoted value",
    ],
  ] as const)('%s', ([, text, message]) => {
    expect(messageOf(text)).toBe(message)
  })

  it.for([
    ['a bare LF', 'HTTP/1.1 200 OK\nA: b\r\n\r\n', 'a line ends with LF instead of CR LF'],
    ['several blanks', 'HTTP/1.1  200 OK\r\n\r\n', 'not a status line: "HTTP/1.1  200 OK"'],
    ['no reason, no blank', 'HTTP/1.1 200\r\n\r\n', 'not a status line: "HTTP/1.1 200"'],
    ['a fold', `${OK}A: b\r\n c\r\n\r\n`, 'a folded field line: "A: b\\r\\n c"'],
    ['a control character', `${OK}A: \x01\r\n\r\n`, 'a control character in a field value: "A: \\u0001"'],
    ['no colon', `${OK}abc\r\n\r\n`, 'a field line without colon: "abc"'],
    ['a length twice', `${OK}Content-Length: 5, 5\r\n\r\n`, 'Content-Length "5, 5" is not one number'],
    [
      'HTTP/1.0 with codings',
      'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n',
      'Transfer-Encoding "chunked" cannot be trusted: HTTP/1.0 has none',
    ],
    [
      'a length beside codings',
      `${OK}Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n`,
      'Transfer-Encoding "chunked" cannot be trusted: there is a Content-Length too',
    ],
    [
      'chunked twice',
      `${OK}Transfer-Encoding: chunked, chunked\r\n\r\n`,
      'Transfer-Encoding "chunked, chunked" cannot be trusted: chunked stands there twice',
    ],
    ['a bare LF after a size', `${CHUNKED}1\na`, 'a chunk line ends with LF instead of CR LF'],
    ['a blank after a size', `${CHUNKED}1 \r\n`, "a chunk's line has a blank at the end of the line"],
  ] as const)('strict: %s', ([, text, message]) => {
    expect(messageOf(text, 'strict')).toBe(message)
  })
})

describe('a message names the limit that was passed', () => {
  it.for([
    ['a head', `${OK}A: ${'b'.repeat(200)}\r\n\r\n`, 'the response head is too large'],
    ['empty lines', '\r\n'.repeat(101), 'too many empty lines before a response'],
    ['1xx', 'HTTP/1.1 102 P\r\n\r\n'.repeat(LIMITS.maxInformational + 1), 'too many 1xx answers'],
    [
      'trailers',
      `${CHUNKED}0\r\nA: ${'b'.repeat(LIMITS.maxTrailerSize)}\r\n\r\n`,
      'the trailer section is too large',
    ],
    [
      'trailer fields',
      `${CHUNKED}0\r\n${'A:\r\n'.repeat(LIMITS.maxHeaderFields + 1)}\r\n`,
      'too many fields in the trailer section',
    ],
    [
      'an extension',
      `${CHUNKED}1;${'a'.repeat(LIMITS.maxChunkExtension)}\r\n`,
      'chunk extensions are too long',
    ],
  ] as const)('%s', ([, text, message]) => {
    expect(messageOf(text)).toContain(message)
  })
})
