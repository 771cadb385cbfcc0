import { closeSync, openSync, readSync } from 'node:fs'
import { CLI_LIMITS } from './limits.ts'

const LF = 0x0a

/** What stands in a report before a run adds to it. Synchronous: nothing else goes on yet. */
export class ReportReader {
  /** Bytes of the file. */
  readonly size: number
  readonly #file: number | null
  #window: Buffer = Buffer.alloc(0)
  /** Where the window begins in the file. */
  #at = 0

  /** `size`: 0 also for what is no file, such as a pipe; it is not opened. */
  constructor(path: string, size: number) {
    this.size = size
    this.#file = size === 0 ? null : openSync(path, 'r')
  }

  /** Whether these bytes stand at `at`, where a line begins; `beginning`: the file ends in the middle of them, or there. */
  find(bytes: Buffer, at: number): 'whole' | 'beginning' | 'none' {
    const length = Math.min(bytes.length, this.size - at)
    if (length < 0) return 'none'
    // With the line end before it.
    const start = this.#load(Math.max(0, at - 1), length + Math.min(1, at)) + Math.min(1, at)
    if (start + length > this.#window.length || (at > 0 && this.#window[start - 1] !== LF)) return 'none'
    if (bytes.compare(this.#window, start, start + length, 0, length) !== 0) return 'none'
    return length === bytes.length ? 'whole' : 'beginning'
  }

  /** Its last line has its end, or there is none. */
  get endsInLine(): boolean {
    if (this.size === 0) return true
    const start = this.#load(this.size - 1, 1)
    return this.#window[start] === LF
  }

  close(): void {
    if (this.#file !== null) closeSync(this.#file)
  }

  /** Where in the window the byte `at` stands, after it has this and the next ones. */
  #load(at: number, length: number): number {
    if (at < this.#at || at + length > this.#at + this.#window.length) {
      const window = Buffer.allocUnsafe(Math.max(length, CLI_LIMITS.reportReadSize))
      const count = this.#file === null ? 0 : readSync(this.#file, window, 0, window.length, at)
      this.#window = window.subarray(0, count)
      this.#at = at
    }
    return at - this.#at
  }
}
