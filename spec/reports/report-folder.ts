import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A folder for what a report writes. */
export class ReportFolder implements Disposable {
  readonly #path = mkdtempSync(join(tmpdir(), 'trawl-report-'))

  file(name: string): string {
    return join(this.#path, name)
  }

  text(name: string): string {
    return readFileSync(this.file(name), 'utf8')
  }

  json(name: string): unknown {
    return JSON.parse(this.text(name))
  }

  [Symbol.dispose](): void {
    rmSync(this.#path, { recursive: true, force: true })
  }
}
