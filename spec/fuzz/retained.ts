import { execFileSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { ResponseDecoder } from '../../lib/http1/response-decoder.ts'
import { DEAF } from './flood.ts'

/**
 * What decoders hold of what they have read, measured in a process of its own: its heap is small, so that collecting it
 * takes no time and nothing else is in it.
 */

const DECODERS = 4

export interface Feed {
  /** What each decoder is given; none of it may be rejected. */
  readonly texts: readonly string[]
  /** Sizes of the pieces in which it is given. */
  readonly sizes: readonly number[]
  readonly maxHeadSize: number
}

/** Bytes of the heap that one decoder holds: for each text, one number for each size. */
export function retainedBy(feed: Feed): number[][] {
  const self = fileURLToPath(import.meta.url)
  const options = { input: JSON.stringify(feed), encoding: 'utf8' } as const
  return JSON.parse(
    execFileSync(process.execPath, ['--expose-gc', '--no-warnings', self], options),
  ) as number[][]
}

function heapUsed(): number {
  globalThis.gc!()
  globalThis.gc!()
  return process.memoryUsage().heapUsed
}

function measure(text: string, size: number, maxHeadSize: number): number {
  const bytes = Buffer.from(text, 'latin1')
  const decoders: ResponseDecoder[] = []
  const before = heapUsed()
  for (let i = 0; i < DECODERS; i++) {
    const decoder = new ResponseDecoder(DEAF, { mode: 'lenient', maxHeadSize })
    for (let at = 0; at < bytes.length; at += size) decoder.decode(bytes.subarray(at, at + size))
    decoders.push(decoder)
  }
  return (heapUsed() - before) / decoders.length
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  let input = ''
  for await (const chunk of process.stdin.setEncoding('utf8')) input += chunk
  const { texts, sizes, maxHeadSize } = JSON.parse(input) as Feed
  console.log(JSON.stringify(texts.map((text) => sizes.map((size) => measure(text, size, maxHeadSize)))))
}
