import type { Headers } from '../core/headers.ts'
import { isOfVersion } from './validator.ts'

/** What is held of a file when the rest of it is asked for. */
export interface Held {
  /** Bytes, from the first on; 0: the whole file is asked for. Grows as they come. */
  size: number
  /** Of so many; null: not known. */
  readonly total: number | null
  readonly validator: string | null
  /** The content coding that the held bytes have; '' for none. */
  readonly coding: string
}

/** What is to be done with an answer. */
export type Verdict =
  /** Its body is the file from the first byte. */
  | { readonly kind: 'whole'; readonly total: number | null }
  /** Its body goes on where the held bytes end, `length` bytes of it. */
  | { readonly kind: 'rest'; readonly length: number; readonly total: number }
  /** What is held is the file. */
  | { readonly kind: 'complete' }
  /** What is held may be the file: ask for its last byte again, to be sure of the version. */
  | { readonly kind: 'step back' }
  /** It cannot be joined to what is held: ask for the whole. */
  | { readonly kind: 'anew'; readonly why: string }
  /** Its status is not that of a file. */
  | { readonly kind: 'refused' }

/** Judges an answer by its status and fields (RFC 9110 sections 13.1.5, 14.4, 15.3.7 and 15.5.17). */
export function judge(status: number, headers: Headers, held: Readonly<Held>): Verdict {
  if (status === 200 || status === 203) return { kind: 'whole', total: contentLength(headers) }
  if (status === 206) {
    if (held.size === 0) return { kind: 'anew', why: 'answered 206, though no range was asked for' }
    return judgePart(headers, held)
  }
  if (status === 416 && held.size > 0) return judgeUnsatisfied(headers, held)
  return { kind: 'refused' }
}

function judgePart(headers: Headers, held: Readonly<Held>): Verdict {
  if (/^\s*multipart\/byteranges/i.test(headers.get('content-type') ?? '')) {
    return badPart('in several parts (multipart/byteranges), and one was asked for')
  }
  const field = headers.get('content-range')
  const range = parseContentRange(field)
  if (field === null || range === null || range.start === -1) {
    return badPart(`its Content-Range is ${field === null ? 'missing' : JSON.stringify(field)}`)
  }
  if (range.start !== held.size) return badPart(`from byte ${range.start}; byte ${held.size} was asked for`)
  const total = range.total ?? held.total
  if (total === null) return badPart('nothing says how long the file is')
  if (held.total !== null && total !== held.total) {
    return badPart(`the file has ${total} bytes now; it had ${held.total}`)
  }
  if (range.end >= total) return badPart(`its Content-Range ${JSON.stringify(field)} goes beyond the end`)
  // Servers that do not know If-Range send the rest of whatever there is now.
  if (held.validator === null || !isOfVersion(headers, held.validator)) return badPart('of another version')
  if (contentCoding(headers) !== held.coding) return badPart('in another content coding')
  const length = range.end - range.start + 1
  const announced = contentLength(headers)
  if (announced !== null && announced !== length) {
    return badPart(
      `its Content-Length ${announced} is not that of its Content-Range ${JSON.stringify(field)}`,
    )
  }
  return { kind: 'rest', length, total }
}

function badPart(why: string): Verdict {
  return { kind: 'anew', why: `answered 206, but ${why}` }
}

function judgeUnsatisfied(headers: Headers, held: Readonly<Held>): Verdict {
  const range = parseContentRange(headers.get('content-range'))
  const isWhole = held.total === null || held.total === held.size
  if (isWhole && range?.start === -1 && range.total === held.size && held.validator !== null) {
    if (isOfVersion(headers, held.validator)) return { kind: 'complete' }
    // nginx drops the validators from a 416. One byte of a 206 has them.
    const isSilent = !headers.has('etag') && !headers.has('last-modified')
    if (isSilent && held.size > 1) return { kind: 'step back' }
  }
  return { kind: 'anew', why: `answered 416: there is nothing from byte ${held.size} on` }
}

/** `bytes 0-9/10`, `bytes 0-9/*`; start -1 for an unsatisfied `bytes *\/10`. null: none of these. */
export function parseContentRange(
  value: string | null,
): { start: number; end: number; total: number | null } | null {
  const match = /^bytes[ \t]+(?:(\d{1,15})-(\d{1,15})|\*)\/(?:(\d{1,15})|\*)$/i.exec(value ?? '')
  if (match === null) return null
  const [, start, end, total] = match
  if (start === undefined) {
    return total === undefined ? null : { start: -1, end: -1, total: Number(total) }
  }
  if (Number(end) < Number(start)) return null
  return { start: Number(start), end: Number(end), total: total === undefined ? null : Number(total) }
}

/** The body's length, where Content-Length can be believed: not beside a transfer coding (RFC 9112 section 6.3). */
export function contentLength(headers: Headers): number | null {
  if (headers.has('transfer-encoding')) return null
  const values = new Set((headers.get('content-length') ?? '').split(',').map((value) => value.trim()))
  const [value] = values
  return values.size === 1 && /^\d{1,15}$/.test(value!) ? Number(value) : null
}

/** The content codings of an answer in lower case, joined by commas; '' for none. */
export function contentCoding(headers: Headers): string {
  const codings = (headers.get('content-encoding') ?? '').toLowerCase().split(',')
  return codings
    .map((coding) => coding.trim().replace(/^x-gzip$/, 'gzip'))
    .filter((coding) => coding !== '' && coding !== 'identity')
    .join(',')
}

/**
 * Whether `gzip` as a content coding is only the type of the file: many servers label .tar.gz so. Browsers
 * keep such a file as it is, and so does the user want it.
 */
export function isGzipFile(headers: Headers, url: string): boolean {
  return GZIP_TYPE.test(headers.get('content-type') ?? '') || hasGzipName(url)
}

export function hasGzipName(url: string): boolean {
  return /\.t?gz$/i.test(url.replace(/[?#].*/s, ''))
}

const GZIP_TYPE = /^\s*application\/(x-)?(gzip|gunzip|tgz|gtar|gzip-compressed|compressed-tar)\s*(;|$)/i
