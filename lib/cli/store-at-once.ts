import { linkSync, renameSync, unlinkSync, writeFileSync } from 'node:fs'
import { systemCode } from './file-error.ts'

/** `no-folder`: it cannot be, where the file should stand. `failed`: something else is in the way. */
export type Stored = 'stored' | 'no-folder' | 'failed'

/**
 * Stores a small body in one go, which the loop waits for: under a temporary name, as half of it
 * could be left there, and then under its own. Where that fails nothing is left of it: the slower way,
 * which is tried then, knows what to do about it and what to say.
 */
export function storeAtOnce(part: string, path: string, body: Uint8Array, replaces: boolean): Stored {
  try {
    writeFileSync(part, body, NEW)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).syscall !== 'open') removePart(part)
    return systemCode(error) === 'ENOENT' ? 'no-folder' : 'failed'
  }
  try {
    if (replaces) {
      renameSync(part, path)
    } else {
      linkSync(part, path)
      removePart(part)
    }
    return 'stored'
  } catch {
    removePart(part)
    return 'failed'
  }
}

const NEW = { flag: 'wx' } as const

function removePart(part: string): void {
  try {
    unlinkSync(part)
  } catch {
    // Whoever took it away, or keeps us from it: the file itself is not touched by that.
  }
}
