import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const ROOT = join(import.meta.dirname, '..')
/** What it takes to run scripts and specs. */
const COPIED = ['lib', 'spec', 'package.json', 'tsconfig.json', 'vitest.config.ts']

/** A copy of the project, in which code is made wrong and mended again: the checkout is never touched. */
export class ProjectCopy {
  readonly path: string
  readonly #saved = new Map<string, string>()

  private constructor(path: string) {
    this.path = path
  }

  static async make(): Promise<ProjectCopy> {
    const path = await mkdtemp(join(tmpdir(), 'trawl-copy-'))
    for (const name of COPIED) await cp(join(ROOT, name), join(path, name), { recursive: true })
    await symlink(join(ROOT, 'node_modules'), join(path, 'node_modules'))
    return new ProjectCopy(path)
  }

  async change(file: string, edit: (text: string) => string): Promise<void> {
    const path = join(this.path, file)
    const text = await readFile(path, 'utf8')
    const edited = edit(text)
    if (!this.#saved.has(path)) this.#saved.set(path, text)
    await writeFile(path, edited)
  }

  /** Takes back all that was changed. */
  async restore(): Promise<void> {
    for (const [path, text] of this.#saved) await writeFile(path, text)
    this.#saved.clear()
  }

  remove(): Promise<void> {
    return rm(this.path, { recursive: true, force: true })
  }
}
