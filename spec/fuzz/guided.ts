import { Random } from '../../lib/testing/random.ts'
import type { BlockCoverage } from './coverage.ts'

/** Pieces of the grammar that a byte-wise mutation would not find. */
const WORDS = [
  'HTTP/1.1 200 OK\r\n',
  'HTTP/1.0 304 x\r\n',
  'HTTP/1.1 103 \r\n\r\n',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'Transfer-Encoding: gzip, chunked\r\n',
  'Connection: close\r\n',
  'Connection: keep-alive\r\n',
  'Keep-Alive: timeout=1, max=2\r\n',
  'Content-Encoding: gzip\r\n',
  'Set-Cookie: a=b\r\n',
  '\r\n\r\n',
  '\r\n',
  '\n',
  '\r',
  ' \t',
  ': ',
  ':',
  '\0',
  '3\r\nabc\r\n',
  '0\r\n\r\n',
  ';a="b\\"c"',
  ' ; a = b',
  ', ',
  'fffffff',
  'chunked',
  'identity',
  '\r\n x',
  '999',
  'aaaaaaaaaaaaaaaaaaaaaaaa',
].map((word) => Buffer.from(word, 'latin1'))
const BYTES = [0, 9, 10, 13, 32, 34, 44, 48, 58, 59, 61, 92, 127, 255]
const LONGEST = 2_000
/** Inputs between two looks at the coverage: a look costs as much as some inputs. */
const BATCH = 128

export interface GuidedOptions {
  readonly seed: number
  readonly corpus: readonly Uint8Array[]
  readonly coverage: Pick<BlockCoverage, 'take'>
  /** Runs one input; what it throws is a finding. */
  readonly target: (input: Uint8Array) => void
}

/**
 * A coverage-guided loop: an input that enters a block of the code that none before it has entered is kept, and
 * mutated in its turn. A batch is looked at as one; only where it was new, its inputs are run again, one by one.
 */
export class GuidedFuzzer {
  readonly #random: Random
  readonly #coverage: Pick<BlockCoverage, 'take'>
  readonly #target: (input: Uint8Array) => void
  readonly #seen = new Set<string>()
  readonly corpus: Uint8Array[]
  executions = 0
  /** What the target is given just now. */
  current: Uint8Array = new Uint8Array(0)

  constructor({ seed, corpus, coverage, target }: GuidedOptions) {
    this.#random = new Random(seed)
    this.#coverage = coverage
    this.#target = target
    this.corpus = [...corpus]
  }

  /** Runs what it starts from. Throws what the target throws. */
  start(): void {
    for (const input of this.corpus) this.#run(input)
    for (const block of this.#coverage.take()) this.#seen.add(block)
  }

  /** One batch. Throws what the target throws. */
  step(): void {
    const inputs = Array.from({ length: BATCH }, () => this.#mutated(this.#pick()))
    for (const input of inputs) this.#run(input)
    const fresh = new Set([...this.#coverage.take()].filter((block) => !this.#seen.has(block)))
    for (const input of inputs) {
      if (fresh.size === 0) break
      this.#run(input)
      const own = [...this.#coverage.take()].filter((block) => fresh.delete(block))
      if (own.length > 0) this.corpus.push(input)
      for (const block of own) this.#seen.add(block)
    }
    // What only the batch as a whole enters, as code that is compiled anew, is nobody's.
    for (const block of fresh) this.#seen.add(block)
  }

  #run(input: Uint8Array): void {
    this.executions++
    this.current = input
    this.#target(input)
  }

  /** The newest ones more often: they are the least explored. */
  #pick(): Uint8Array {
    const { corpus } = this
    const index = this.#random.chance(0.5)
      ? this.#random.int(Math.max(0, corpus.length - 8), corpus.length - 1)
      : this.#random.int(0, corpus.length - 1)
    return corpus[index]!
  }

  #mutated(input: Uint8Array): Uint8Array {
    const list = [...input]
    const random = this.#random
    for (let times = 1 << random.int(0, 3); times > 0; times--) {
      const at = random.int(0, list.length)
      const kind = random.int(0, 6)
      if (kind === 0)
        list[Math.min(at, list.length - 1)] = random.chance(0.6)
          ? BYTES[random.int(0, BYTES.length - 1)]!
          : random.int(0, 255)
      else if (kind === 1) list.splice(at, random.int(1, 12))
      else if (kind === 2)
        list.splice(at, 0, ...list.slice(random.int(0, list.length), random.int(0, list.length)))
      else if (kind === 3) {
        const other = this.#pick()
        const start = random.int(0, other.length)
        list.splice(at, random.int(0, 40), ...other.subarray(start, start + random.int(1, 80)))
      } else list.splice(at, kind === 4 ? random.int(0, 8) : 0, ...WORDS[random.int(0, WORDS.length - 1)]!)
    }
    return new Uint8Array(list.slice(0, LONGEST))
  }
}
