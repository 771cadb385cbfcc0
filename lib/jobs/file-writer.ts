import type { FileHandle } from 'node:fs/promises'
import { LIMITS } from '../core/limits.ts'
import { fileError } from './file-error.ts'
import { firstBuffer, giveBuffer, takeBuffer } from './write-buffers.ts'

/**
 * Writes a file from its beginning on, in few large writes: while one is on its way to the disk, the next is
 * gathered; whoever brings more waits. What is in the file is always a beginning of what was given.
 */
export class FileWriter {
  readonly #handle: FileHandle
  readonly #path: string
  /** Bytes that are expected in all from here on; -1: not known. */
  readonly #expected: number
  /** Where the gathered bytes belong. */
  #position: number
  #buffer: Buffer | null = null
  #gathered = 0
  #writing: Promise<void> = Promise.resolve()

  constructor(handle: FileHandle, path: string, position: number, expected: number) {
    this.#handle = handle
    this.#path = path
    this.#position = position
    this.#expected = expected
  }

  /** Where the next byte belongs. */
  get end(): number {
    return this.#position + this.#gathered
  }

  /** Memory for the next bytes, never empty. To be filled from its beginning on, and told by `took`. */
  get room(): Buffer {
    this.#buffer ??= firstBuffer(this.#expected)
    if (this.#gathered < this.#buffer.length) return this.#buffer.subarray(this.#gathered)
    const larger = takeBuffer()
    larger.set(this.#buffer)
    this.#buffer = larger
    return larger.subarray(this.#gathered)
  }

  /** The first `count` bytes of `room` are filled. Returns what to wait for before the next, if anything. */
  took(count: number): Promise<void> | undefined {
    this.#gathered += count
    return this.#gathered >= LIMITS.downloadWriteSize ? this.#turn() : undefined
  }

  /** All that was given is in the file. Rejects with a FileError. */
  async flush(): Promise<void> {
    if (this.#gathered > 0) await this.#turn()
    await this.#writing
  }

  /** The next byte belongs to `position`. */
  async seek(position: number): Promise<void> {
    await this.flush()
    this.#position = position
  }

  async #turn(): Promise<void> {
    await this.#writing
    const position = this.#position
    const buffer = this.#buffer!
    const count = this.#gathered
    this.#position += count
    this.#buffer = null
    this.#gathered = 0
    this.#writing = this.#writeAll(buffer, count, position)
    // Whoever comes next is told.
    this.#writing.catch(() => {})
  }

  async #writeAll(buffer: Buffer, count: number, position: number): Promise<void> {
    let at = 0
    try {
      while (at < count) {
        const { bytesWritten } = await this.#handle.write(buffer, at, count - at, position + at)
        at += bytesWritten
      }
    } catch (error) {
      throw fileError('write', this.#path, error)
    } finally {
      giveBuffer(buffer)
    }
  }
}
