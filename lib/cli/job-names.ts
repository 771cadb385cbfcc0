import { realpathSync } from 'node:fs'
import { basename, dirname, resolve } from 'node:path'

/** What a job has in its folder. */
const NAMES: ReadonlySet<string> = new Set(['journal.jsonl', 'lock', 'owner', 'command.json'])

/** Whether a path is that of a file which a job needs for itself. `dir`: its folder; '': it is no job. */
export function isOfJob(path: string, dir: string): boolean {
  if (dir === '') return false
  // Some file systems take both cases for one name.
  const name = basename(path).toLowerCase()
  if (!NAMES.has(name) && !name.startsWith('waiting-')) return false
  return realPath(dirname(resolve(path))) === realPath(dir)
}

/** Through links, where there is something. */
export function realPath(path: string): string {
  try {
    return realpathSync(path)
  } catch {
    return resolve(path)
  }
}
