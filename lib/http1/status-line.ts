import type { ProtocolError } from '../core/errors.ts'
import { indexOfControl, violation } from './grammar.ts'

const SP = 32

export interface StatusLine {
  /** 9, 10 or 11: HTTP/0.9, 1.0, 1.1. */
  readonly version: number
  readonly status: number
  /** Latin-1, as it stands there; '' for none. */
  readonly reason: string
}

/**
 * RFC 9112 section 4, with several blanks and a missing reason as browsers read them. `line` is
 * without its line end, and has no NUL and no CR.
 */
export function parseStatusLine(line: string, strict: boolean): StatusLine {
  const version = versionOf(line)
  let at = 8
  while (line.charCodeAt(at) === SP) at++
  if (at === 8 || (strict && at !== 9)) throw notAStatusLine(line)
  const code = line.slice(at, at + 3)
  const after = line.charCodeAt(at + 3)
  const status = code.length === 3 && isDigits(code) ? Number(code) : 0
  if (status < 100 || (at + 3 < line.length && after !== SP)) {
    throw violation('status-code', line, 'the status is not a number from 100 to 999')
  }
  if (strict && (after !== SP || indexOfControl(line, at, line.length) !== -1)) {
    // The blank after the code is there even where the reason is not.
    throw notAStatusLine(line)
  }
  return { version, status, reason: line.slice(at + 4) }
}

/** 11 for every HTTP/1.x with x > 0 (RFC 9110 section 2.5): minor versions change no framing. */
function versionOf(line: string): number {
  if (line.startsWith('HTTP/1.1')) return 11
  const minor = line.charCodeAt(7) - 48
  if (line.startsWith('HTTP/1.') && minor >= 0 && minor <= 9) return minor === 0 ? 10 : 11
  // With a status line it is some old script's way to say 1.0; llhttp and http-parser read it so.
  if (line.startsWith('HTTP/0.9')) return 9
  throw violation('http-version', line, 'neither HTTP/1.0 nor HTTP/1.1')
}

function isDigits(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - 48
    if (digit < 0 || digit > 9) return false
  }
  return true
}

/** Throws when a line cannot become a status line: HTTP/0.9, ICY, another protocol's greeting. */
export function checkPrefix(line: string): void {
  if (!'HTTP/'.startsWith(line.slice(0, 5))) throw notAStatusLine(line)
}

export function notAStatusLine(line: string): ProtocolError {
  return violation('status-line', line, 'not a status line')
}
