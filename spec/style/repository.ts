import { execFileSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

export const root: string = join(import.meta.dirname, '../..')

const IGNORED = new Set(['node_modules', 'dist', 'coverage', '.git', 'demo-output'])

/** The repository's own files: what git knows or would add; without git, all but what is generated. */
export function listFiles(): string[] {
  return (listByGit() ?? listByWalking('')).filter((path) => existsSync(join(root, path))).toSorted()
}

export function read(path: string): string {
  return readFileSync(join(root, path), 'utf8')
}

function listByGit(): string[] | null {
  try {
    const args = ['ls-files', '--cached', '--others', '--exclude-standard', '-z']
    const text = execFileSync('git', args, {
      cwd: root,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    return text.split('\0').filter((path) => path !== '')
  } catch {
    return null
  }
}

function listByWalking(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    if (IGNORED.has(entry.name)) return []
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`
    return entry.isDirectory() ? listByWalking(path) : [path]
  })
}
