import { ProtocolError } from '../core/errors.ts'
import type { Framing } from '../core/exchange.ts'
import { type ParserMode, quote, trimmed } from './grammar.ts'

/** What of a head decides how its body ends and what becomes of the connection. */
export interface FramingFacts {
  readonly status: number
  /** Of the request that is answered: HEAD and CONNECT matter. */
  readonly method: string
  /** 9, 10 or 11: HTTP/0.9 (in a status line), 1.0, 1.1. */
  readonly version: number
  /** The values of each field, joined by commas; null where the field is absent. */
  readonly transferEncoding: string | null
  readonly contentLength: string | null
  readonly connection: string | null
  readonly mode: ParserMode
}

export interface FramingDecision {
  readonly kind: Framing['kind']
  /** The trusted Content-Length, also where there is no body (HEAD, 304); -1: none. */
  readonly length: number
  readonly keepAlive: boolean
}

const NO_NUMBER = -1

/** RFC 9112 section 6.3, with the leniencies that cannot give bytes to the wrong message. */
export function decideFraming(facts: FramingFacts): FramingDecision {
  const { status, transferEncoding, contentLength } = facts
  if (facts.method === 'CONNECT' && status >= 200 && status < 300) {
    // What follows is the tunnel's (section 6.3, rule 2).
    return { kind: 'none', length: -1, keepAlive: false }
  }
  if (facts.method === 'HEAD' || status === 304 || status === 204 || status < 200) return bodiless(facts)
  if (transferEncoding !== null) return transferFraming(facts, transferEncoding)
  if (contentLength === null) return { kind: 'close', length: -1, keepAlive: false }
  const length = parseContentLength(contentLength, facts.mode)
  if (length === NO_NUMBER) return { kind: 'close', length: -1, keepAlive: false }
  return { kind: 'length', length, keepAlive: isPersistent(facts) }
}

/**
 * The head's empty line ends it, whatever the fields say (rule 1). But fields that no server may
 * send here make what comes next doubtful: a 204 that announces a body is often followed by one
 * (RFC 9110 section 8.6, RFC 9112 section 6.1), so that connection is not used again.
 */
function bodiless(facts: FramingFacts): FramingDecision {
  const { transferEncoding, contentLength } = facts
  const length = contentLength === null ? -1 : bodilessLength(contentLength)
  const doubtful =
    (contentLength !== null && (length === NO_NUMBER || transferEncoding !== null)) ||
    (transferEncoding !== null && facts.version < 11) ||
    (facts.status === 204 && (length > 0 || transferEncoding !== null))
  const told = transferEncoding === null && facts.status !== 204 ? length : -1
  return { kind: 'none', length: told, keepAlive: !doubtful && isPersistent(facts) }
}

function bodilessLength(value: string): number {
  try {
    return parseContentLength(value, 'lenient')
  } catch {
    return NO_NUMBER
  }
}

/** Transfer-Encoding overrides Content-Length (rules 3 and 4). */
function transferFraming(facts: FramingFacts, value: string): FramingDecision {
  const codings = listOf(value)
  const strict = facts.mode === 'strict'
  // Section 6.1: in HTTP/1.0 its mere presence means faulty framing; beside a Content-Length it
  // "ought to be handled as an error" (section 6.3, rule 3).
  const doubtful = facts.version < 11 || facts.contentLength !== null
  if (strict && doubtful) {
    throw reject(value, facts.version < 11 ? 'HTTP/1.0 has none' : 'there is a Content-Length too')
  }
  if (facts.contentLength !== null && codings.length === 1 && codings[0] === 'identity') {
    // RFC 2616's way to say "none": its servers send it beside a Content-Length, and stay open.
    const length = parseContentLength(facts.contentLength, facts.mode)
    if (length !== NO_NUMBER) return { kind: 'length', length, keepAlive: false }
  }
  const last = codings.at(-1) ?? ''
  const semicolon = last.indexOf(';')
  if (semicolon !== -1 && trimmed(last, 0, semicolon) === 'chunked') {
    // Section 7: parameters of chunked are to be treated as an error.
    throw reject(value, 'chunked takes no parameters')
  }
  if (last !== 'chunked') return { kind: 'close', length: -1, keepAlive: false }
  // Two equal fields, one of a proxy's, mean one coding. Section 6.1 forbids sending it twice.
  const twice = codings.indexOf('chunked') !== codings.length - 1
  if (strict && twice) throw reject(value, 'chunked stands there twice')
  return { kind: 'chunked', length: -1, keepAlive: !doubtful && !twice && isPersistent(facts) }
}

function reject(value: string, why: string): ProtocolError {
  return new ProtocolError('transfer-encoding', `Transfer-Encoding ${quote(value)} cannot be trusted: ${why}`)
}

/** A comma-separated list in lower case; empty elements do not count (RFC 9110 section 5.6.1). */
function listOf(value: string): string[] {
  const list: string[] = []
  for (const element of value.toLowerCase().split(',')) {
    const item = trimmed(element, 0, element.length)
    if (item !== '') list.push(item)
  }
  return list
}

/**
 * A Content-Length value, several joined by commas; -1 when it is no number, which is as good as
 * absent: read until close. Throws where two numbers differ, for then each end may believe another
 * (section 6.3, rule 5), and where the number is too large to count with: RFC 9110 section 8.6
 * wants overflow prevented, and a body that long will never have been whole.
 */
export function parseContentLength(value: string, mode: ParserMode): number {
  const single = parseDigits(value, 0, value.length)
  if (single >= 0) return checkLength(single, value)
  let length = NO_NUMBER
  let valid = true
  for (const element of value.split(',')) {
    const item = trimmed(element, 0, element.length)
    const number = parseDigits(item, 0, item.length)
    if (number < 0) valid = false
    else if (length === NO_NUMBER) length = checkLength(number, value)
    else if (number !== length) {
      throw new ProtocolError('content-length', `Content-Length says several things: ${quote(value)}`)
    }
  }
  if (mode === 'strict') {
    // RFC 9110 section 8.6 lets a recipient reject repeated values even where they are equal.
    throw new ProtocolError('content-length', `Content-Length ${quote(value)} is not one number`)
  }
  return valid ? length : NO_NUMBER
}

function checkLength(length: number, value: string): number {
  if (length <= Number.MAX_SAFE_INTEGER) return length
  throw new ProtocolError('content-length', `Content-Length ${quote(value)} is larger than 2^53 - 1`)
}

/** A run of digits as a number, Infinity at worst; -1 when there is anything else or nothing. */
function parseDigits(text: string, start: number, end: number): number {
  if (start >= end) return -1
  let number = 0
  for (let i = start; i < end; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return -1
    number = number * 10 + digit
  }
  return number
}

/** RFC 9112 section 9.3: `close` wins; HTTP/1.0 must say keep-alive; Proxy-Connection means nothing. */
function isPersistent(facts: FramingFacts): boolean {
  const connection = facts.connection
  if (connection === null) return facts.version >= 11
  if (connection === 'keep-alive') return facts.version >= 10
  const options = listOf(connection)
  if (options.includes('close')) return false
  return facts.version >= 11 || (facts.version === 10 && options.includes('keep-alive'))
}

/**
 * A parameter of a Keep-Alive field (`timeout` in seconds, `max` in requests); -1: not there. The
 * field never became a standard; RFC 2068 section 19.7.1.1 is the nearest.
 */
export function keepAliveParameter(value: string, name: 'timeout' | 'max'): number {
  for (const element of value.split(/[,;]/)) {
    const equals = element.indexOf('=')
    if (equals === -1 || trimmed(element, 0, equals).toLowerCase() !== name) continue
    const text = trimmed(element, equals + 1, element.length)
    const number = parseDigits(text, 0, text.length)
    if (number >= 0) return Math.min(number, 1e9)
  }
  return -1
}
