import { existsSync, lstatSync, type Stats } from 'node:fs'
import { access, lstat, open } from 'node:fs/promises'
import { dirname, resolve } from 'node:path'
import { PART_ENDING } from '../jobs/part-record.ts'
import type { BodySink, BodyStore } from './body-sink.ts'
import type { DiskPace } from './disk-pace.ts'
import { FileError, systemCode } from './file-error.ts'
import type { FileName } from './file-names.ts'
import { isOfJob } from './job-names.ts'
import { JobFile, type JobFolder } from './job-file.ts'
import { KeptFile } from './kept-file.ts'
import { CLI_LIMITS } from './limits.ts'
import { tryFolder, twiceError, type Existing, type OutputFolder } from './output-folder.ts'

/**
 * The files of a job. An item that is not finished may have its file all the same, when the process was killed between
 * the two: a file that is younger than the job is the job's own, and made anew. An older one is the user's.
 */
export class JobStore implements BodyStore, JobFolder {
  readonly pace: DiskPace
  readonly fsync: boolean
  readonly #folder: OutputFolder
  readonly #existing: Existing
  /** When the job began, ms since 1970. */
  readonly #since: number
  /** The job's folder; '' where it holds nothing that bodies could come upon. */
  readonly #jobDir: string
  readonly #underWay = new Set<string>()
  /** Folders that have names which may not be on the disk yet. */
  #named = new Set<string>()

  constructor(folder: OutputFolder, existing: Existing, since: number, fsync: boolean, jobDir = '') {
    this.#folder = folder
    this.#existing = existing
    this.#since = since
    this.#jobDir = jobDir
    this.fsync = fsync
    this.pace = folder.pace
  }

  isWritable(): Promise<boolean> {
    return this.#folder.isWritable()
  }

  place(url: URL, out: string): BodySink | Promise<BodySink> {
    const name = this.#folder.nameOf(url, out)
    if (isPartName(name.name)) return Promise.reject(partError(name.name))
    if (!this.pace.mayWait()) return this.#placeSlowly(name)
    const path = this.#folder.plainPath(name)
    if (isOfJob(path, this.#jobDir)) return Promise.reject(ownError(path))
    const started = performance.now()
    let facts: Stats | undefined
    try {
      facts = lstatSync(path, OR_UNDEFINED)
    } catch {
      return this.#placeSlowly(name)
    }
    const hasPart = facts === undefined && existsSync(`${path}${PART_ENDING}.json`)
    this.pace.took(performance.now() - started)
    if (facts !== undefined && facts.isDirectory()) return this.#placeSlowly(name)
    return this.#sink(path, facts, hasPart)
  }

  async #placeSlowly(name: FileName): Promise<BodySink> {
    const path = await this.#folder.locate(name)
    if (isOfJob(path, this.#jobDir)) throw ownError(path)
    const [facts, hasPart] = await Promise.all([
      lstat(path).catch(() => undefined),
      access(`${path}${PART_ENDING}.json`).then(
        () => true,
        () => false,
      ),
    ])
    return this.#sink(path, facts, hasPart)
  }

  /** Rejects where the path is taken. */
  #sink(path: string, facts: Stats | undefined, hasPart: boolean): BodySink | Promise<BodySink> {
    if (this.#underWay.has(path)) return Promise.reject(twiceError(path))
    const isForeign = facts !== undefined && facts.mtimeMs < this.#since - CLI_LIMITS.fileTimeSlack
    // No earlier run has left it: it is what another item of this one has brought. Nothing is held of names for that.
    const isOther = facts !== undefined && facts.mtimeMs > this.#folder.openedAt
    if ((isForeign || isOther) && this.#existing === 'skip') return new KeptFile(path)
    if (isForeign && this.#existing === 'refuse') return Promise.reject(olderError(path))
    if (isOther && this.#existing === 'refuse') return Promise.reject(otherError(path))
    this.#underWay.add(path)
    return new JobFile(this, path, hasPart, () => this.#underWay.delete(path))
  }

  async makeFolders(path: string): Promise<void> {
    await tryFolder(dirname(path))
    if (!this.fsync) return
    // Those that were made have names of their own.
    const top = resolve(this.#folder.path)
    for (let folder = dirname(resolve(path)); folder !== top; folder = dirname(folder)) {
      if (folder === dirname(folder)) break
      this.named(dirname(folder))
    }
  }

  named(folder: string): void {
    if (this.fsync) this.#named.add(folder)
  }

  /** Has the names on the disk that files were given, before the journal says so. */
  async sync(): Promise<void> {
    const folders = [...this.#named]
    this.#named = new Set()
    try {
      for (let at = 0; at < folders.length; at += CLI_LIMITS.foldersAtOnce) {
        await Promise.all(folders.slice(at, at + CLI_LIMITS.foldersAtOnce).map(syncFolder))
      }
    } catch (error) {
      // Nothing says which are on the disk now.
      for (const folder of folders) this.#named.add(folder)
      throw error
    }
  }
}

/** What stands beside a file on its way. */
const PART_ENDINGS = ['', '.json', '.json.new'].map((ending) => PART_ENDING + ending)

function isPartName(name: string): boolean {
  const small = name.toLowerCase()
  return PART_ENDINGS.some((ending) => small.endsWith(ending))
}

function partError(name: string): FileError {
  const shown = JSON.stringify(name)
  return new FileError(
    'ERR_FILE',
    `${shown} cannot be the name of a file: a name with ${PART_ENDING} at its end is kept for parts of others; give it another by out=`,
  )
}

/** --force is refused beside --job. */
function olderError(path: string): FileError {
  return new FileError(
    'ERR_FILE_EXISTS',
    `${path} is older than the job and is kept; move it away, or count it as done by --skip-existing`,
  )
}

function otherError(path: string): FileError {
  return new FileError(
    'ERR_FILE_EXISTS',
    `${path} was written in this run already, for another item; give each a name of its own by out=`,
  )
}

function ownError(path: string): FileError {
  return new FileError(
    'ERR_FILE',
    `${path} is a file of the job itself; give the item another name by out=, or the job another folder`,
  )
}

const OR_UNDEFINED = { throwIfNoEntry: false } as const

/** Not every system can. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (['EISDIR', 'EPERM', 'EACCES', 'ENOENT'].includes(systemCode(error))) return null
    throw error
  })
  try {
    await handle?.sync()
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP', 'EPERM'].includes(systemCode(error))) throw error
  } finally {
    await handle?.close()
  }
}
