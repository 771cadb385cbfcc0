import fc from 'fast-check'
import { HEAD_SIZE_CHOICES, METHOD_CHOICES, type WireInput } from './wire-input.ts'

/** Answers that are nearly right, out of the grammar's parts. All texts are Latin-1, a character a byte. */

type Text = fc.Arbitrary<string>

const pick = (...texts: string[]): Text => fc.constantFrom(...texts)
/** `usual` mostly, else one of `odd`. */
const mostly = (usual: Text, odd: Text, weight = 20): Text =>
  fc.oneof({ arbitrary: usual, weight }, { arbitrary: odd, weight: 1 })
const joined = (...parts: Text[]): Text => fc.tuple(...parts).map((texts) => texts.join(''))
const several = (part: Text, maxLength: number): Text =>
  fc.array(part, { maxLength }).map((texts) => texts.join(''))

const lineEnd = mostly(pick('\r\n'), pick('\n', '\r', '\r\r\n', '\n\r'), 90)
const blanks = pick('', ' ', ' ', ' ', '\t', '  ', ' \t ')
const noise = fc.uint8Array({ maxLength: 12 }).map((bytes) => Buffer.from(bytes).toString('latin1'))

/** The same word in any case: framing fields have no case (RFC 9110 section 5.1). */
const anyCase = (...words: string[]): Text =>
  fc
    .tuple(pick(...words), fc.nat({ max: 2 ** 20 }), fc.nat({ max: 3 }))
    .map(([word, bits, how]) =>
      how > 0
        ? word
        : Array.from(word, (c, i) => ((bits >> (i % 20)) & 1 ? c.toUpperCase() : c.toLowerCase())).join(''),
    )

const version = mostly(
  pick('HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'),
  pick(
    'HTTP/1.2',
    'HTTP/0.9',
    'HTTP/2.0',
    'http/1.1',
    'HTTP/1.10',
    'HTTP/1.',
    'HTTP/1',
    'HTTP/11',
    'ICY',
    'HTTP /1.1',
    'HTTP',
  ),
  50,
)
const status = fc.oneof(
  { arbitrary: pick('200', '200', '206', '204', '304', '404', '299', '500', '999'), weight: 30 },
  { arbitrary: fc.integer({ min: 200, max: 999 }).map(String), weight: 6 },
  { arbitrary: pick('099', '000', '1000', '20', '2x0', '+20', '', '101', '100', '2 00', '-20'), weight: 1 },
)
const reason = pick(
  ' OK',
  ' OK',
  '',
  ' ',
  ' Not Found',
  '  two  blanks ',
  ' \xe9\xff',
  ' a\tb',
  ' 200',
  'x',
  ' \x7f',
)
const statusLine = joined(
  version,
  mostly(pick(' '), pick('  ', '\t', '', ' \t'), 50),
  status,
  reason,
  lineEnd,
)

const length = fc.oneof(
  { arbitrary: fc.nat({ max: 12 }).map(String), weight: 8 },
  {
    arbitrary: pick(
      '05',
      '5, 5',
      '5,5',
      '5,6',
      '+5',
      '-1',
      '5a',
      '',
      ',',
      '5,',
      ',5',
      '0x5',
      '5;',
      '1e1',
      '5 5',
      '5.0',
    ),
    weight: 4,
  },
  {
    arbitrary: pick(
      '9007199254740991',
      '9007199254740992',
      '18446744073709551621',
      '99999999999999999999999',
      '4294967301',
    ),
    weight: 1,
  },
)
const coding = fc.oneof(
  { arbitrary: anyCase('chunked'), weight: 8 },
  {
    arbitrary: pick(
      'gzip, chunked',
      'chunked, gzip',
      'identity',
      'gzip',
      'chunked, chunked',
      'chunked;q=1',
      'chunked ;a',
      'xchunked',
      'chunkedx',
      '',
      ',',
      'chunked,',
      ', chunked',
      'chunked\t',
      '"chunked"',
      'identity, chunked',
      'chunked\x0b',
      'deflate,chunked',
    ),
    weight: 5,
  },
)
const connection = pick(
  'close',
  'keep-alive',
  'Close',
  'keep-alive, close',
  'upgrade',
  '',
  'close,',
  'x, keep-alive',
  'closed',
)
const keepAlive = pick(
  'timeout=5, max=2',
  'timeout=5',
  'max=0',
  'timeout=-1',
  'timeout=x',
  'timeout="5"',
  'max=99999999999999',
)
const contentCoding = pick('gzip', 'identity', 'gzip, br', 'x-gzip', '', 'a,b,c,d')
const token = fc.string({
  unit: fc.constantFrom(...Array.from("!#$%&'*+-.^_`|~09azAZ")),
  minLength: 1,
  maxLength: 18,
})
const valueText = fc.string({
  unit: fc.constantFrom(...Array.from(' \t!"(),/:;<=>?@[]{}aZ09\x80\xe9\xff')),
  maxLength: 30,
})

const framingField = fc.oneof(
  fc.tuple(anyCase('Content-Length'), length),
  fc.tuple(anyCase('Transfer-Encoding'), coding),
  fc.tuple(anyCase('Connection'), connection),
)
const steeringField = fc.oneof(
  { arbitrary: framingField, weight: 3 },
  { arbitrary: fc.tuple(anyCase('Keep-Alive'), keepAlive), weight: 1 },
  { arbitrary: fc.tuple(anyCase('Content-Encoding'), contentCoding), weight: 1 },
  {
    arbitrary: fc.tuple(pick('Set-Cookie', '__proto__', 'Upgrade', 'Trailer', 'Proxy-Connection'), valueText),
    weight: 1,
  },
)
const plainField = fc.tuple(
  mostly(token, pick('X', 'content-lengthx', 'content_length', 'ontent-length')),
  valueText,
)
/** Name, what stands between name and value, value, folds. */
const fieldLine = fc
  .tuple(
    fc.oneof({ arbitrary: plainField, weight: 3 }, { arbitrary: steeringField, weight: 2 }),
    mostly(
      pick(': '),
      joined(mostly(pick(''), pick(' ', '\t', '\r', '\0', '\n ')), pick(':', ':', ':', '', ' '), blanks),
      12,
    ),
    blanks,
    mostly(
      pick(''),
      several(joined(lineEnd, pick(' ', '\t', '  '), fc.oneof(valueText, length, coding, blanks)), 3),
      12,
    ),
    lineEnd,
  )
  .map(([[name, value], colon, after, folds, end]) => `${name}${colon}${value}${after}${folds}${end}`)
const badLine = joined(
  pick(
    'no colon here',
    ': no name',
    'bad name: x',
    'na\0me: x',
    'x: a\0b',
    'x: a\rb',
    ' leading: blank',
    '\t',
    'x\x80: y',
    'x: \x01\x7f',
    '"q": 1',
    '',
  ),
  lineEnd,
)
const fieldLines = several(mostly(fieldLine, badLine, 40), 5)

const data = fc.oneof(
  {
    arbitrary: fc.string({
      unit: fc.constantFrom('a', 'b', '0', '5', '\r', '\n', ';', ':', '\0', '\xff'),
      maxLength: 20,
    }),
    weight: 4,
  },
  { arbitrary: noise, weight: 1 },
  { arbitrary: pick('HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nx', '0\r\n\r\n'), weight: 1 },
)
const hex = (size: number): string => size.toString(16)

/** A body whose Content-Length is right, too short or too long by a few. */
const lengthBody = fc
  .tuple(data, mostly(pick('0'), pick('-1', '1', '-3', '7')), anyCase('Content-Length'), lineEnd)
  .map(([body, off, name, end]) => ({
    field: `${name}: ${Math.max(0, body.length + Number(off))}${end}`,
    body,
  }))

const chunkSize = fc.tuple(
  mostly(
    pick(''),
    pick('+', '-', '0x', ' ', 'fffffffffffffff', '8000000000000000', '000000000000000000', 'g', '\t'),
  ),
  mostly(pick('0'), pick('1', '-1', '16')),
)
const extension = mostly(
  pick(''),
  pick(
    ';a',
    ';a=b',
    ';a="x;\\"y"',
    ' ; a = b',
    ';',
    ';=',
    ';a=',
    ';a="',
    ';a="b"c',
    ' ',
    '\t',
    ' x',
    ';a;b;c=d',
    ';a="\r\n"',
    ';\0',
    `;${'e'.repeat(300)}`,
  ),
  3,
)
const chunk = fc
  .tuple(data, chunkSize, extension, lineEnd, mostly(lineEnd, pick('', 'x', 'xx'), 50), fc.boolean())
  .map(([body, [prefix, off], ext, end, after, upper]) => {
    if (body === '') return ''
    const size = hex(Math.max(0, body.length + Number(off)))
    return `${prefix}${upper ? size.toUpperCase() : size}${ext}${end}${body}${after}`
  })
const lastChunk = joined(
  pick('0', '0', '0', '000', '', '00000000000000000'),
  extension,
  lineEnd,
  several(fieldLine, 2),
  mostly(lineEnd, pick('', 'x')),
)
const chunkedBody = fc
  .tuple(
    several(chunk, 4),
    lastChunk,
    anyCase('Transfer-Encoding'),
    coding,
    several(joined(anyCase('Content-Length'), pick(': 5\r\n')), 1),
  )
  .map(([chunks, last, name, value, both]) => ({
    field: `${name}: ${value}\r\n${both}`,
    body: chunks + last,
  }))
const openBody = data.map((body) => ({ field: '', body }))
const strayBody = fc
  .tuple(several(fieldLine, 3), fc.oneof(data, several(chunk, 2)))
  .map(([field, body]) => ({ field, body }))

const interim = joined(
  mostly(
    pick('HTTP/1.1 100 Continue', 'HTTP/1.1 103 Early Hints', 'HTTP/1.1 199', 'HTTP/1.0 102 x'),
    pick('HTTP/1.1 101 Up'),
  ),
  lineEnd,
  several(fieldLine, 2),
  lineEnd,
)
const answer = fc
  .tuple(
    mostly(pick(''), several(interim, 3), 6),
    statusLine,
    fieldLines,
    fc.oneof(
      { arbitrary: lengthBody, weight: 5 },
      { arbitrary: chunkedBody, weight: 5 },
      { arbitrary: openBody, weight: 2 },
      { arbitrary: strayBody, weight: 2 },
    ),
    mostly(pick('\r\n'), pick('\n', '\r', '', '\n\r\n', ' \r\n'), 40),
  )
  .map(([before, line, fields, { field, body }, empty]) => `${before}${line}${fields}${field}${empty}${body}`)

const connectionText = joined(
  mostly(pick(''), several(pick('\r\n', '\n', '\r'), 3), 10),
  fc.array(answer, { minLength: 1, maxLength: 4 }).map((texts) => texts.join('')),
  mostly(pick(''), fc.oneof(noise, pick('HTTP/1.1 2', '\r\n', 'x')), 3),
)

interface Mutation {
  readonly kind: 'flip' | 'insert' | 'remove' | 'repeat' | 'cut' | 'swap'
  readonly at: number
  readonly to: number
  readonly byte: number
}

/** Evenly spread: fast-check likes 0 otherwise. */
const fraction = fc.noBias(fc.nat({ max: 99_999 })).map((n) => n / 100_000)
const mutation: fc.Arbitrary<Mutation> = fc.record({
  kind: fc.constantFrom('flip', 'insert', 'remove', 'repeat', 'cut', 'swap'),
  at: fraction,
  to: fraction,
  byte: fc.oneof(fc.constantFrom(0, 9, 10, 13, 32, 34, 44, 48, 58, 59), fc.nat({ max: 255 })),
})

function mutated(wire: Uint8Array, mutations: readonly Mutation[]): Uint8Array {
  const list = [...wire]
  for (const { kind, at, to, byte } of mutations) {
    const i = Math.floor(at * list.length)
    const j = Math.floor(to * list.length)
    if (kind === 'flip') list[i] = byte
    else if (kind === 'insert') list.splice(i, 0, byte)
    else if (kind === 'remove') list.splice(i, 1 + (j % 8))
    else if (kind === 'repeat') list.splice(j, 0, ...list.slice(i, i + 1 + (byte % 40)))
    else if (kind === 'cut') list.length = Math.max(i, list.length >> 1)
    else list.splice(j, 8, ...list.slice(i, i + 8))
  }
  return new Uint8Array(list)
}

const wire = fc
  .tuple(
    connectionText,
    fc.oneof(
      { arbitrary: fc.constant([]), weight: 2 },
      { arbitrary: fc.array(mutation, { maxLength: 3 }), weight: 1 },
    ),
  )
  .map(([text, mutations]) => mutated(Buffer.from(text, 'latin1'), mutations))

/** A connection's bytes, nearly right, and the requests they answer. */
export const wireInput: fc.Arbitrary<WireInput> = fc.record({
  mode: fc.constantFrom('lenient', 'lenient', 'strict'),
  maxHeadSize: fc.constantFrom(...HEAD_SIZE_CHOICES),
  methods: fc.array(fc.constantFrom('GET', 'GET', 'GET', 'GET', 'GET', ...METHOD_CHOICES), {
    minLength: 1,
    maxLength: 4,
    size: 'max',
  }),
  wire,
})

/** The same for one answer to one request, as a peer is given. */
export const singleAnswer: fc.Arbitrary<{ method: string; wire: Uint8Array }> = fc.record({
  method: fc.constantFrom('GET', 'GET', 'GET', 'HEAD', 'POST'),
  wire: fc.oneof(
    {
      arbitrary: fc
        .tuple(answer, mostly(pick(''), noise, 6))
        .map(([text, rest]) => Buffer.from(text + rest, 'latin1')),
      weight: 3,
    },
    {
      arbitrary: fc
        .tuple(answer, fc.array(mutation, { minLength: 1, maxLength: 2 }))
        .map(([text, mutations]) => mutated(Buffer.from(text, 'latin1'), mutations)),
      weight: 1,
    },
  ),
})
