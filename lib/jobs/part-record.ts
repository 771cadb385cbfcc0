import { createHash } from '../core/crypto.ts'
import { open, rename, rm, writeFile } from 'node:fs/promises'
import { LIMITS } from '../core/limits.ts'
import { fileError, systemCode } from './file-error.ts'

/** What a part of a file must be known by to go on with it in another process. */
export interface PartRecord {
  /** A hash of the URL: the URL itself may hold a password or a token. */
  readonly url: string
  readonly validator: string
  /** The file's length; null: not known. */
  readonly total: number | null
  /** The content coding of the part's bytes; '' for none. */
  readonly coding: string
  /** The part file's inode: a record never speaks for another file that has come to its name. */
  readonly inode: string
}

/** Of a file on its way, and with `.json` after it of its record. */
export const PART_ENDING = '.trawl-part'

const VERSION = 1

export function hashUrl(url: string | URL): string {
  return createHash('sha256').update(withoutSecrets(url)).digest('hex')
}

/** A URL without user, password and fragment. */
export function withoutSecrets(url: string | URL): string {
  const { origin, pathname, search } = new URL(url)
  return `${origin}${pathname}${search}`
}

/** 'none': there is no such file; 'bad': none that can be used. */
export async function readRecord(path: string): Promise<PartRecord | 'none' | 'bad'> {
  try {
    const handle = await open(path, 'r')
    try {
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(LIMITS.maxPartRecord))
      const value: unknown = JSON.parse(buffer.toString('utf8', 0, bytesRead))
      return isRecord(value) ? value : 'bad'
    } finally {
      await handle.close()
    }
  } catch (error) {
    return systemCode(error) === 'ENOENT' ? 'none' : 'bad'
  }
}

/** Whole or not at all: it is written beside its name, then renamed. */
export async function writeRecord(path: string, record: PartRecord): Promise<void> {
  const beside = `${path}.new`
  try {
    // Made anew: it must not be written through a link that somebody has put there.
    await rm(beside, { force: true })
    await writeFile(beside, `${JSON.stringify({ trawl: VERSION, ...record })}\n`, { flag: 'wx' })
    await rename(beside, path)
  } catch (error) {
    await rm(beside, { force: true }).catch(() => {})
    throw fileError('write', path, error)
  }
}

function isRecord(value: unknown): value is PartRecord {
  if (typeof value !== 'object' || value === null) return false
  const { trawl, url, validator, total, coding, inode } = value as Record<string, unknown>
  const texts = [url, validator, coding, inode]
  if (trawl !== VERSION || texts.some((text) => typeof text !== 'string')) return false
  return total === null || (Number.isSafeInteger(total) && (total as number) >= 0)
}
