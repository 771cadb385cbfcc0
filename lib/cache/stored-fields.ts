import type { ResponseHead } from '../core/exchange.ts'
import { formatHttpDate } from '../core/http-date.ts'

/** Fields about one connection or one hop: not stored (RFC 9111 section 3.1). Age is computed anew. */
const NOT_STORED = new Set([
  'age',
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-authentication-info',
  'proxy-authorization',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
])
/**
 * A 304 describes the stored bytes: how long they are and how they are decoded stays as it was
 * (section 3.2). Several servers send `Content-Length: 0`, or leave out the coding.
 */
const NOT_UPDATED = new Set(['content-encoding', 'content-length'])

/** Name and value in turn, as lines. */
export function linesOf(raw: readonly string[], keep: (name: string) => boolean = () => true): string {
  let lines = ''
  for (let i = 0; i < raw.length; i += 2) {
    if (keep(raw[i]!.toLowerCase())) lines += `${raw[i]}: ${raw[i + 1]}\r\n`
  }
  return lines
}

/** The fields of `head` that are stored. One without Date gets one (RFC 9110 section 6.6.1). */
export function storedFields(head: ResponseHead, responseTime: number): string {
  const { headers } = head
  const perHop = connectionNames(head)
  const lines = linesOf(headers.raw, (name) => !NOT_STORED.has(name) && !perHop.has(name))
  return headers.has('date') ? lines : `${lines}Date: ${formatHttpDate(responseTime)}\r\n`
}

/**
 * The stored fields under a 304: what it says replaces what was stored, the rest stays. The stored ETag
 * stays too: a 304 may give it stronger than it was (nginx weakens it on compressed answers only).
 */
export function updatedFields(
  stored: readonly string[],
  head: ResponseHead,
  responseTime: number,
  keepsEtag: boolean,
): string {
  const perHop = connectionNames(head)
  const isNew = (name: string): boolean =>
    !NOT_STORED.has(name) && !NOT_UPDATED.has(name) && !perHop.has(name) && !(keepsEtag && name === 'etag')
  const told = new Set<string>()
  for (const [name] of head.headers) if (isNew(name)) told.add(name)
  const date = told.has('date') ? '' : `Date: ${formatHttpDate(responseTime)}\r\n`
  told.add('date')
  return linesOf(stored, (name) => !told.has(name)) + linesOf(head.headers.raw, isNew) + date
}

/** The names that Connection lists: such a field was for this hop alone. */
function connectionNames({ headers }: ResponseHead): Set<string> {
  const text = headers.get('connection')
  return new Set(text === null ? [] : text.split(',').map((name) => name.trim().toLowerCase()))
}
