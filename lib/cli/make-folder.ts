import { mkdir, stat } from 'node:fs/promises'
import { dirname } from 'node:path'
import { systemCode } from './file-error.ts'

/**
 * Makes a folder and those above it; one that exists is no failure. Node's own `recursive` makes
 * them over and over, for ever, where a folder takes no others but says ENOENT, as /proc does.
 */
export async function makeFolder(path: string): Promise<void> {
  if (await made(path)) return
  const parent = dirname(path)
  if (parent !== path) await makeFolder(parent)
  if (!(await made(path))) await mkdir(path)
}

/** Whether the folder is there now; false where one above it is missing. */
async function made(path: string): Promise<boolean> {
  try {
    await mkdir(path)
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
