import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCode } from './file-error.ts'

/**
 * Makes a folder and those above it; one that exists is no failure. Node's own `recursive` makes
 * them over and over, for ever, where a folder takes no others but says ENOENT, as /proc does; and says ENOENT
 * itself, where a file system may only be read (24.21).
 */
export async function makeFolder(path: string, mode?: number): Promise<void> {
  if (await made(path, mode)) return
  const parent = dirname(path)
  if (parent !== path) await makeFolder(parent, mode)
  if (!(await made(path, mode))) await mkdir(path, { mode })
}

/** Whether the folder is there now; false where one above it is missing. */
async function made(path: string, mode: number | undefined): Promise<boolean> {
  try {
    await mkdir(path, { mode })
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return false
    if (await isFolder(path)) return true
    throw error
  }
  return true
}

async function isFolder(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory()
  } catch {
    return false
  }
}
