import { constants, createReadStream } from 'node:fs'
import { link, open, rename, stat, unlink, type FileHandle } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { FileError, fileError, systemCode } from './file-error.ts'
import { FileWriter } from './file-writer.ts'
import { PART_ENDING, readRecord, writeRecord, type PartRecord } from './part-record.ts'

/** What there is to know of the version that a part is of. */
export type PartVersion = Omit<PartRecord, 'inode' | 'validator'> & { readonly validator: string | null }

/** Not through a link: in a folder that others write to it would lead to a file of somebody's choice. Windows has no such flag. */
const READ_AND_WRITE = constants.O_RDWR | (constants.O_NOFOLLOW ?? 0)

/** Paths that downloads of this process are working on. */
const busy = new Set<string>()

/**
 * A file on its way: written under another name in the same folder, and given its own when it is whole. Beside
 * it stands a record of its version, so that another process can go on with it.
 *
 * Processes do not lock each other out, since a lock would outlive a killed one. They cannot mix versions
 * either: a new version is a new inode, one inode takes the same bytes from whoever writes them, and the
 * inode is compared before the file gets its name.
 */
export class PartFile {
  readonly path: string
  readonly #part: string
  readonly #recordPath: string
  #handle: FileHandle | null = null
  #writer: FileWriter | null = null
  #version: PartVersion | null = null
  /** A record stands beside the part: after `reopen` or `write` this one's, before `begin` perhaps another's. */
  #hasRecord = true

  /** Throws FileError when another download of this process has the path. */
  constructor(path: string) {
    this.path = resolve(path)
    this.#part = this.path + PART_ENDING
    this.#recordPath = `${this.#part}.json`
    const taken = this.#names().find((name) => busy.has(name))
    if (taken !== undefined) {
      throw new FileError(
        'ERR_FILE_BUSY',
        taken,
        `another download is writing ${taken}; wait until it is done`,
      )
    }
    for (const name of this.#names()) busy.add(name)
  }

  /** Bytes given so far; 0 when nothing is open. */
  get size(): number {
    return this.#writer?.end ?? 0
  }

  /** Opens what an earlier download of this URL has left; null: nothing that can be gone on with. */
  async reopen(url: string): Promise<PartVersion | null> {
    const record = await readRecord(this.#recordPath)
    this.#hasRecord = record !== 'none'
    if (record === 'none' || record === 'bad' || record.url !== url) return null
    const handle = await open(this.#part, READ_AND_WRITE).catch(() => null)
    if (handle === null) return null
    const { ino, size } = await handle.stat({ bigint: true })
    const isOurs = ino.toString() === record.inode && size > 0n
    if (!isOurs || (record.total !== null && size > BigInt(record.total))) {
      await handle.close()
      return null
    }
    const left = record.total === null ? -1 : record.total - Number(size)
    this.#use(handle, Number(size), left)
    this.#version = record
    return record
  }

  /** Starts a version from its first byte, in a file of its own. */
  async begin(version: PartVersion): Promise<void> {
    await this.#close()
    // First: a record must never speak for a part that comes after it.
    await this.#removeRecord()
    try {
      this.#use(await this.#create(), 0, version.total ?? -1)
    } catch (error) {
      throw fileError('create', this.#part, error)
    }
    this.#version = version
  }

  /** Memory for the next bytes, never empty. To be filled from its beginning on, and told by `took`. */
  get room(): Uint8Array {
    return this.#writer!.room
  }

  /** The first `count` bytes of `room` are filled. Returns what to wait for before the next, if anything. */
  took(count: number): Promise<void> | undefined {
    const writer = this.#writer!
    const wait = writer.took(count)
    // A file that fits into one write needs no record: nothing of it is on the disk before all is.
    return this.#hasRecord || !writer.hasBegun || this.#version!.validator === null
      ? wait
      : this.#record(wait)
  }

  /** The next byte is number `position`, from 0. */
  async seek(position: number): Promise<void> {
    await this.#writer!.seek(position)
  }

  /** What is there of the file, from its first byte. */
  async *read(): AsyncGenerator<Uint8Array, void, void> {
    await this.#writer!.flush()
    const { size } = this
    if (size === 0) return
    try {
      yield* createReadStream(this.#part, { end: size - 1 }) as AsyncIterable<Uint8Array>
    } catch (error) {
      throw fileError('read', this.#part, error)
    }
  }

  /** All is here: gives the file its name. `replace`: also when a file of that name has come to stand there. */
  async finish(replace: boolean, fsync: boolean): Promise<void> {
    await this.#writer!.flush()
    const handle = this.#handle!
    try {
      if (fsync) await handle.sync()
      await this.#checkInode(handle)
      this.#handle = null
      await handle.close()
      await this.#giveName(replace)
      if (fsync) await syncFolder(dirname(this.path))
    } catch (error) {
      throw fileError('finish', this.path, error)
    }
    this.#writer = null
    await this.#removeRecord()
  }

  /** Gives up for now: what came stays where it can be gone on with, and is taken away where not. Whether it stays. */
  async leave(): Promise<boolean> {
    if (this.#writer === null) return false
    const canResume = this.#version?.validator !== null && this.size > 0
    if (!canResume) {
      await this.drop()
      return false
    }
    try {
      await this.#writer.flush()
      await this.#record()
    } catch {
      // The disk is full, or gone: what made us leave is told, and what was written before is kept.
    }
    await this.#close()
    return true
  }

  /** Takes away what there is of the file under its other name. */
  async drop(): Promise<void> {
    await this.#close()
    this.#version = null
    await this.#removeRecord()
    await remove(this.#part)
  }

  /** Others may have the path. */
  release(): void {
    for (const name of this.#names()) busy.delete(name)
  }

  #names(): string[] {
    return [this.path, this.#part, this.#recordPath]
  }

  #use(handle: FileHandle, position: number, expected: number): void {
    this.#handle = handle
    this.#writer = new FileWriter(handle, this.#part, position, expected)
  }

  async #record(wait?: Promise<void>): Promise<void> {
    await wait
    const { validator } = this.#version!
    if (this.#hasRecord || validator === null) return
    const inode = await this.#inode()
    await writeRecord(this.#recordPath, { ...this.#version!, validator, inode })
    this.#hasRecord = true
  }

  /** Asked for here, since a file that fits into one write has no use for it: a trip to the disk less. */
  async #inode(): Promise<string> {
    try {
      const { ino } = await this.#handle!.stat({ bigint: true })
      return ino.toString()
    } catch (error) {
      throw fileError('write', this.#part, error)
    }
  }

  async #removeRecord(): Promise<void> {
    if (this.#hasRecord) await remove(this.#recordPath)
    this.#hasRecord = false
  }

  /** Not truncated, if there is one, but made anew: who else has it open has another file then. */
  async #create(): Promise<FileHandle> {
    try {
      return await open(this.#part, 'wx')
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw error
    }
    await remove(this.#part)
    return open(this.#part, 'wx')
  }

  async #checkInode(handle: FileHandle): Promise<void> {
    const [own, named] = await Promise.all([
      handle.stat({ bigint: true }),
      stat(this.#part, { bigint: true }).catch(() => null),
    ])
    if (named?.ino === own.ino && own.size === BigInt(this.size)) return
    const message = `another process has changed ${this.#part} meanwhile; let one download write a path at a time`
    throw new FileError('ERR_FILE_BUSY', this.#part, message)
  }

  async #giveName(replace: boolean): Promise<void> {
    if (replace) {
      await rename(this.#part, this.path)
      return
    }
    try {
      await link(this.#part, this.path)
    } catch (error) {
      if (systemCode(error) === 'EEXIST') throw existsError(this.path)
      // FAT and some network mounts have no links.
      if ((await stat(this.path).catch(() => null)) !== null) throw existsError(this.path)
      await rename(this.#part, this.path)
      return
    }
    await remove(this.#part)
  }

  async #close(): Promise<void> {
    const handle = this.#handle
    // A write that is still under way must not find its file closed, or another's in its place.
    await this.#writer?.flush().catch(() => {})
    this.#handle = null
    this.#writer = null
    await handle?.close().catch(() => {})
  }
}

export function existsError(path: string): FileError {
  return new FileError('ERR_FILE_EXISTS', path, `${path} exists and is kept; exists: 'overwrite' replaces it`)
}

async function remove(path: string): Promise<void> {
  try {
    await unlink(path)
  } catch (error) {
    if (systemCode(error) !== 'ENOENT') throw fileError('remove', path, error)
  }
}

/** So that the new name, too, outlives a power cut. Not every system can. */
async function syncFolder(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
  } catch (error) {
    if (!['EISDIR', 'EPERM', 'EACCES', 'EINVAL', 'ENOTSUP'].includes(systemCode(error))) throw error
  }
}
