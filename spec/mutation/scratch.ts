import { execFileSync } from 'node:child_process'
import { copyFileSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { listFiles, root } from '../style/repository.ts'

const LOCK = 'package-lock.json'

/**
 * A folder outside the checkout: Stryker writes into what it mutates. Its own packages are above the copy, and the
 * project's above those, so that each finds the other and neither is in the other's lock file.
 *
 *     node_modules -> the checkout's
 *     stryker/node_modules
 *     stryker/copy
 */
export class Scratch {
  readonly copy: string
  readonly #folder: string
  readonly #stryker: string

  constructor(folder: string) {
    this.#folder = folder
    this.#stryker = join(folder, 'stryker')
    this.copy = join(this.#stryker, 'copy')
  }

  get bin(): string {
    return join(this.#stryker, 'node_modules/@stryker-mutator/core/bin/stryker.js')
  }

  forget(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  make(): void {
    mkdirSync(this.#stryker, { recursive: true })
    const modules = join(this.#folder, 'node_modules')
    rmSync(modules, { force: true })
    symlinkSync(join(root, 'node_modules'), modules)
    this.#install()
    rmSync(this.copy, { recursive: true, force: true })
    for (const path of listFiles()) {
      mkdirSync(dirname(join(this.copy, path)), { recursive: true })
      copyFileSync(join(root, path), join(this.copy, path))
    }
  }

  #install(): void {
    const from = join(import.meta.dirname, 'stryker')
    const installed = join(this.#stryker, LOCK)
    const wanted = readFileSync(join(from, LOCK), 'utf8')
    if (existsSync(this.bin) && readFileSync(installed, 'utf8') === wanted) return
    for (const name of ['package.json', LOCK]) copyFileSync(join(from, name), join(this.#stryker, name))
    // Its peer, vitest, is the project's.
    execFileSync('npm', ['ci', '--legacy-peer-deps', '--ignore-scripts', '--no-audit', '--no-fund'], {
      cwd: this.#stryker,
      stdio: 'inherit',
    })
  }
}
