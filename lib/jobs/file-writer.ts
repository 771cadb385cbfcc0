import type { FileHandle } from 'node:fs/promises'
import { LIMITS } from '../core/limits.ts'
import { fileError } from './file-error.ts'

/** Pieces in one write; more are joined first, since the system takes 1,024 at a time. */
const MAX_PIECES = 256

/**
 * Writes pieces one after the other, in few large writes: while one is on its way to the disk, the next is
 * gathered; whoever brings more waits. What is in the file is always a beginning of what was given.
 */
export class FileWriter {
  readonly #handle: FileHandle
  readonly #path: string
  /** Where the gathered pieces belong. */
  #position: number
  #pieces: Uint8Array[] = []
  #gathered = 0
  #writing: Promise<void> = Promise.resolve()

  constructor(handle: FileHandle, path: string, position: number) {
    this.#handle = handle
    this.#path = path
    this.#position = position
  }

  /** Where the next piece belongs. */
  get end(): number {
    return this.#position + this.#gathered
  }

  /** Takes `piece`, which must not change any more. Returns what to wait for before the next, if anything. */
  write(piece: Uint8Array): Promise<void> | undefined {
    this.#pieces.push(piece)
    this.#gathered += piece.length
    return this.#gathered >= LIMITS.downloadWriteSize ? this.#turn() : undefined
  }

  /** All that was given is in the file. Rejects with a FileError. */
  async flush(): Promise<void> {
    if (this.#gathered > 0) await this.#turn()
    await this.#writing
  }

  /** The next piece belongs to `position`. */
  async seek(position: number): Promise<void> {
    await this.flush()
    this.#position = position
  }

  async #turn(): Promise<void> {
    await this.#writing
    const pieces = this.#pieces
    const position = this.#position
    this.#position += this.#gathered
    this.#pieces = []
    this.#gathered = 0
    this.#writing = this.#writeAll(pieces, position)
    // Whoever comes next is told.
    this.#writing.catch(() => {})
  }

  async #writeAll(given: Uint8Array[], from: number): Promise<void> {
    let pieces = given.length > MAX_PIECES ? [Buffer.concat(given)] : given
    let position = from
    try {
      while (pieces.length > 0) {
        const { bytesWritten } = await this.#handle.writev(pieces, position)
        position += bytesWritten
        pieces = after(pieces, bytesWritten)
      }
    } catch (error) {
      throw fileError('write', this.#path, error)
    }
  }
}

/** What is left of `pieces` when the first `count` bytes are written. */
function after(pieces: readonly Uint8Array[], count: number): Uint8Array[] {
  let left = count
  for (const [index, piece] of pieces.entries()) {
    if (left < piece.length) return [piece.subarray(left), ...pieces.slice(index + 1)]
    left -= piece.length
  }
  return []
}
