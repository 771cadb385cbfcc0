import type { FileHandle } from 'node:fs/promises'
import { LIMITS } from '../../core/limits.ts'

const LF = 0x0a
const CR = 0x0d

/** Whole lines of a file, valid until the next are asked for. */
export interface Lines {
  /** Each with its line end. */
  readonly bytes: Buffer
  /** Where the first begins in the file. */
  readonly position: number
  /** Where the last ends in the file. */
  readonly end: number
}

/** Stands for a line that is too long to be one of a journal. */
const TOO_LONG = Buffer.from('\n')

/**
 * The lines of a file up to the byte `to`, many at a time. What comes after the last line end is left out. A line
 * longer than `LIMITS.maxJournalLine` comes as an empty one.
 */
export async function* readLines(handle: FileHandle, to: number): AsyncGenerator<Lines, void, void> {
  let buffer = Buffer.allocUnsafeSlow(LIMITS.journalReadSize)
  let filled = 0
  let position = 0
  let isTooLong = false
  while (position + filled < to) {
    const wanted = Math.min(buffer.length - filled, to - position - filled)
    const { bytesRead } = await handle.read(buffer, filled, wanted, position + filled)
    if (bytesRead === 0) return
    filled += bytesRead
    let start = 0
    if (isTooLong) {
      const lineEnd = buffer.subarray(0, filled).indexOf(LF)
      start = lineEnd === -1 ? filled : lineEnd + 1
      isTooLong = lineEnd === -1
      if (!isTooLong) yield { bytes: TOO_LONG, position, end: position + start }
    }
    const last = buffer.lastIndexOf(LF, filled - 1)
    if (last >= start) {
      yield { bytes: buffer.subarray(start, last + 1), position: position + start, end: position + last + 1 }
      start = last + 1
    }
    buffer.copyWithin(0, start, filled)
    position += start
    filled -= start
    if (filled < buffer.length) continue
    if (buffer.length < LIMITS.maxJournalLine) {
      buffer = Buffer.concat([buffer], Math.min(buffer.length * 2, LIMITS.maxJournalLine))
      continue
    }
    isTooLong = true
    position += filled
    filled = 0
  }
}

/** Where the text of a line ends whose LF stands at `lineEnd`: some editor may have made CR LF of it. */
export function textEnd(bytes: Buffer, start: number, lineEnd: number): number {
  return lineEnd > start && bytes[lineEnd - 1] === CR ? lineEnd - 1 : lineEnd
}
