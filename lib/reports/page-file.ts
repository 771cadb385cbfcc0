import { open, realpath, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { fileError } from '../jobs/file-error.ts'

/** A file that is written at the end of a run, whole or not at all: beside its name, then renamed. */
export class PageFile {
  readonly path: string
  /** Where `path` leads: a link stays one. */
  readonly #place: string

  private constructor(path: string, place: string) {
    this.path = path
    this.#place = place
  }

  /** Tries whether it can be written, and leaves nothing behind. Rejects with a FileError. */
  static async open(path: string): Promise<PageFile> {
    try {
      const place = await placeOf(path)
      const file = new PageFile(path, place)
      await (await open(file.#beside, 'wx')).close()
      await rm(file.#beside)
      return file
    } catch (error) {
      throw fileError('write', path, error)
    }
  }

  /** Rejects with a FileError, and then what was there before is there still. */
  async write(text: string): Promise<void> {
    let handle: FileHandle | null = null
    try {
      handle = await open(this.#beside, 'wx')
      await handle.writeFile(text)
      await handle.sync()
      await handle.close()
      await rename(this.#beside, this.#place)
    } catch (error) {
      await handle?.close().catch(() => undefined)
      if (handle !== null) await rm(this.#beside, { force: true }).catch(() => undefined)
      throw fileError('write', this.path, error)
    }
  }

  get #beside(): string {
    return `${this.#place}.${process.pid}.new`
  }
}

async function placeOf(path: string): Promise<string> {
  const found = await stat(path).catch(() => null)
  if (found === null) return path
  if (found.isFile()) return realpath(path)
  throw Object.assign(new Error('it is no file'), found.isDirectory() ? { code: 'EISDIR' } : {})
}
