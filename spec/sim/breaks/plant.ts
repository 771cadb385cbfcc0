import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** One place of the code, made wrong. */
export interface Edit {
  readonly file: string
  /** Stands in the file once. */
  readonly find: string
  readonly replace: string
}

/** A fault that the simulation has to find. */
export interface Break {
  readonly name: string
  readonly edits: readonly Edit[]
}

/** What a copy of the project needs to live through worlds. */
const COPIED = ['lib', 'spec', 'package.json']

/** A copy of the project that faults are put into and taken out of: the checkout is never touched. */
export class Copy {
  readonly path: string
  readonly #saved = new Map<string, string>()

  private constructor(path: string) {
    this.path = path
  }

  static async make(root: string): Promise<Copy> {
    const path = await mkdtemp(join(tmpdir(), 'trawl-breaks-'))
    for (const name of COPIED) await cp(join(root, name), join(path, name), { recursive: true })
    await symlink(join(root, 'node_modules'), join(path, 'node_modules'))
    return new Copy(path)
  }

  /** Throws where a text to be replaced is not there, or not once: then the break is to be mended. */
  async plant({ name, edits }: Break): Promise<void> {
    for (const { file, find, replace } of edits) {
      const path = join(this.path, file)
      const text = await readFile(path, 'utf8')
      const count = text.split(find).length - 1
      if (count !== 1)
        throw new Error(`break "${name}": ${file} has its text ${count} times, not once: ${find}`)
      if (!this.#saved.has(path)) this.#saved.set(path, text)
      await writeFile(
        path,
        text.replace(find, () => replace),
      )
    }
  }

  /** Takes back all that was planted. */
  async restore(): Promise<void> {
    for (const [path, text] of this.#saved) await writeFile(path, text)
    this.#saved.clear()
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true })
  }
}
