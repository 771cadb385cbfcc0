import type { Scheme } from '../../core/target.ts'

export interface PlainOrigin {
  readonly scheme: Scheme
  readonly host: string
  readonly port: number
}

/** As long as a host name can be (RFC 1035 section 2.3.4). */
const MAX_HOST = 253

/**
 * The origin that a URL begins with, where the URL parser would leave every character of it as it is; null
 * where it might not. A crawl of many hosts parses each of them once: `new URL` and its parts take 3 us, and
 * ten times as long at first.
 *
 * Plain are names of labels of a-z, 0-9 and '-', the last of which begins with a letter: it could be a part of
 * an IPv4 address otherwise. '--' may be punycode, whose contents the URL parser checks.
 *
 * @param end where the path begins
 */
export function plainOrigin(url: string, end: number): PlainOrigin | null {
  const scheme = url.startsWith('http://') ? 'http' : url.startsWith('https://') ? 'https' : null
  if (scheme === null) return null
  const start = scheme.length + 3
  let label = start
  let at = start
  for (; at < end; at++) {
    const code = url.charCodeAt(at)
    if (code >= 97 && code <= 122) continue
    if (code >= 48 && code <= 57) continue
    if (code === 45 /* - */ && url.charCodeAt(at + 1) !== 45) continue
    if (code !== 46 /* . */ || at === label) break
    label = at + 1
  }
  const first = url.charCodeAt(label)
  if (at === label || at - start > MAX_HOST || first < 97 || first > 122) return null
  const host = url.slice(start, at)
  const usual = scheme === 'https' ? 443 : 80
  if (at === end) return { scheme, host, port: usual }
  const port = url.charCodeAt(at) === 58 /* : */ ? plainPort(url, at + 1, end) : 0
  return port === 0 || port === usual ? null : { scheme, host, port }
}

/** 0: it is none, or not written as the URL parser writes it. */
function plainPort(url: string, start: number, end: number): number {
  if (end - start > 5 || url.charCodeAt(start) === 48) return 0
  let port = 0
  for (let at = start; at < end; at++) {
    const digit = url.charCodeAt(at) - 48
    if (digit < 0 || digit > 9) return 0
    port = port * 10 + digit
  }
  return port > 65_535 ? 0 : port
}
