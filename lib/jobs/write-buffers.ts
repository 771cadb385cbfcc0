import { LIMITS } from '../core/limits.ts'

/** What a file of unknown length begins with: most are small. */
const FIRST = 16_384

/** Large ones that nobody uses: memory of a fresh one costs more than what is written from it. */
const spare: Buffer[] = []

/** A buffer for a file of which so many bytes are still to come; -1: not known. */
export function firstBuffer(expected: number): Buffer {
  // One more, for the read that finds the end.
  const size = expected === -1 ? FIRST : expected + 1
  return size > LIMITS.downloadWriteSize ? takeBuffer() : Buffer.allocUnsafe(size)
}

export function takeBuffer(): Buffer {
  return spare.pop() ?? Buffer.allocUnsafeSlow(LIMITS.downloadBuffer)
}

/** Nobody reads `buffer` any more, or writes to it. */
export function giveBuffer(buffer: Buffer): void {
  if (buffer.length === LIMITS.downloadBuffer && spare.length < LIMITS.spareWriteBuffers) spare.push(buffer)
}
