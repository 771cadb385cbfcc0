import v8 from 'node:v8'
import vm from 'node:vm'
import { ResponseDecoder } from '../../lib/http1/response-decoder.ts'

const SINK = {
  onStart: (): string => 'GET',
  onInformational: (): void => {},
  onHead: (): void => {},
  onBody: (): void => {},
  onEnd: (): void => {},
}
const DECODERS = 16

let collect: (() => void) | null = null

function heapUsed(): number {
  if (collect === null) {
    v8.setFlagsFromString('--expose-gc')
    collect = vm.runInNewContext('gc') as () => void
  }
  collect()
  return process.memoryUsage().heapUsed
}

/**
 * Bytes of the heap that one decoder holds once it has read `text`, which it must not reject, in pieces of each
 * of `sizes`.
 */
export function retainedBy(text: string, sizes: readonly number[], maxHeadSize: number): number[] {
  const bytes = Buffer.from(text, 'latin1')
  const decoders: ResponseDecoder[] = []
  let before = heapUsed()
  return sizes.map((size) => {
    for (let i = 0; i < DECODERS; i++) {
      const decoder = new ResponseDecoder(SINK, { mode: 'lenient', maxHeadSize })
      for (let at = 0; at < bytes.length; at += size) decoder.decode(bytes.subarray(at, at + size))
      decoders.push(decoder)
    }
    const grown = heapUsed() - before
    before += grown
    return grown / DECODERS
  })
}

export interface Flood {
  /** The rule or limit that ended it; '' for none. */
  readonly error: string
  /** Bytes read until then. */
  readonly read: number
}

/** Sends `start`, then `part` over and over, in `size` pieces, until the decoder has enough or `most` bytes were sent. */
export function flood(start: string, part: string, size: number, maxHeadSize: number, most: number): Flood {
  const decoder = new ResponseDecoder(SINK, { mode: 'lenient', maxHeadSize })
  const whole = Buffer.from(start + part.repeat(Math.ceil(most / part.length)), 'latin1')
  let read = 0
  try {
    for (; read < most && !decoder.closed; read += size) decoder.decode(whole.subarray(read, read + size))
  } catch (error) {
    const { rule, limit } = error as { rule?: string; limit?: string }
    return { error: rule ?? limit ?? String(error), read }
  }
  return { error: '', read }
}
