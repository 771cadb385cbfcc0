import { randomBytes } from 'node:crypto'
import { lstat, mkdir, open, rm } from 'node:fs/promises'
import { join } from 'node:path'
import type { BodyStore } from './body-sink.ts'
import { CliError } from './cli-error.ts'
import { EXIT } from './exit-codes.ts'
import { FileError, existsError, reasonOf, systemCode } from './file-error.ts'
import { fileNameOf, otherFileName, otherFolderName, type FileName } from './file-names.ts'
import { OutputFile, type Occupant, type OpenPart, type OutputPlaces } from './output-file.ts'

/** The folder that bodies are written to, one file a URL. */
export class OutputFolder implements BodyStore, OutputPlaces {
  readonly path: string
  readonly force: boolean
  readonly #foldCase: boolean
  /** Tells this run's temporary files from those of others. No URL gives a name with `~part`. */
  readonly #run = randomBytes(4).toString('hex')
  #parts = 0
  /** Final paths of the files under way. */
  readonly #underWay = new Set<string>()

  private constructor(path: string, force: boolean) {
    this.path = path
    this.force = force
    this.#foldCase = process.platform === 'win32' || process.platform === 'darwin'
  }

  /** Makes the folder where it is missing, and tries whether files can be written to it. */
  static async open(path: string, force: boolean): Promise<OutputFolder> {
    const folder = new OutputFolder(path, force)
    const remedy = 'choose another --output-dir, or change its permissions'
    try {
      await mkdir(path, { recursive: true })
      const probe = folder.partPath(path)
      await (await open(probe, 'wx')).close()
      await rm(probe)
    } catch (error) {
      const reason = systemCode(error) === 'EEXIST' ? 'it is not a folder' : reasonOf(error)
      throw new CliError(EXIT.file, `cannot write to the output folder ${path}: ${reason}; ${remedy}`, error)
    }
    return folder
  }

  async place(url: URL): Promise<OutputFile> {
    const name = fileNameOf(url, this.#foldCase)
    const path = await this.#locate(name)
    if (!this.force) {
      if (this.#underWay.has(path)) {
        throw new FileError('ERR_FILE_EXISTS', `${path} is being written: the URL is twice in the list`)
      }
      if ((await this.occupant(path)) !== 'none') throw existsError(path)
    }
    this.#underWay.add(path)
    return new OutputFile(this, name, path, () => this.#underWay.delete(path))
  }

  /** A name in `folder` for a file that is not whole yet. */
  partPath(folder: string): string {
    return join(folder, `~part-${this.#run}-${++this.#parts}`)
  }

  /**
   * Opens a temporary file in the folder that `name` belongs to, and makes that folder. Between
   * looking and making, another item may have put a file there; then it is looked for anew.
   */
  async openPart(name: FileName): Promise<OpenPart> {
    for (let tries = 1; ; tries++) {
      const path = await this.#locate(name)
      const folder = join(path, '..')
      const part = this.partPath(folder)
      try {
        await mkdir(folder, { recursive: true })
        return { path, part, handle: await open(part, 'wx') }
      } catch (error) {
        const raced = ['EEXIST', 'ENOTDIR', 'ENOENT'].includes(systemCode(error))
        if (!raced || tries >= 5)
          throw new FileError('ERR_FILE', `cannot write ${part}: ${reasonOf(error)}`, error)
      }
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

  /** The path for `name`, around files that stand where it needs folders, and the reverse. */
  async #locate(name: FileName): Promise<string> {
    const plain = join(this.path, ...name.folders, name.name)
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
