import { write } from 'node:fs'
import type { FileHandle } from 'node:fs/promises'
import { LIMITS } from '../core/limits.ts'
import { fileError } from './file-error.ts'
import { firstBuffer, giveBuffer, takeBuffer } from './write-buffers.ts'

/**
 * Writes a file from its beginning on, in few large writes, out of a ring: while a part of it is on its way to
 * the disk, the rest is filled; whoever finds it full waits. One write at a time, each where the last has ended:
 * what is in the file is always a beginning of what was given.
 */
export class FileWriter {
  /** Something may be in the file. */
  hasBegun = false
  readonly #handle: FileHandle
  readonly #path: string
  /** Bytes that are expected in all from here on; -1: not known. */
  readonly #expected: number
  /** Where the first gathered byte belongs. */
  #position: number
  #ring: Buffer | null = null
  /** Where in the ring the first gathered byte stands. */
  #start = 0
  /** Bytes gathered, past the ring's end from its beginning on; those on their way to the disk, too. */
  #gathered = 0
  #isWriting = false
  #error: Error | null = null
  /** Of those who wait for the end of the write under way. */
  #written: Promise<void> | null = null
  #resolve: (() => void) | null = null
  #reject: ((error: Error) => void) | null = null

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
    this.#ring ??= firstBuffer(this.#expected)
    if (this.#gathered === this.#ring.length) {
      // The small one, of which nothing was written: of the large one whoever fills it waits.
      const larger = takeBuffer()
      larger.set(this.#ring)
      this.#ring = larger
    }
    const ring = this.#ring
    if (this.#gathered === 0) this.#start = 0
    const free = this.#start + this.#gathered
    return free < ring.length ? ring.subarray(free) : ring.subarray(free - ring.length, this.#start)
  }

  /** The first `count` bytes of `room` are filled. Returns what to wait for before the next, if anything. */
  took(count: number): Promise<void> | undefined {
    this.#gathered += count
    if (this.#error !== null) return Promise.reject(this.#error)
    if (!this.#isWriting && this.#gathered >= LIMITS.downloadWriteSize) this.#write()
    return this.#isWriting && this.#gathered === this.#ring!.length ? this.#whenWritten() : undefined
  }

  /** All that was given is in the file. Rejects with a FileError. */
  async flush(): Promise<void> {
    while (this.#gathered > 0 && this.#error === null) {
      if (!this.#isWriting) this.#write()
      await this.#whenWritten()
    }
    if (this.#error !== null) throw this.#error
    if (this.#ring !== null) giveBuffer(this.#ring)
    this.#ring = null
  }

  /** The next byte belongs to `position`. */
  async seek(position: number): Promise<void> {
    await this.flush()
    this.#position = position
  }

  #whenWritten(): Promise<void> {
    this.#written ??= new Promise((resolve, reject) => {
      this.#resolve = resolve
      this.#reject = reject
    })
    return this.#written
  }

  /** By the descriptor: a FileHandle's `write` costs a promise and two objects more. */
  #write(): void {
    const ring = this.#ring!
    const count = Math.min(this.#gathered, ring.length - this.#start)
    this.#isWriting = true
    this.hasBegun = true
    write(this.#handle.fd, ring, this.#start, count, this.#position, this.#onWritten)
  }

  /** It may have been less than asked for, where the disk is about to be full. */
  readonly #onWritten = (error: Error | null, count: number): void => {
    this.#isWriting = false
    const resolve = this.#resolve
    const reject = this.#reject
    this.#written = null
    this.#resolve = null
    this.#reject = null
    if (error !== null || count === 0) {
      this.#error = fileError('write', this.#path, error ?? new Error('nothing was written'))
      reject?.(this.#error)
      return
    }
    this.#position += count
    this.#gathered -= count
    this.#start = (this.#start + count) % this.#ring!.length
    if (this.#gathered >= LIMITS.downloadWriteSize) this.#write()
    resolve?.()
  }
}
