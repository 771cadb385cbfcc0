import { ResponseDecoder } from '../../lib/http1/response-decoder.ts'

/** Hears all of it and keeps nothing. */
export const DEAF = {
  onStart: (): string => 'GET',
  onInformational: (): void => {},
  onHead: (): void => {},
  onBody: (): void => {},
  onEnd: (): void => {},
}

export interface Flood {
  /** The rule or limit that ended it; '' for none. */
  readonly error: string
  /** Bytes read until then. */
  readonly read: number
}

/** Sends `start`, then `part` over and over, in `size` pieces, until the decoder has enough or `most` bytes were sent. */
export function flood(start: string, part: string, size: number, maxHeadSize: number, most: number): Flood {
  const decoder = new ResponseDecoder(DEAF, { mode: 'lenient', maxHeadSize })
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
