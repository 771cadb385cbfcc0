import { createReadStream } from 'node:fs'
import { open } from 'node:fs/promises'
import { Readable } from 'node:stream'
import { CliError } from './cli-error.ts'
import { EXIT, exitCodeOfError } from './exit-codes.ts'
import { reasonOf } from './file-error.ts'
import { countItems } from '../jobs/input/count-items.ts'
import type { InputFormat } from '../jobs/input/input-format.ts'
import { readInput } from '../jobs/input/read-input.ts'
import type { InputItem } from '../jobs/job-item.ts'

/** How an input is read. */
export interface InputReading {
  readonly format: InputFormat
  /** Fetches a sitemap that an index names. */
  readonly open: (url: string) => Promise<AsyncIterable<Uint8Array>>
  /** Told what was passed over. */
  readonly note: (text: string) => void
}

/** The items of a run, arguments first, then the input, read as they are asked for. */
export class InputSource implements AsyncIterable<readonly InputItem[]> {
  readonly #urls: readonly string[]
  readonly #how: InputReading
  readonly #stream: Readable | null
  readonly #path: string
  #counting: Readable | null = null
  #stopped = false
  /** How many there are in all; -1 while that is not known, as with standard input. */
  total: number
  /** Device and inode of the input file; '' where it is none. */
  readonly identity: string

  private constructor(
    urls: readonly string[],
    how: InputReading,
    path: string,
    stream: Readable | null,
    identity: string,
  ) {
    this.#urls = urls
    this.#how = how
    this.#path = path
    this.#stream = stream
    this.identity = identity
    this.total = stream === null ? urls.length : -1
  }

  /** Opens the input: `stdin` where it is given, else the file or URL at `path`; '' for none. */
  static async open(
    urls: readonly string[],
    path: string,
    stdin: Readable | null,
    how: InputReading,
  ): Promise<InputSource> {
    if (path === '') return new InputSource(urls, how, '', null, '')
    if (stdin !== null) return new InputSource(urls, how, '', stdin, '')
    if (/^https?:/iu.test(path)) return new InputSource(urls, how, '', await fetched(path, how), '')
    try {
      const handle = await open(path)
      const facts = await handle.stat()
      if (facts.isDirectory()) {
        await handle.close()
        throw Object.assign(new Error('a folder'), { code: 'EISDIR' })
      }
      const source = new InputSource(urls, how, path, handle.createReadStream(), `${facts.dev}:${facts.ino}`)
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
    yield this.#urls.map((url) => ({ url, line: 0, item: null, problem: '' }))
    if (this.#stream === null) return
    try {
      const live = this.identity === '' && this.#path === ''
      yield* readInput(this.#stream, { ...this.#how, live })
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
    const countAll = async (): Promise<void> => {
      try {
        const count = await countItems(stream, this.#how.format)
        if (count !== null) this.total = this.#urls.length + count
      } catch {
        // It only means that the total stays unknown: the other reading tells of a failure.
      }
    }
    void countAll()
  }
}

async function fetched(url: string, { open: fetch }: InputReading): Promise<Readable> {
  try {
    return Readable.from(await fetch(url), { objectMode: false })
  } catch (error) {
    const code = exitCodeOfError((error as { code?: string }).code ?? '')
    throw new CliError(code, `cannot read the input ${url}: ${(error as Error).message}`, error)
  }
}
