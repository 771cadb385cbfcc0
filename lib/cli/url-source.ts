import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import type { Readable } from 'node:stream'
import { CliError } from './cli-error.ts'
import { EXIT } from './exit-codes.ts'
import { reasonOf } from './file-error.ts'
import { countItems, readItems, type InputItem } from './input.ts'

/** The items of a run, arguments first, then the input, read as they are asked for. */
export class UrlSource implements AsyncIterable<readonly InputItem[]> {
  readonly #urls: readonly string[]
  readonly #stream: Readable | null
  readonly #path: string
  #counting: Readable | null = null
  #stopped = false
  /** How many there are in all; -1 while that is not known, as with standard input. */
  total: number
  /** Device and inode of the input file; '' where it is none. */
  readonly identity: string

  private constructor(urls: readonly string[], path: string, stream: Readable | null, identity: string) {
    this.#urls = urls
    this.#path = path
    this.#stream = stream
    this.identity = identity
    this.total = stream === null ? urls.length : -1
  }

  /** Opens the input: `stdin` where it is given, else the file at `path`; '' for none. */
  static async open(urls: readonly string[], path: string, stdin: Readable | null): Promise<UrlSource> {
    if (path === '') return new UrlSource(urls, '', null, '')
    if (stdin !== null) return new UrlSource(urls, '', stdin, '')
    try {
      const handle = await open(path)
      const facts = await handle.stat()
      if (facts.isDirectory()) {
        await handle.close()
        throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
      }
      const source = new UrlSource(urls, path, handle.createReadStream(), `${facts.dev}:${facts.ino}`)
      if (facts.isFile()) source.#countInBackground()
      return source
    } catch (error) {
      throw new CliError(
        EXIT.file,
        `cannot read the input ${path}: ${reasonOf(error)}; check its path and permissions`,
        error,
      )
    }
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<readonly InputItem[], void, void> {
    yield this.#urls.map((text) => ({ text, line: 0, tooLong: false }))
    if (this.#stream === null) return
    try {
      yield* readItems(this.#stream)
    } catch (error) {
      if (!this.#stopped) throw error
    }
  }

  /** Ends the iteration, also where it waits for standard input. */
  stop(): void {
    this.#stopped = true
    this.#stream?.destroy()
    this.#counting?.destroy()
  }

  /** A second, fast reading, so that the progress can tell how much is left. */
  #countInBackground(): void {
    const stream = createReadStream(this.#path)
    this.#counting = stream
    const count = async (): Promise<void> => {
      try {
        this.total = this.#urls.length + (await countItems(stream))
      } catch {
        // It only means that the total stays unknown: the other reading tells of a failure.
      }
    }
    void count()
  }
}
