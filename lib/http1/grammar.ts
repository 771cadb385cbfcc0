import { ProtocolError } from '../core/errors.ts'

/**
 * The characters of HTTP (RFC 9110 section 5.6, RFC 9112 section 2.2). Everything here works on
 * Latin-1 text, one character a byte, which is what the wire carries.
 */

/** 'lenient' reads what browsers and curl read; 'strict' rejects all that RFC 9112 lets a client reject. */
export type ParserMode = 'lenient' | 'strict'

/** The rules a `ProtocolError` can name. */
export type Rule =
  | 'status-line'
  | 'http-version'
  | 'status-code'
  | 'unexpected-upgrade'
  | 'nul'
  | 'bare-cr'
  | 'bare-lf'
  | 'control-character'
  | 'blank-before-first-field'
  | 'blank-before-colon'
  | 'line-without-colon'
  | 'field-name'
  | 'obs-fold'
  | 'content-length'
  | 'transfer-encoding'
  | 'chunk-size'
  | 'chunk-extension'
  | 'chunk-end'

const TOKEN_CHARACTERS = "!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"

/** 1 for each byte that may stand in a token (RFC 9110 section 5.6.2). */
export const TOKEN: Uint8Array = tokenTable()

function tokenTable(): Uint8Array {
  const table = new Uint8Array(256)
  for (let i = 0; i < TOKEN_CHARACTERS.length; i++) table[TOKEN_CHARACTERS.charCodeAt(i)] = 1
  return table
}

export function isToken(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    if (TOKEN[text.charCodeAt(i)] !== 1) return false
  }
  return text.length > 0
}

/** SP or HTAB. */
export function isBlank(code: number): boolean {
  return code === 32 || code === 9
}

/** A control character other than HTAB (RFC 9110 section 5.5). */
export function isControl(code: number): boolean {
  return (code < 32 && code !== 9) || code === 127
}

/** `text` from `start` to `end` without the blanks around it (OWS, RFC 9110 section 5.6.3). */
export function trimmed(text: string, start: number, end: number): string {
  while (start < end && isBlank(text.charCodeAt(start))) start++
  while (end > start && isBlank(text.charCodeAt(end - 1))) end--
  return text.slice(start, end)
}

/** The first character in `text` that is a control character, or -1. */
export function indexOfControl(text: string, start: number, end: number): number {
  for (let i = start; i < end; i++) {
    if (isControl(text.charCodeAt(i))) return i
  }
  return -1
}

/** A readable, bounded form of wire data for a message. */
export function quote(text: string): string {
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 80)}...` : text)
}

/** Fields whose values are not for a message, however the line goes on behind the name. */
const SECRET_LINE = /^[ \t]*(?:set-cookie|(?:proxy-)?authorization|cookie)/i

/** The error for a line that breaks `rule`. */
export function violation(rule: Rule, line: string, what: string): ProtocolError {
  const secret = SECRET_LINE.exec(line)
  return new ProtocolError(rule, `${what}: ${quote(secret === null ? line : `${secret[0]}: [hidden]`)}`)
}
