import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { removeWaitingFiles, waitingFile } from '../jobs/run/waiting-files.ts'

/** Where a run keeps the items that memory has no room for: in the job's folder, else in one of its own. */
export class SpillFolder {
  #path: string
  readonly #isOwn: boolean
  #count = 0

  /** `dir`: the job's folder; '': none. What a killed run has left in it goes. */
  constructor(dir: string) {
    this.#path = dir
    this.#isOwn = dir === ''
    if (dir !== '') removeWaitingFiles(dir)
  }

  /** Of a new file. */
  path(): string {
    if (this.#path === '') this.#path = mkdtempSync(join(tmpdir(), 'trawl-'))
    return waitingFile(this.#path, ++this.#count)
  }

  close(): void {
    if (this.#isOwn && this.#path !== '') rmSync(this.#path, { recursive: true, force: true })
  }
}
