import { isAscii } from 'node:buffer'
import type { Headers } from '../../core/headers.ts'
import { decodeText } from './charset.ts'

/**
 * The text of a body, in its charset. Many small bodies are ASCII, which is the same in all charsets but
 * UTF-16 and ISO-2022-JP: where no field names a charset, nobody need look which it is.
 */
export function textOf(body: Buffer, headers: Headers): string {
  if (isAscii(body) && !headers.mentions('harset')) {
    const text = body.toString('latin1')
    // ISO-2022-JP leaves ASCII by an escape; UTF-16 has a NUL for each letter.
    if (!text.includes('\x1b') && !text.includes('\0')) return text
  }
  return decodeText(body, headers.peek('content-type'))
}
