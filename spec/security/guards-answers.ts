import { type Guard, guardsOf } from './guard.ts'

const SMUGGLING = 'security/smuggling'
const FLOODS = 'security/floods'
const DOUBT = 'an answer that ends who knows where'

/** What keeps an answer with its request. */
export const ANSWER_GUARDS: readonly Guard[] = [
  ...guardsOf('http1/framing.ts', [
    ['lengths that differ', 'else if (number !== length) {', 'else if (false) {', SMUGGLING, DOUBT],
    [
      'a length beside a coding',
      'const doubtful = facts.version < 11 || facts.contentLength !== null',
      'const doubtful = false',
      SMUGGLING,
      DOUBT,
    ],
    [
      'a length that is no number',
      "if (length === NO_NUMBER) return { kind: 'close', length: -1, keepAlive: false }\n  return",
      "if (length === NO_NUMBER) return { kind: 'none', length: 0, keepAlive: true }\n  return",
      SMUGGLING,
      DOUBT,
    ],
    [
      'chunked comes last',
      "if (last !== 'chunked') return",
      "if (!value.includes('chunked')) return",
      'http1/framing',
    ],
    ['chunked comes once', 'keepAlive: !doubtful && !twice &&', 'keepAlive: !doubtful &&', 'http1/framing'],
    [
      'a body that must not be',
      '(facts.status === 204 && (length > 0 || transferEncoding !== null))',
      'false',
      SMUGGLING,
      'a 204',
    ],
    [
      'lengths that can be counted',
      'if (length <= Number.MAX_SAFE_INTEGER) return length',
      'return length',
      'http1/framing',
    ],
  ]),
  ...guardsOf('http1/head-reader.ts', [
    [
      'framing fields with a blank',
      "name === 'content-length' || name === 'transfer-encoding'",
      'false',
      'http1/response-head',
      'field lines',
    ],
    ['NUL in a line', "if (line.includes('\\0')) throw nulByte(text, start, lf)", '', 'http1/response-head'],
    ['NUL in a field', 'if (nul < lf) throw nulByte(text, at, lf)', '', 'http1/response-head'],
    [
      'CR in a field',
      'if (cr !== lf - 1 && cr !== -1 && cr < lf) throw bareCr(text, at, lf)',
      '',
      'http1/response-head',
    ],
    [
      'names that are no tokens',
      'if (colon !== -1 && (i !== colon || end === 0)) {',
      'if (false) {',
      'http1/response-head',
    ],
    ['a head of any size', 'if (size <= this.#limit) return\n', 'return\n', FLOODS, 'request'],
    [
      'fields of any number',
      'if (++this.#count > LIMITS.maxHeaderFields) {',
      'if (false) {',
      FLOODS,
      'request',
    ],
  ]),
  ...guardsOf('http1/chunked.ts', [
    [
      'a chunk size without a digit',
      "if (this.#digits === 0) throw sizeError('is no hexadecimal number')",
      '',
      'http1/chunked',
    ],
    [
      'digits of any number',
      '++this.#digits > MAX_SIZE_DIGITS || this.#left > Number.MAX_SAFE_INTEGER',
      'false',
      FLOODS,
      'digits of a chunk size',
    ],
    ['the end of a chunk', 'if (byte !== LF || (bare && this.#strict)) {', 'if (false) {', 'http1/chunked'],
    [
      'extensions that are not whole',
      "if (part === 'before-name' || part === 'before-value' || part === 'quoted' || part === 'escaped') {",
      'if (false) {',
      'http1/chunked',
    ],
    [
      'an extension of any size',
      'if (++this.#extension > LIMITS.maxChunkExtension)',
      'if (false)',
      FLOODS,
      'extension',
    ],
    [
      'extensions of any number',
      'if (this.#extensions > LIMITS.maxChunkExtensions)',
      'if (false)',
      FLOODS,
      'extensions without end',
    ],
  ]),
  ...guardsOf('http1/response-decoder.ts', [
    [
      'interim answers of any number',
      'if (++this.#informational > LIMITS.maxInformational) {',
      'if (false) {',
      FLOODS,
      'interim answers',
    ],
    [
      'empty lines of any number',
      'if (++this.#skipped > this.#maxHeadSize) {',
      'if (false) {',
      FLOODS,
      'empty lines',
    ],
    [
      'trailers of any size',
      "this.#reader.start('trailers', LIMITS.maxTrailerSize)",
      "this.#reader.start('trailers', Infinity)",
      FLOODS,
      'a trailer without end',
    ],
    ['a 101', 'if (status === 101) {', 'if (false) {', SMUGGLING, 'a 101'],
    [
      'the end of a connection',
      'if (!this.#keepAlive) this.#closed = true',
      '',
      'http1/response-decoder',
      'one connection',
    ],
  ]),
  ...guardsOf('scheduler/connection.ts', [
    ['bytes that answer nothing', 'if (!answers) {', 'if (false) {', 'scheduler/idle'],
    ['a timer of a connection that has gone', '    this.#deadline.remove()\n', '', 'security/state'],
  ]),
  ...guardsOf('call/response/whole-answer.ts', [
    ['a body of any size', 'if (body.size > maxBodySize) {', 'if (false) {', FLOODS, 'without end'],
  ]),
  ...guardsOf('call/response/stream-response.ts', [
    [
      'a stream of any size',
      'if (this.bytesDecoded > this.#limits.maxBodySize) {',
      'if (false) {',
      'call/response/stream-response',
    ],
  ]),
  ...guardsOf('call/coding/decode-limits.ts', [
    [
      'the ratio of a body',
      'return Math.max(LIMITS.decodeRatioFloor, Math.floor(limits.maxDecodeRatio * wire))',
      'return Infinity',
      FLOODS,
      'gzip, by request',
    ],
    [
      'members of any number',
      'if (units <= LIMITS.maxCodedUnits + coded / 256) return',
      'return',
      FLOODS,
      'members without end',
    ],
    [
      'what lies inside a coding',
      'return inner ? limits.maxBodySize * 2 + 1_024 : limits.maxBodySize',
      'return inner ? Infinity : limits.maxBodySize',
      'call/coding/content-coding',
    ],
  ]),
  ...guardsOf('call/coding/content-coding.ts', [
    [
      'codings of any number',
      'if (codings.length === LIMITS.maxContentCodings) {',
      'if (false) {',
      FLOODS,
      'more codings',
    ],
    [
      'the size of a stream',
      'if (size > mostDecoded(wire.received, limits, inner)) {',
      'if (false) {',
      FLOODS,
      'gzip, by request',
    ],
  ]),
]
