import { lstatSync } from 'node:fs'
import { access, constants, lstat, open, rm } from 'node:fs/promises'
import { dirname, join, sep } from 'node:path'
import type { BodySink, BodyStore } from './body-sink.ts'
import { CliError } from './cli-error.ts'
import { DiskPace } from './disk-pace.ts'
import { EXIT } from './exit-codes.ts'
import { FileError, existsError, reasonOf, systemCode } from './file-error.ts'
import { fileNameOf, otherFileName, otherFolderName, type FileName } from './file-names.ts'
import { KeptFile } from './kept-file.ts'
import { makeFolder } from '../jobs/make-folder.ts'
import { newSeed } from '../jobs/journal/key.ts'
import { outNameOf } from './out-name.ts'
import { OutputFile, type Occupant, type OpenPart, type OutputPlaces } from './output-file.ts'

/** What becomes of a file that stands where a body belongs: it is an error of that item, it counts as done, it goes. */
export type Existing = 'refuse' | 'skip' | 'replace'

/** The folder that bodies are written to, one file a URL. */
export class OutputFolder implements BodyStore, OutputPlaces {
  readonly path: string
  readonly force: boolean
  readonly pace: DiskPace
  /** By the clock of its file system, which may be another machine's: ms since 1970. */
  openedAt: number = Infinity
  readonly #skipExisting: boolean
  /** What all paths begin with. */
  readonly #start: string
  readonly #foldCase: boolean
  /** Tells this run's temporary files from those of others. No URL gives a name with `~part`. */
  readonly #run: string = newSeed()
  #parts = 0
  /** Final paths of the files under way. */
  readonly #underWay = new Set<string>()

  private constructor(path: string, existing: Existing, pace: DiskPace) {
    this.path = path
    this.force = existing === 'replace'
    this.#skipExisting = existing === 'skip'
    this.pace = pace
    this.#start = join(path, 'x').slice(0, -1)
    this.#foldCase = process.platform === 'win32' || process.platform === 'darwin'
  }

  /** Makes the folder where it is missing, and tries whether files can be written to it. */
  static async open(
    path: string,
    existing: Existing,
    pace: DiskPace = new DiskPace(),
  ): Promise<OutputFolder> {
    const folder = new OutputFolder(path, existing, pace)
    const remedy = 'choose another --output-dir, or change its permissions'
    try {
      await makeFolder(path)
      const probe = folder.partPath(path)
      const handle = await open(probe, 'wx')
      folder.openedAt = (await handle.stat()).mtimeMs
      await handle.close()
      await rm(probe)
    } catch (error) {
      const reason = systemCode(error) === 'EEXIST' ? 'it is not a folder' : reasonOf(error)
      throw new CliError(EXIT.file, `cannot write to the output folder ${path}: ${reason}; ${remedy}`, error)
    }
    return folder
  }

  /** Where the body of `url` belongs; `out`: where the list says so. Throws FileError. */
  nameOf(url: URL, out: string): FileName {
    return out === '' ? fileNameOf(url, this.#foldCase) : outNameOf(out)
  }

  isWritable(): Promise<boolean> {
    return access(this.path, constants.W_OK).then(
      () => true,
      () => false,
    )
  }

  place(url: URL, out = ''): BodySink | Promise<BodySink> {
    const name = this.nameOf(url, out)
    const path = this.plainPath(name)
    if (!this.pace.mayWait()) return this.#placeSlowly(name)
    const started = performance.now()
    const occupant = occupantNow(path)
    this.pace.took(performance.now() - started)
    if (occupant !== 'none' && occupant !== 'file') return this.#placeSlowly(name)
    if (!this.force) {
      if (this.#underWay.has(path)) return Promise.reject(twiceError(path))
      if (occupant === 'file') return this.#kept(path)
    }
    this.#underWay.add(path)
    return new OutputFile(this, name, path, () => this.#underWay.delete(path))
  }

  async #placeSlowly(name: FileName): Promise<BodySink> {
    const path = await this.locate(name)
    if (this.force) {
      this.#underWay.add(path)
    } else {
      if (this.#underWay.has(path)) throw twiceError(path)
      // Taken before it is looked at: a second one of the same URL may be a moment behind.
      this.#underWay.add(path)
      const occupant = await this.occupant(path).catch((error: unknown) => {
        this.#underWay.delete(path)
        throw error
      })
      if (occupant !== 'none') {
        this.#underWay.delete(path)
        return this.#kept(path)
      }
    }
    return new OutputFile(this, name, path, () => this.#underWay.delete(path))
  }

  /** A file stands there. */
  #kept(path: string): BodySink | Promise<never> {
    return this.#skipExisting ? new KeptFile(path) : Promise.reject(existsError(path))
  }

  /** A name in `folder` for a file that is not whole yet. */
  partPath(folder: string): string {
    return `${folder}${sep}~part-${this.#run}-${++this.#parts}`
  }

  /**
   * Opens a temporary file beside `path`, which is where `name` belonged when it was placed. Where
   * the folder is missing it is made; another item may have put a file there since, so it is looked
   * for anew.
   */
  async openPart(name: FileName, path: string): Promise<OpenPart> {
    for (let tries = 1; ; tries++) {
      const part = this.partPath(dirname(path))
      try {
        return { path, part, handle: await open(part, 'wx') }
      } catch (error) {
        const missing = ['ENOENT', 'ENOTDIR'].includes(systemCode(error))
        if (!missing || tries > 5) throw writeError(part, error)
      }
      path = await this.locate(name)
      await tryFolder(dirname(path))
    }
  }

  async occupant(path: string): Promise<Occupant> {
    try {
      return (await lstat(path)).isDirectory() ? 'folder' : 'file'
    } catch (error) {
      const code = systemCode(error)
      if (code === 'ENOENT') return 'none'
      if (code === 'ENOTDIR') return 'blocked'
      throw new FileError('ERR_FILE', `cannot look at ${path}: ${reasonOf(error)}`, error)
    }
  }

  /** Its names hold nothing that `join` would have to look for. */
  plainPath({ folders, name }: FileName): string {
    return this.#start + (folders.length === 0 ? name : folders.join(sep) + sep + name)
  }

  /** The path for `name`, around files that stand where it needs folders, and the reverse. */
  async locate(name: FileName): Promise<string> {
    const plain = this.plainPath(name)
    const occupant = await this.occupant(plain)
    if (occupant === 'none' || occupant === 'file') return plain
    if (occupant === 'folder') return otherFileName(plain)
    let folder = this.path
    for (const part of name.folders) {
      const next = join(folder, part)
      folder = (await this.occupant(next)) === 'file' ? otherFolderName(next) : next
    }
    const path = join(folder, name.name)
    return (await this.occupant(path)) === 'folder' ? otherFileName(path) : path
  }
}

/** As `OutputFolder.occupant`, but waits for the disk; what it cannot tell at once is 'blocked'. */
function occupantNow(path: string): Occupant {
  try {
    const facts = lstatSync(path, OR_UNDEFINED)
    if (facts === undefined) return 'none'
    return facts.isDirectory() ? 'folder' : 'file'
  } catch {
    return 'blocked'
  }
}

/** A missing file is the rule here, and an error would cost more than all the rest. */
const OR_UNDEFINED = { throwIfNoEntry: false } as const

export function twiceError(path: string): FileError {
  return new FileError('ERR_FILE_EXISTS', `${path} is being written: the URL is twice in the list`)
}

/** A file in the way is no failure yet: the folder goes by another name then. */
export async function tryFolder(path: string): Promise<void> {
  try {
    await makeFolder(path)
  } catch (error) {
    if (!['EEXIST', 'ENOTDIR', 'ENOENT'].includes(systemCode(error))) throw writeError(path, error)
  }
}

function writeError(path: string, error: unknown): FileError {
  return new FileError('ERR_FILE', `cannot write ${path}: ${reasonOf(error)}`, error)
}
