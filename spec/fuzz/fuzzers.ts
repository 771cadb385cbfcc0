import fc from 'fast-check'
import { codedBody, type CodedBody } from './coding-arbitrary.ts'
import { checkCoding } from './coding-oracle.ts'
import { checkDecoder, checkPacked } from './decoder-oracle.ts'
import { compareWithNode, type SingleAnswer } from './differential-oracle.ts'
import { readable } from './finding.ts'
import { givenRequest } from './request-arbitrary.ts'
import { checkRequest } from './request-oracle.ts'
import { singleAnswer, wireInput } from './response-arbitrary.ts'
import { checkSound, soundConnection } from './sound-answers.ts'
import { pack, unpack } from './wire-input.ts'

/** Is told of each case, and what came of it. */
export interface Watch {
  /** `bytes` replay the case; none where its seed does. */
  readonly before: (bytes: Uint8Array) => void
  readonly after: (outcome: string) => void
}

/** One way to look for faults. Its cases are fast-check's; what fails is shrunk by it, or replayed. */
export interface Fuzzer {
  readonly name: string
  readonly what: string
  /** Runs cases. They throw a Finding, or what should not have been thrown. */
  readonly property: (watch: Watch) => fc.IAsyncPropertyWithHooks<[unknown]>
  /** The case as bytes, and as text; null where a case has no bytes and is replayed by its seed and path. */
  readonly describe: (value: never) => { bytes: Uint8Array; text: string } | null
  /** Runs a case given as bytes. */
  readonly replay: ((bytes: Uint8Array) => Promise<unknown>) | null
}

function fuzzer<T>(
  name: string,
  what: string,
  cases: fc.Arbitrary<T>,
  check: (value: T) => string | Promise<string>,
  bytes: { to: (value: T) => Uint8Array; text: (value: T) => string; from: (bytes: Uint8Array) => T } | null,
): Fuzzer {
  return {
    name,
    what,
    property: (watch) =>
      fc.asyncProperty(cases, async (value) => {
        watch.before(bytes?.to(value) ?? Buffer.from(name))
        watch.after(await check(value))
      }),
    describe: (value: T) => (bytes === null ? null : { bytes: bytes.to(value), text: bytes.text(value) }),
    replay: bytes === null ? null : async (given) => check(bytes.from(given)),
  }
}

const METHODS = ['GET', 'HEAD', 'POST']

const comparing = (name: string, insecure: boolean): Fuzzer =>
  fuzzer<SingleAnswer>(
    name,
    `one answer against node:http${insecure ? ' with insecureHTTPParser' : ''}`,
    singleAnswer,
    (single) => compareWithNode(single, insecure),
    {
      to: ({ method, wire }) => Buffer.concat([Buffer.from([METHODS.indexOf(method)]), wire]),
      text: ({ method, wire }) => `${method} ${readable(wire)}`,
      from: (given) => ({ method: METHODS[given[0]! % 3]!, wire: given.subarray(1) }),
    },
  )

export const FUZZERS: readonly Fuzzer[] = [
  fuzzer(
    'decoder',
    'nearly valid connections, any split',
    wireInput,
    (input) => {
      const { error, end } = checkDecoder(input)
      return error || end
    },
    {
      to: pack,
      text: (input) =>
        `${input.mode}, ${input.methods.join(' ')}, heads up to ${input.maxHeadSize}: ${readable(input.wire)}`,
      from: unpack,
    },
  ),
  fuzzer('sound', 'valid connections, what the server meant', soundConnection, checkSound, null),
  comparing('node', false),
  fuzzer<CodedBody>('coding', 'coded bodies, whole and in steps', codedBody, checkCoding, {
    to: (body) =>
      Buffer.from(JSON.stringify({ ...body, content: base64(body.content), wire: base64(body.wire) })),
    text: ({ codings, damage, wire }) => `${codings.join(', ')} (${damage}): ${readable(wire, 300)}`,
    from: (given) => {
      const body = JSON.parse(Buffer.from(given).toString()) as CodedBody & { content: string; wire: string }
      return {
        ...body,
        content: Buffer.from(body.content, 'base64'),
        wire: Buffer.from(body.wire, 'base64'),
        // JSON has no Infinity.
        maxBodySize: body.maxBodySize ?? Infinity,
        maxDecodeRatio: body.maxDecodeRatio ?? Infinity,
      }
    },
  }),
  fuzzer('request', 'what users pass, and what goes out', givenRequest, checkRequest, null),
]

/** Not run by itself: what llhttp lets through besides says more about llhttp than about us. */
export const INSECURE: Fuzzer = comparing('insecure', true)

/** The coverage-guided loop has its own cases: bytes. */
export const GUIDED = {
  name: 'guided',
  what: 'bytes, mutated where they reach new code',
  replay: (bytes: Uint8Array): unknown => checkPacked(bytes),
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('base64')
}
