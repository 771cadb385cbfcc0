import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const NAME = 'waiting-'

/** Where a run keeps the items that memory has no room for: in the job's folder, else in one of its own. */
export class SpillFolder {
  #path: string
  readonly #isOwn: boolean
  #count = 0

  /** `dir`: the job's folder; '': none. What a killed run has left in it goes. */
  constructor(dir: string) {
    this.#path = dir
    this.#isOwn = dir === ''
    if (dir === '') return
    for (const name of readdirSync(dir)) if (name.startsWith(NAME)) rmSync(join(dir, name), { force: true })
  }

  /** Of a new file. */
  path(): string {
    if (this.#path === '') this.#path = mkdtempSync(join(tmpdir(), 'trawl-'))
    return join(this.#path, NAME + ++this.#count)
  }

  close(): void {
    if (this.#isOwn && this.#path !== '') rmSync(this.#path, { recursive: true, force: true })
  }
}
