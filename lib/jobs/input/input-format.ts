import { LIMITS } from '../../core/limits.ts'

/** How an input is written. `auto`: told by its content, never by its name. */
export type InputFormat = 'auto' | 'lines' | 'aria2' | 'jsonl' | 'sitemap' | 'har'

/** What `auto` can come to. `list`: lines of URLs that may have aria2's mirrors and options. */
export type FoundFormat = 'list' | 'jsonl' | 'sitemap' | 'har'

const LF = 10
const QUOTE = 34
const LESS = 60
const BRACE = 123
const BOM: readonly number[] = [0xef, 0xbb, 0xbf]

/**
 * The format of an input that begins with these bytes, or null where more of it must be seen; with `ended`,
 * or `inputPrefix` bytes, never null. No byte more is waited for than it takes: an input may be a pipe.
 */
export function findFormat(prefix: Uint8Array, ended: boolean): FoundFormat | null {
  const isAll = ended || prefix.length >= LIMITS.inputPrefix
  if (!isAll && prefix.length < BOM.length && prefix.every((byte, i) => byte === BOM[i])) return null
  const start = skipBlanks(prefix, hasBom(prefix) ? BOM.length : 0)
  if (start === prefix.length) return isAll ? 'list' : null
  if (prefix[start] === LESS) return 'sitemap'
  if (prefix[start] !== BRACE) return 'list'
  const key = skipBlanks(prefix, start + 1)
  // An item of JSONL is on one line; a HAR is mostly written over many.
  if (prefix.subarray(start, key).includes(LF)) return 'har'
  if (key === prefix.length) return isAll ? 'jsonl' : null
  if (prefix[key] !== QUOTE) return 'jsonl'
  const end = prefix.indexOf(QUOTE, key + 1)
  if (end === -1) return isAll ? 'jsonl' : null
  return Buffer.from(prefix.subarray(key + 1, end)).toString() === 'log' ? 'har' : 'jsonl'
}

export function hasBom(bytes: Uint8Array): boolean {
  return BOM.every((byte, i) => bytes[i] === byte)
}

function skipBlanks(bytes: Uint8Array, from: number): number {
  let at = from
  while (at < bytes.length && isBlank(bytes[at]!)) at++
  return at
}

/** Blanks as bytes, not all that Unicode calls white space; LF, too. */
export function isBlank(code: number): boolean {
  return code === 32 || (code >= 9 && code <= 13)
}
