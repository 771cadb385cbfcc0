import type { ParserMode } from '../../lib/http1/grammar.ts'

/** What one connection's decoder is given. Any bytes unpack to one, so that a fuzzer can mutate all of it. */
export interface WireInput {
  readonly mode: ParserMode
  readonly maxHeadSize: number
  /** Of the requests in flight, at most four. */
  readonly methods: readonly string[]
  readonly wire: Uint8Array
}

const METHODS = ['GET', 'HEAD', 'CONNECT', 'POST']
const HEAD_SIZES = [65_536, 150, 1_024, 400]
const HEADER = 3

export function pack({ mode, maxHeadSize, methods, wire }: WireInput): Uint8Array {
  const bytes = new Uint8Array(HEADER + wire.length)
  bytes[0] = (mode === 'strict' ? 1 : 0) | (Math.max(0, HEAD_SIZES.indexOf(maxHeadSize)) << 1)
  bytes[1] = methods.length
  methods.forEach((method, i) => {
    bytes[2]! |= METHODS.indexOf(method) << (2 * i)
  })
  bytes.set(wire, HEADER)
  return bytes
}

export function unpack(bytes: Uint8Array): WireInput {
  const [options = 0, count = 0, methods = 0] = bytes
  return {
    mode: (options & 1) === 1 ? 'strict' : 'lenient',
    maxHeadSize: HEAD_SIZES[(options >> 1) & 3]!,
    methods: Array.from({ length: Math.min(count & 7, 4) }, (_, i) => METHODS[(methods >> (2 * i)) & 3]!),
    wire: bytes.subarray(HEADER),
  }
}

export const METHOD_CHOICES: readonly string[] = METHODS
export const HEAD_SIZE_CHOICES: readonly number[] = HEAD_SIZES
