import { closeSync, constants, fdatasyncSync, openSync, renameSync, writeSync } from 'node:fs'
import { dirname } from 'node:path'
import type { Response, StreamResponse } from '../index.ts'
import { PartFile } from '../jobs/part-file.ts'
import { PART_ENDING } from '../jobs/part-record.ts'
import { partVersion } from '../jobs/part-version.ts'
import type { BodySink } from './body-sink.ts'
import type { DiskPace } from './disk-pace.ts'
import { CLI_LIMITS } from './limits.ts'

/** What the files of a job have in common. */
export interface JobFolder {
  readonly pace: DiskPace
  /** Have a file on the disk before it counts as done. */
  readonly fsync: boolean
  /** Makes the folders above `path` that are missing. */
  makeFolders(path: string): Promise<void>
  /** A name was given in this folder: it is to be on the disk before the journal says so. */
  named(folder: string): void
}

/**
 * One body of a job on its way to its file. A small one is stored at once, when all of it is here; of a larger one
 * the part on the disk, with a record of its version beside it, can be gone on with after the process was killed.
 */
export class JobFile implements BodySink {
  readonly partAt: string
  readonly #folder: JobFolder
  #url: URL | null = null
  readonly #path: string
  #release: (() => void) | null
  #waiting: Uint8Array[] = []
  #waitingSize = 0
  #part: PartFile | null = null
  #response: Response | StreamResponse | null = null
  /** There may be a part beside, with a record that says of which version it is. */
  #mayHavePart: boolean

  /** `hasPart`: an earlier try has left one. */
  constructor(folder: JobFolder, path: string, hasPart: boolean, release: () => void) {
    this.#folder = folder
    this.#path = path
    this.#mayHavePart = hasPart
    this.#release = release
    this.partAt = hasPart ? path : ''
  }

  begin(response: Response | StreamResponse, url: URL): void {
    this.#response = response
    this.#url = url
  }

  write(chunk: Uint8Array): Promise<void> | undefined {
    if (this.#part !== null) return this.#copy(chunk)
    this.#waiting.push(chunk)
    this.#waitingSize += chunk.length
    return this.#waitingSize < CLI_LIMITS.writeSize ? undefined : this.#openPart()
  }

  commit(): string | Promise<string> {
    if (this.#part !== null || !this.#storeNow()) return this.#commitSlowly()
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

  async leave(): Promise<string> {
    const part = this.#part
    this.#part = null
    this.#forget()
    if (part === null) return ''
    this.#mayHavePart = true
    try {
      return (await part.leave()) ? this.#path : ''
    } finally {
      part.release()
    }
  }

  finished(): void {
    this.#leave()
  }

  /** A body that is still in memory, as all small ones are: whether it has its file now. */
  #storeNow(): boolean {
    const { pace, fsync } = this.#folder
    // The record must not come to speak for what is written over its part.
    if (this.#mayHavePart || !pace.mayWait()) return false
    const started = performance.now()
    const isStored = storeNow(this.#path, this.#waiting, fsync)
    pace.took(performance.now() - started)
    if (isStored) this.#folder.named(dirname(this.#path))
    return isStored
  }

  async #commitSlowly(): Promise<string> {
    try {
      if (this.#part === null) await this.#openPart()
      await this.#part!.finish(true, this.#folder.fsync)
      this.#part!.release()
      this.#part = null
    } catch (error) {
      await this.discard()
      throw error
    }
    this.#leave()
    return this.#path
  }

  async #openPart(): Promise<void> {
    await this.#folder.makeFolders(this.#path)
    this.#part = new PartFile(this.#path)
    await this.#part.begin(partVersion(this.#url!, this.#response!, Date.now()))
    const chunks = this.#waiting
    this.#forget()
    for (const chunk of chunks) await this.#copy(chunk)
  }

  async #copy(chunk: Uint8Array): Promise<void> {
    let at = 0
    while (at < chunk.length) {
      const { room } = this.#part!
      const count = Math.min(room.length, chunk.length - at)
      room.set(chunk.subarray(at, at + count))
      await this.#part!.took(count)
      at += count
    }
  }

  async #drop(): Promise<void> {
    const part = this.#part
    this.#part = null
    this.#forget()
    if (part === null) return
    try {
      await part.drop()
    } finally {
      part.release()
    }
  }

  #forget(): void {
    this.#waiting = []
    this.#waitingSize = 0
  }

  #leave(): void {
    this.#release?.()
    this.#release = null
  }
}

/** What a killed run has left under that name is overwritten; but not through a link. */
const ANEW = constants.O_WRONLY | constants.O_CREAT | constants.O_TRUNC | (constants.O_NOFOLLOW ?? 0)

/** Where it fails the slower way is tried, which knows what to do about it and what to say. */
function storeNow(path: string, chunks: readonly Uint8Array[], fsync: boolean): boolean {
  const part = path + PART_ENDING
  try {
    const file = openSync(part, ANEW)
    try {
      const body = chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks)
      if (body.length > 0 && writeSync(file, body) < body.length) return false
      if (fsync) fdatasyncSync(file)
    } finally {
      closeSync(file)
    }
    renameSync(part, path)
    return true
  } catch {
    return false
  }
}
