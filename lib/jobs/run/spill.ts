import { appendFileSync, closeSync, openSync, readSync, rmSync } from 'node:fs'
import { LIMITS } from '../../core/limits.ts'
import { fileError } from '../file-error.ts'

/**
 * The end of a long line, on the disk: a run of a million URLs of one host must be read past to find what
 * else there is to do, and must not be held for that. Only a help for this process: a killed one's is not read again.
 *
 * Synchronous, in pieces of 64 KB: a thousand items to a visit.
 */
export class Spill {
  readonly #path: string
  /** Bytes that are written in one go. */
  readonly #piece: number
  /** There may be a file. */
  #hasFile = false
  /** Lines that are not in the file yet. */
  #unwritten: string[] = []
  #unwrittenSize = 0
  /** Bytes in the file, and those of them that were read. */
  #written = 0
  #read = 0
  /** The beginning of a line, whose end was not read yet. */
  #rest: Buffer = NOTHING
  /** Lines that were not read yet. */
  size = 0

  constructor(path: string, piece: number = LIMITS.spillPiece) {
    this.#path = path
    this.#piece = piece
  }

  /** `line`: without a line end in it. Returns how many bytes more it holds in memory now, or fewer. */
  push(line: string): number {
    const before = this.#unwrittenSize
    this.#unwritten.push(line)
    this.#unwrittenSize += line.length + 1
    this.size++
    if (this.#unwrittenSize >= this.#piece) this.flush()
    return this.#unwrittenSize - before
  }

  /** Bytes that wait to be written. */
  get unwritten(): number {
    return this.#unwrittenSize
  }

  /** Writes what waits. Throws FileError. */
  flush(): void {
    if (this.#unwritten.length === 0) return
    const text = Buffer.from(`${this.#unwritten.join('\n')}\n`)
    this.#hasFile = true
    try {
      appendFileSync(this.#path, text, { mode: 0o600 })
    } catch (error) {
      throw fileError('write', this.#path, error)
    }
    this.#written += text.length
    this.#unwritten = []
    this.#unwrittenSize = 0
  }

  /** Some of the next lines: of about so many bytes, but one at least. Empty when there is none left. */
  take(most: number): string[] {
    if (this.#read === this.#written) return this.#takeUnwritten(most)
    let lines: string[] = []
    while (lines.length === 0) lines = this.#readLines(most)
    this.size -= lines.length
    if (this.#read === this.#written) this.#drop()
    return lines
  }

  /** Takes its file away. */
  close(): void {
    this.#unwritten = []
    this.#unwrittenSize = 0
    this.size = 0
    this.#drop()
  }

  #takeUnwritten(most: number): string[] {
    let count = 0
    let size = 0
    while (count < this.#unwritten.length && size < most) size += this.#unwritten[count++]!.length + 1
    const lines = this.#unwritten.splice(0, count)
    this.#unwrittenSize -= size
    this.size -= count
    return lines
  }

  #readLines(most: number): string[] {
    // As much again as there is of a line that has not ended: a long one must not be joined over and over.
    const wanted = Math.max(most, this.#rest.length)
    const piece = Buffer.allocUnsafe(Math.min(wanted, this.#written - this.#read))
    try {
      const file = openSync(this.#path, 'r')
      try {
        const count = readSync(file, piece, 0, piece.length, this.#read)
        if (count < piece.length) throw new Error('it is shorter than what was written')
      } finally {
        closeSync(file)
      }
    } catch (error) {
      throw fileError('read', this.#path, error)
    }
    this.#read += piece.length
    const whole = this.#rest.length === 0 ? piece : Buffer.concat([this.#rest, piece])
    const end = whole.lastIndexOf(LF)
    // A copy: a part of the piece would hold all of it.
    this.#rest = Buffer.from(whole.subarray(end + 1))
    return end === -1 ? [] : whole.toString('utf8', 0, end).split('\n')
  }

  #drop(): void {
    if (this.#hasFile) rmSync(this.#path, { force: true })
    this.#hasFile = false
    this.#written = 0
    this.#read = 0
    this.#rest = NOTHING
  }
}

const LF = 10
const NOTHING: Buffer = Buffer.alloc(0)
