import { isAscii } from 'node:buffer'
import type { Headers } from '../../core/headers.ts'
import { decodeText } from './charset.ts'

/** Where ISO-2022-JP leaves ASCII. */
const ESCAPE = 0x1b

/**
 * The text of a body, in its charset. Many small bodies are ASCII, which is the same in all charsets but
 * UTF-16 and ISO-2022-JP: where no field names a charset, nobody need look which it is.
 */
export function textOf(body: Buffer, headers: Headers): string {
  const isTold = headers.mentions('harset') || headers.mentions('HARSET')
  if (!isTold && isAscii(body) && !body.includes(ESCAPE)) return body.toString('latin1')
  return decodeText(body, headers.peek('content-type'))
}
