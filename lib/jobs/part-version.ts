import type { Response, StreamResponse } from '../index.ts'
import type { PartVersion } from './part-file.ts'
import { hashUrl } from './part-record.ts'
import { contentCoding, contentLength } from './range-answer.ts'
import { strongValidator } from './validator.ts'

/**
 * The version that a whole answer to a plain GET is of, for a part of it to be gone on with later. One whose bytes
 * were decoded on the way has no validator: no range can count them. `now`: a clock's `date()`.
 */
export function partVersion(url: URL, response: Response | StreamResponse, now: number): PartVersion {
  const { headers, status } = response
  const isPlain = status === 200 && contentCoding(headers) === ''
  return {
    url: hashUrl(url),
    validator: isPlain ? strongValidator(headers, now) : null,
    total: isPlain ? contentLength(headers) : null,
    coding: '',
  }
}
