import { existsSync, mkdirSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { BODY_SIZES, type Site } from '../site.ts'

/** A list of URLs as each tool reads it. */
export type ListKind = 'urls' | 'curl'

/** The path of a list of the first `count` small files, written when it is first asked for. */
export function listOf(site: Site, kind: ListKind, count: number): string {
  const folder = join(site.folder, 'lists')
  const path = join(folder, `${kind}-${count}.txt`)
  if (!existsSync(path)) {
    mkdirSync(folder, { recursive: true })
    const lines = Array.from({ length: count }, (_, n) => line(site, kind, n))
    writeFileSync(path, lines.join(''))
  }
  return path
}

function line({ origin }: Site, kind: ListKind, n: number): string {
  const url = `${origin}/files/${n}.html`
  return kind === 'curl' ? `url = "${url}"\noutput = "${n}.html"\n` : `${url}\n`
}

/** Throws unless `folder` holds `count` files, each whole, and nothing else. */
export function checkFiles(folder: string, count: number): void {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile())
  const whole = files.filter(
    ({ parentPath, name }) => statSync(join(parentPath, name)).size === BODY_SIZES['/files/'],
  )
  const names = new Set(whole.map(({ name }) => name))
  const lacking = Array.from({ length: count }, (_, n) => `${n}.html`).filter((name) => !names.has(name))
  if (lacking.length === 0 && files.length === count) return
  throw new Error(
    `${lacking.length} of ${count} files are not there whole, as ${lacking[0]}; there are ${files.length} files`,
  )
}
