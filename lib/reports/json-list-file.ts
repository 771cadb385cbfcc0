import { Buffer } from 'node:buffer'
import { write } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import type { Clock } from '../core/clock.ts'
import { LIMITS } from '../core/limits.ts'

const COMMA = 44
const NEWLINE = 10
const NONE: Buffer = Buffer.alloc(0)

export interface JsonListOptions {
  /** What the file is called in a note: "HAR". */
  readonly name: string
  /** All before the first entry, up to the list's bracket. */
  readonly opening: string
  /** All behind the last entry, the list's bracket first. */
  readonly closing: string
  /** Go on behind the entries of a file that begins and ends so. */
  readonly goesOn: boolean
  readonly clock: Clock
  /** Told once what went wrong; the run goes on. */
  readonly note: (text: string) => void
}

/**
 * A JSON file with one long list in it, written as its entries come and never held whole. Each write puts
 * entries in the place of the closing brackets, and these behind them: a killed run leaves a file that is whole.
 */
export class JsonListFile {
  readonly #handle: FileHandle
  readonly #path: string
  readonly #options: JsonListOptions
  readonly #closing: Buffer
  /** Where the closing brackets stand in the file. */
  #end: number
  #isEmpty: boolean
  /** What is gathered for the next write: as bytes, because strings that are held so long cost the collector. */
  #chunk: Buffer = NONE
  #filled = 0
  /** What waits for the write before it, and how many bytes that are. */
  #full: Buffer[] = []
  #fullSize = 0
  /** Memory for the next chunks: no more than once waited at a time. */
  #spare: Buffer[] = []
  /** Entries that nobody could keep: the disk was too slow. */
  #left = 0
  #writing: Promise<void> | null = null
  #cancelFlush: (() => void) | null = null
  #failed = false
  #repair: Promise<void> | null = null

  private constructor(
    handle: FileHandle,
    path: string,
    options: JsonListOptions,
    end: number,
    isEmpty: boolean,
  ) {
    this.#handle = handle
    this.#path = path
    this.#options = options
    this.#closing = Buffer.from(`\n${options.closing}\n`)
    this.#end = end
    this.#isEmpty = isEmpty
  }

  /** Rejects with the system's error where the file cannot be written. */
  static async open(path: string, options: JsonListOptions): Promise<JsonListFile> {
    const { opening, closing } = options
    if (options.goesOn) {
      const known = await reopen(path, opening, `\n${closing}\n`)
      if (known !== null) return new JsonListFile(known.handle, path, options, known.end, known.isEmpty)
    }
    const handle = await open(path, 'w')
    try {
      await handle.writeFile(`${opening}\n${closing}\n`)
    } catch (error) {
      await handle.close()
      throw error
    }
    return new JsonListFile(handle, path, options, Buffer.byteLength(opening), true)
  }

  /** Whether nothing is written any more, because a write has failed. */
  get failed(): boolean {
    return this.#failed
  }

  /** One entry, or several with commas between them, as JSON. */
  add(entry: string): void {
    if (this.#failed) return
    if (this.#fullSize > LIMITS.reportBuffer) {
      this.#left++
      return
    }
    // A character has 3 bytes at most, or 2 of it have 4; 2 are for what stands between entries.
    const most = entry.length * 3 + 2 + this.#closing.length
    if (most > this.#chunk.length - this.#filled) this.#nextChunk(most, entry)
    const chunk = this.#chunk
    if (!this.#isEmpty) chunk[this.#filled++] = COMMA
    chunk[this.#filled++] = NEWLINE
    this.#isEmpty = false
    this.#filled += chunk.write(entry, this.#filled)
    if (this.#filled >= LIMITS.reportWriteSize) this.#flush()
    else this.#cancelFlush ??= this.#options.clock.after(LIMITS.reportFlushInterval, () => this.#flush())
  }

  /** All that was added is in the file. Never rejects: what goes wrong is noted. */
  async close(): Promise<void> {
    this.#flush()
    await this.#writing
    if (this.#left > 0 && !this.#failed) {
      const { name, note } = this.#options
      note(`the ${name} ${this.#path} lacks ${this.#left} entries: they came faster than the disk took them`)
    }
    await this.#repair
    await this.#handle.close().catch((error: unknown) => this.#fail(error))
  }

  /** `most`: bytes that `entry` may need, with what stands around it. */
  #nextChunk(most: number, entry: string): void {
    this.#flush()
    const size = LIMITS.reportWriteSize
    if (most > size) {
      this.#chunk = Buffer.allocUnsafe(Buffer.byteLength(entry) + 2 + this.#closing.length)
      return
    }
    this.#chunk = this.#spare.pop() ?? Buffer.allocUnsafeSlow(size)
  }

  /** What is gathered is written now, or once what is before it has been. */
  #flush(): void {
    this.#cancelFlush?.()
    this.#cancelFlush = null
    if (this.#filled === 0) return
    this.#full.push(this.#chunk.subarray(0, this.#filled))
    this.#fullSize += this.#filled
    this.#chunk = NONE
    this.#filled = 0
    this.#writing ??= this.#write()
  }

  /** Never rejects. */
  async #write(): Promise<void> {
    try {
      for (let next = this.#full.shift(); next !== undefined; next = this.#full.shift()) {
        this.#fullSize -= next.length
        await this.#writeAll(next)
      }
    } catch (error) {
      this.#fail(error)
    }
    this.#writing = null
  }

  /** In one write, the brackets too, so that a kill hardly ever finds it half done; the system may take less. */
  async #writeAll(entries: Buffer): Promise<void> {
    const { buffer, byteOffset, length } = entries
    const data = Buffer.from(buffer, byteOffset, length + this.#closing.length)
    this.#closing.copy(data, length)
    let at = 0
    while (at < data.length) at += await writeSome(this.#handle.fd, data, at, this.#end + at)
    this.#end += length
    if (buffer.byteLength === LIMITS.reportWriteSize) this.#spare.push(Buffer.from(buffer))
  }

  #fail(error: unknown): void {
    this.#chunk = NONE
    this.#filled = 0
    this.#full = []
    this.#fullSize = 0
    this.#cancelFlush?.()
    this.#cancelFlush = null
    if (this.#failed) return
    this.#failed = true
    const reason = error instanceof Error ? error.message : String(error)
    const { name, note } = this.#options
    note(`the ${name} ${this.#path} is written no further: ${reason}`)
    this.#repair = this.#takeBack()
  }

  /** Part of a batch may be there, without brackets behind it. */
  async #takeBack(): Promise<void> {
    try {
      await this.#handle.truncate(this.#end)
      await writeSome(this.#handle.fd, this.#closing, 0, this.#end)
    } catch {
      // It was said already that the file is not whole.
    }
  }
}

/** A file of an earlier run, to go on with; null: there is none, or it is something else. */
async function reopen(
  path: string,
  opening: string,
  closing: string,
): Promise<{ handle: FileHandle; end: number; isEmpty: boolean } | null> {
  let handle: FileHandle
  try {
    handle = await open(path, 'r+')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
  const { size } = await handle.stat()
  const first = Buffer.byteLength(opening)
  const end = size - Buffer.byteLength(closing)
  const isOurs =
    end >= first &&
    (await textAt(handle, 0, first)) === opening &&
    (await textAt(handle, end, size - end)) === closing
  if (isOurs) return { handle, end, isEmpty: end === first }
  await handle.close()
  return null
}

async function textAt(handle: FileHandle, position: number, length: number): Promise<string> {
  const { buffer, bytesRead } = await handle.read(Buffer.alloc(length), 0, length, position)
  return buffer.toString('utf8', 0, bytesRead)
}

function writeSome(fd: number, data: Buffer, at: number, position: number): Promise<number> {
  return new Promise((resolve, reject) => {
    write(fd, data, at, data.length - at, position, (error, count) => {
      if (error !== null) reject(error)
      else if (count === 0) reject(new Error('nothing was written'))
      else resolve(count)
    })
  })
}
