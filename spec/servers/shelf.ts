import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'

/** Files that every server has: empty ones, small ones and large ones in turn, each naming itself throughout. */
export const FILES = 60
const LARGE = 100_000

/** What file `n` holds. */
export function fileOf(n: number): string {
  const name = `this is file ${String(n % FILES).padStart(3, '0')}\n`
  const lines = [0, 1, Math.ceil(LARGE / name.length)][n % 3]!
  return name.repeat(lines)
}

/** Writes them into the folder as `0.txt` and so on; `mark` goes into the middle of each. */
export function writeFiles(folder: string, mark = ''): void {
  mkdirSync(folder, { recursive: true })
  for (let n = 0; n < FILES; n++) {
    const text = fileOf(n)
    const middle = text.length >> 1
    writeFileSync(join(folder, `${n}.txt`), text.slice(0, middle) + mark + text.slice(middle))
  }
}
