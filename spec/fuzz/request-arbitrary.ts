import fc from 'fast-check'

/** What a user passes, whatever the types say. */
export interface GivenRequest {
  readonly url: unknown
  readonly options: Record<string, unknown>
  /** For `jar.set`; null: none. */
  readonly cookie: { readonly name: unknown; readonly value: unknown } | null
}

/** Characters that end lines, look like it after a narrowing to Latin-1, or separate something. */
const SLY = [
  '\r',
  '\n',
  '\r\n',
  '\0',
  '\u010d',
  '\u010a',
  '\u{1f40a}',
  '\x7f',
  '\t',
  ' ',
  ':',
  ';',
  ',',
  '"',
  '%0d%0a',
  '%',
  '\\',
  '/',
  '#',
  '?',
  '@',
  '=',
  '&',
]
const slyText = fc
  .array(
    fc.oneof(
      fc.constantFrom(...SLY),
      fc.constantFrom('a', 'B', '7', '\xe9', 'X: y', 'Host: evil', ' HTTP/1.1'),
    ),
    { maxLength: 6 },
  )
  .map((parts) => parts.join(''))
const plainText = fc.string({ unit: fc.constantFrom(...Array.from('abcXYZ019-_.~ \xe9')), maxLength: 20 })
const text = fc.oneof({ arbitrary: plainText, weight: 10 }, { arbitrary: slyText, weight: 1 })
const token = fc.string({
  unit: fc.constantFrom(...Array.from("!#$%&'*+-.^_`|~09azAZ")),
  minLength: 1,
  maxLength: 12,
})

/** Says something harmless first, and later what breaks a line: the check must see what is written. */
class Changing {
  #asked = 0
  toString(): string {
    return this.#asked++ === 0 ? 'harmless' : 'x\r\nInjected: 1'
  }
  [Symbol.toPrimitive](): string {
    return this.toString()
  }
}

const CHANGING = new WeakSet()

/** An array whose element changes from one look to the next: 'a' at first. */
function changingArray(): unknown {
  let asked = 0
  const array = new Proxy(['a'], {
    get: (target, key, receiver): unknown =>
      key === '0' && asked++ > 0 ? 'x\r\nInjected: 1' : Reflect.get(target, key, receiver),
  })
  CHANGING.add(array)
  return array
}

/** What a value says when it is looked at for the first time. */
export function firstLook(value: unknown): unknown {
  return typeof value === 'object' && value !== null && CHANGING.has(value) ? ['a'] : value
}

const oddValue: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    undefined,
    true,
    Number.NaN,
    -0,
    1e21,
    10n,
    Symbol('x'),
    new Date(0),
    [],
    [[]],
    {},
    /x/,
    Infinity,
  ),
  slyText.map((value) => ({ toString: () => value })),
  slyText.map((value) => Object(value) as unknown),
  slyText.map((value) => [value, [value]]),
  slyText.map((value) => new Map([[value, value]])),
  fc.constant(null).map(() => new Changing()),
  fc.constant(null).map(() => [new Changing()]),
  fc.constant(null).map(changingArray),
  fc.uint8Array({ maxLength: 4 }),
)
const fieldValue: fc.Arbitrary<unknown> = fc.oneof(
  { arbitrary: text, weight: 20 },
  { arbitrary: fc.nat(), weight: 3 },
  { arbitrary: fc.array(fc.oneof(text, fc.nat()), { maxLength: 3 }), weight: 3 },
  { arbitrary: oddValue, weight: 1 },
)

const fieldName: fc.Arbitrary<unknown> = fc.oneof(
  { arbitrary: token, weight: 30 },
  {
    arbitrary: fc.constantFrom(
      'Cookie',
      'Accept',
      'user-agent',
      'Connection',
      'Expect',
      'Content-Type',
      'TE',
      'Upgrade',
      '__proto__',
      'constructor',
    ),
    weight: 3,
  },
  {
    arbitrary: fc.constantFrom(
      'Host',
      'hOST',
      'Content-Length',
      'content-length',
      'Transfer-Encoding',
      'TRANSFER-ENCODING',
    ),
    weight: 1,
  },
  { arbitrary: slyText, weight: 1 },
  { arbitrary: oddValue, weight: 1 },
)
const framingValue = fc.constantFrom<unknown>(
  'chunked',
  '5',
  5,
  '0',
  0,
  'gzip, chunked',
  'identity',
  '5, 5',
  ['5', '5'],
  '-1',
  '+5',
  'a.test',
  'evil',
)

export type Pair = [unknown, unknown]
const pairs: fc.Arbitrary<Pair[]> = fc.array(
  fc.tuple(
    fieldName,
    fc.oneof({ arbitrary: fieldValue, weight: 20 }, { arbitrary: framingValue, weight: 1 }),
  ),
  { maxLength: 5 },
)

function asRecord(list: readonly Pair[]): unknown {
  const record: Record<string, unknown> = {}
  // A name of any type becomes a string as a key, which may be one that no request takes.
  for (const [name, value] of list) {
    Object.defineProperty(record, typeof name === 'symbol' ? name : keyOf(name), {
      value,
      enumerable: true,
      configurable: true,
      writable: true,
    })
  }
  return record
}

function keyOf(name: unknown): string {
  try {
    return String(name)
  } catch {
    return 'no-text'
  }
}

/** Neither an array nor a Map, but as good. */
export class PairList {
  readonly pairs: readonly Pair[]

  constructor(list: readonly Pair[]) {
    this.pairs = list
  }

  *[Symbol.iterator](): Iterator<Pair> {
    yield* this.pairs
  }
}

const headers: fc.Arbitrary<unknown> = fc.oneof(
  { arbitrary: pairs, weight: 4 },
  { arbitrary: pairs.map(asRecord), weight: 4 },
  { arbitrary: pairs.map((list) => new Map(list)), weight: 1 },
  { arbitrary: pairs.map((list) => new PairList(list)), weight: 1 },
  { arbitrary: oddValue, weight: 1 },
)

const bytes = fc.uint8Array({ maxLength: 40 })
const formEntry = fc.record({ name: text, value: text, file: fc.boolean(), filename: text, type: text })
const form = fc.array(formEntry, { maxLength: 3 }).map((entries) => {
  const data = new FormData()
  for (const { name, value, file, filename, type } of entries) {
    if (file) data.append(name, new Blob([value], { type }), filename)
    else data.append(name, value)
  }
  return data
})

async function* inTurn(parts: readonly (string | Uint8Array)[]): AsyncIterable<string | Uint8Array> {
  yield* parts
}

const body: fc.Arbitrary<Record<string, unknown>> = fc.oneof(
  { arbitrary: fc.constant({}), weight: 4 },
  { arbitrary: fc.oneof(text, bytes, form).map((value) => ({ body: value })), weight: 3 },
  {
    arbitrary: fc
      .array(fc.oneof(text, bytes), { maxLength: 4 })
      .chain((parts) => fc.constantFrom({ body: parts }, { body: inTurn(parts), parts })),
    weight: 2,
  },
  {
    arbitrary: fc
      .array(fc.tuple(text, text), { maxLength: 3 })
      .map((list) => ({ body: new URLSearchParams(list) })),
    weight: 1,
  },
  {
    arbitrary: fc.tuple(bytes, text).map(([data, type]) => ({ body: new Blob([data], { type }) })),
    weight: 1,
  },
  { arbitrary: fc.jsonValue().map((value) => ({ json: value })), weight: 1 },
  { arbitrary: oddValue.map((value) => ({ body: value })), weight: 1 },
)

const method: fc.Arbitrary<unknown> = fc.oneof(
  {
    arbitrary: fc.constantFrom<unknown>(undefined, 'GET', 'POST', 'PUT', 'head', 'Patch', 'OPTIONS'),
    weight: 16,
  },
  { arbitrary: fc.oneof(token, fc.constantFrom('CONNECT', 'connect')), weight: 2 },
  { arbitrary: slyText, weight: 1 },
  { arbitrary: oddValue, weight: 1 },
)
const credentials: fc.Arbitrary<unknown> = fc.oneof(
  { arbitrary: fc.constant(undefined), weight: 8 },
  {
    arbitrary: fc.tuple(text, text).map(([username, password]) => ({ basic: { username, password } })),
    weight: 1,
  },
  { arbitrary: text.map((bearer) => ({ bearer })), weight: 1 },
)
const query: fc.Arbitrary<unknown> = fc.oneof(
  { arbitrary: fc.constant(undefined), weight: 4 },
  {
    arbitrary: fc.dictionary(
      text,
      fc.oneof(
        { arbitrary: fc.oneof(text, fc.nat(), fc.array(text, { maxLength: 2 })), weight: 12 },
        { arbitrary: oddValue, weight: 1 },
      ),
    ),
    weight: 1,
  },
  {
    arbitrary: fc.array(fc.tuple(text, text), { maxLength: 2 }).map((list) => new URLSearchParams(list)),
    weight: 1,
  },
)
const url: fc.Arbitrary<unknown> = fc.oneof(
  { arbitrary: text.map((path) => `http://a.test/${path}`), weight: 6 },
  { arbitrary: text.map((path) => `http://a.test${path}`), weight: 2 },
  { arbitrary: text.map((path) => new URL(`http://a.test/${encodeURI(path.toWellFormed())}`)), weight: 1 },
  { arbitrary: text.map((user) => `http://${user}@a.test/`), weight: 1 },
)
const cookie = fc.oneof(
  { arbitrary: fc.constant(null), weight: 5 },
  { arbitrary: fc.record({ name: fc.oneof(text, token), value: text }), weight: 1 },
)

export const givenRequest: fc.Arbitrary<GivenRequest> = fc
  .record({
    url,
    method,
    headers: fc.option(headers, { nil: undefined }),
    body,
    query,
    auth: credentials,
    cookie,
  })
  .map(({ url: to, cookie: one, body: sent, ...options }) => ({
    url: to,
    cookie: one,
    options: definedOnly({ ...options, ...sent }),
  }))

function definedOnly(options: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}
