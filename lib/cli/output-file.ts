import { link, rename, rm, type FileHandle } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { BodySink } from './body-sink.ts'
import type { DiskPace } from './disk-pace.ts'
import { FileError, existsError, reasonOf, systemCode } from './file-error.ts'
import { otherFileName, type FileName } from './file-names.ts'
import { CLI_LIMITS } from './limits.ts'
import { storeAtOnce } from './store-at-once.ts'

/** What stands at a path. `blocked`: a file stands where one of its folders should. */
export type Occupant = 'none' | 'folder' | 'file' | 'blocked'

/** A temporary file, opened, and the path it is for. */
export interface OpenPart {
  readonly path: string
  readonly part: string
  readonly handle: FileHandle
}

/** What a file has to ask its folder. */
export interface OutputPlaces {
  /** Whether a file that exists is replaced. */
  readonly force: boolean
  readonly pace: DiskPace
  partPath(folder: string): string
  occupant(path: string): Promise<Occupant>
  openPart(name: FileName, path: string): Promise<OpenPart>
}

/**
 * One body on its way to its file. It is written under a temporary name in the same folder, and
 * gets its own name when it is whole: nobody ever sees half of it under that name.
 */
export class OutputFile implements BodySink {
  readonly #folder: OutputPlaces
  readonly #name: FileName
  #release: (() => void) | null
  #path: string
  #part = ''
  #handle: FileHandle | null = null
  #waiting: Uint8Array[] = []
  #waitingSize = 0

  constructor(folder: OutputPlaces, name: FileName, path: string, release: () => void) {
    this.#folder = folder
    this.#name = name
    this.#path = path
    this.#release = release
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    this.#waiting.push(chunk)
    this.#waitingSize += chunk.length
    return this.#waitingSize >= CLI_LIMITS.writeSize ? this.#flush() : undefined
  }

  commit(): string | Promise<string> {
    if (this.#handle !== null || !this.#storeNow()) return this.#commitSlowly()
    this.#leave()
    return this.#path
  }

  /** A body that is still in memory, as all small ones are: whether it has its file already. */
  #storeNow(): boolean {
    const { pace, force } = this.#folder
    if (!pace.mayWait()) return false
    const part = this.#folder.partPath(dirname(this.#path))
    const started = performance.now()
    const outcome = storeAtOnce(part, this.#path, wholeOf(this.#waiting), force)
    pace.took(performance.now() - started)
    if (outcome === 'failed') pace.failed()
    return outcome === 'stored'
  }

  async #commitSlowly(): Promise<string> {
    try {
      await this.#flush()
      await this.#close()
      await this.#giveName()
    } catch (error) {
      await this.discard()
      throw error
    }
    this.#leave()
    return this.#path
  }

  async restart(): Promise<boolean> {
    await this.#drop()
    return true
  }

  async discard(): Promise<void> {
    try {
      await this.#drop()
    } finally {
      this.#leave()
    }
  }

  /** What was written so far goes; the name stays taken. */
  async #drop(): Promise<void> {
    this.#waiting = []
    this.#waitingSize = 0
    const part = this.#part
    this.#part = ''
    try {
      await this.#close()
    } finally {
      if (part !== '') await rm(part, { force: true })
    }
  }

  /** Frees the name for others, once: by then it may be theirs. */
  #leave(): void {
    this.#release?.()
    this.#release = null
  }

  async #flush(): Promise<void> {
    if (this.#handle === null) {
      const { path, part, handle } = await this.#folder.openPart(this.#name, this.#path)
      this.#path = path
      this.#part = part
      this.#handle = handle
    }
    const chunks = this.#waiting
    this.#waiting = []
    this.#waitingSize = 0
    if (chunks.length === 0) return
    try {
      // Not writev, which may write less than it was given.
      await this.#handle.writeFile(wholeOf(chunks))
    } catch (error) {
      throw new FileError('ERR_FILE', `cannot write ${this.#part}: ${reasonOf(error)}`, error)
    }
  }

  async #close(): Promise<void> {
    const handle = this.#handle
    this.#handle = null
    try {
      await handle?.close()
    } catch (error) {
      throw new FileError('ERR_FILE', `cannot finish ${this.#part}: ${reasonOf(error)}`, error)
    }
  }

  async #giveName(): Promise<void> {
    try {
      await this.#moveTo(this.#path)
    } catch (error) {
      // A folder of that name has come since: /a was on its way while /a/b was stored.
      if ((await this.#folder.occupant(this.#path)) === 'folder') {
        this.#path = otherFileName(this.#path)
        await this.#moveTo(this.#path)
      } else {
        throw error
      }
    }
  }

  /** Replaces nothing unless told to, and that without a gap between looking and moving. */
  async #moveTo(path: string): Promise<void> {
    try {
      if (this.#folder.force) {
        await rename(this.#part, path)
      } else {
        await this.#linkTo(path)
        await rm(this.#part, { force: true })
      }
    } catch (error) {
      if (systemCode(error) === 'EEXIST' && !this.#folder.force) throw existsError(path, error)
      throw error instanceof FileError
        ? error
        : new FileError('ERR_FILE', `cannot name ${path}: ${reasonOf(error)}`, error)
    }
  }

  async #linkTo(path: string): Promise<void> {
    try {
      await link(this.#part, path)
    } catch (error) {
      if (!NO_LINKS.has(systemCode(error))) throw error
      if ((await this.#folder.occupant(path)) !== 'none') throw existsError(path)
      await rename(this.#part, path)
    }
  }
}

function wholeOf(chunks: readonly Uint8Array[]): Uint8Array {
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
}

/** What file systems without hard links answer: FAT, some network and container mounts. */
const NO_LINKS: ReadonlySet<string> = new Set([
  'EPERM',
  'ENOSYS',
  'ENOTSUP',
  'EOPNOTSUPP',
  'EMLINK',
  'EINVAL',
])
