import { LIMITS } from '../../core/limits.ts'
import type { Key } from './key.ts'

/** Before the key's digits, and between them and `true` or `false`. */
const BEFORE_KEY = '{"key":"'
const AFTER_KEY = '","ok":'
const DIGITS = 16
const KEY_AT = BEFORE_KEY.length
const OK_AT = KEY_AT + DIGITS + AFTER_KEY.length
const OK_HEAD = Buffer.from(`${BEFORE_KEY}${'0'.repeat(DIGITS)}${AFTER_KEY}true`)
const FAILED_HEAD = Buffer.from(`${BEFORE_KEY}${'0'.repeat(DIGITS)}${AFTER_KEY}false`)
/** Longer than anything that stands around an entry's own text. */
const FRAME = 64

const LF = 0x0a
const COMMA = 0x2c
const BRACE = 0x7b
const CLOSING_BRACE = 0x7d
const HEX = Buffer.from('0123456789abcdef')
const LETTER_T = 0x74
const LETTER_F = 0x66

/** What a digit is worth, by its byte; -1: it is none. */
const WORTH = new Int8Array(256).fill(-1)
for (let worth = 0; worth < HEX.length; worth++) WORTH[HEX[worth]!] = worth

/**
 * Makes lines of entries, one after the other in the same memory: `{"key":"0123456789abcdef","ok":true,` and the
 * rest of a JSON object. The key and the outcome stand in fixed places, so that nothing is parsed to find them.
 */
export class EntryLine {
  bytes: Buffer = Buffer.allocUnsafeSlow(16_384)

  /** Returns the length of the line in `bytes`. `text` is a JSON object in one line; TypeError when it is not. */
  make(key: Key, ok: boolean, text: string): number {
    if (
      text.charCodeAt(0) !== BRACE ||
      text.charCodeAt(text.length - 1) !== CLOSING_BRACE ||
      text.includes('\n')
    )
      throw new TypeError('an entry of a journal is the text of a JSON object, in one line')
    const needed = text.length * 3 + FRAME
    if (needed > this.bytes.length) this.#makeRoom(text)
    const { bytes } = this
    const head = ok ? OK_HEAD : FAILED_HEAD
    const at = head.length
    bytes.set(head)
    putDigits(bytes, KEY_AT, key.high)
    putDigits(bytes, KEY_AT + 8, key.low)
    // Its opening brace falls to where the comma belongs.
    const end = at + bytes.write(text, at, 'utf8')
    if (end === at + 2) {
      bytes[at] = CLOSING_BRACE
      bytes[at + 1] = LF
      return at + 2
    }
    bytes[at] = COMMA
    bytes[end] = LF
    return end + 1
  }

  #makeRoom(text: string): void {
    const size = Buffer.byteLength(text) + FRAME
    if (size > LIMITS.maxJournalLine) {
      throw new RangeError(`an entry of a journal has at most ${LIMITS.maxJournalLine} bytes`)
    }
    if (size > this.bytes.length) this.bytes = Buffer.allocUnsafeSlow(size)
  }
}

function putDigits(bytes: Buffer, at: number, half: number): void {
  for (let n = 0; n < 8; n++) bytes[at + n] = HEX[(half >>> (28 - 4 * n)) & 15]!
}

export type LineKind = 'ok' | 'failed' | 'record' | 'damaged'

/** What a line is, by its outer shape. `end`: where its line end stands. */
export function kindOf(bytes: Buffer, start: number, end: number): LineKind {
  if (end - start < 2 || bytes[start] !== BRACE || bytes[end - 1] !== CLOSING_BRACE) return 'damaged'
  if (!has(bytes, start, end, BEFORE_KEY)) return 'record'
  const ok = bytes[start + OK_AT] === LETTER_T
  const head = ok ? OK_HEAD : FAILED_HEAD
  const after = start + head.length
  if (after >= end || (!ok && bytes[start + OK_AT] !== LETTER_F)) return 'damaged'
  for (let at = KEY_AT + DIGITS; at < head.length; at++) {
    if (bytes[start + at] !== head[at]) return 'damaged'
  }
  for (let at = start + KEY_AT; at < start + KEY_AT + DIGITS; at++) {
    if (WORTH[bytes[at]!]! < 0) return 'damaged'
  }
  if (bytes[after] !== COMMA && after !== end - 1) return 'damaged'
  return ok ? 'ok' : 'failed'
}

function has(bytes: Buffer, start: number, end: number, text: string): boolean {
  if (end - start < text.length) return false
  for (let at = 0; at < text.length; at++) {
    if (bytes[start + at] !== text.charCodeAt(at)) return false
  }
  return true
}

/** The key of an entry. */
export function keyOf(bytes: Buffer, start: number): Key {
  return { high: halfAt(bytes, start + KEY_AT), low: halfAt(bytes, start + KEY_AT + 8) }
}

function halfAt(bytes: Buffer, at: number): number {
  let half = 0
  for (let n = 0; n < 8; n++) half = (half << 4) | WORTH[bytes[at + n]!]!
  return half
}

/** The text that an entry was made of. */
export function textOf(bytes: Buffer, start: number, end: number, ok: boolean): string {
  const after = start + (ok ? OK_HEAD : FAILED_HEAD).length
  return bytes[after] === COMMA ? `{${bytes.toString('utf8', after + 1, end)}` : '{}'
}
