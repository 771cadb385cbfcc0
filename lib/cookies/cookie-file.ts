import { createReadStream } from 'node:fs'
import { open, realpath, rename, rm, stat, writeFile, type FileHandle } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { ArgumentError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'

/** Who writes to a path now; the next one waits for it. Paths without a writer are not in here. */
const writers = new Map<string, Promise<void>>()
/** Makes the names of temporary files differ. */
let count = 0

/** The bytes of a file of cookies, as Latin-1. @throws ArgumentError when it cannot be read */
export async function readCookieFile(path: string): Promise<string> {
  try {
    return await readBounded(path)
  } catch (error) {
    throw new ArgumentError(
      `cannot read the cookies in "${path}": ${reasonOf(error)}; name a file that can be read`,
      error,
    )
  }
}

/** Not by the size that the system tells: a pipe has none, and a device no end. */
async function readBounded(path: string): Promise<string> {
  // `end` is the last byte that is read: one more than there may be.
  const chunks: Buffer[] = []
  let size = 0
  for await (const chunk of createReadStream(path, { end: LIMITS.maxCookieFile })) {
    chunks.push(chunk as Buffer)
    size += (chunk as Buffer).length
  }
  if (size > LIMITS.maxCookieFile) {
    throw new Error(`it has more than ${LIMITS.maxCookieFile} bytes (limit maxCookieFile)`)
  }
  return Buffer.concat(chunks).toString('latin1')
}

/**
 * Writes `content()`, Latin-1, to a file: the old one or the new one is there at any time, whole. Nobody else
 * may read it: cookies are passwords. Those who write to one path at once do it in turn.
 * @throws ArgumentError when it cannot be written
 */
export async function writeCookieFile(path: string, content: () => string): Promise<void> {
  const key = resolve(path)
  const turn = (writers.get(key) ?? Promise.resolve()).then(async () => replaceFile(path, content()))
  const settled = turn.catch(() => {
    // Whoever asked for it hears of it; the next in line does not care.
  })
  writers.set(key, settled)
  try {
    await turn
  } catch (error) {
    if (error instanceof ArgumentError) throw error
    throw new ArgumentError(
      `cannot write the cookies to "${path}": ${reasonOf(error)}; name a file in a folder that can be written`,
      error,
    )
  } finally {
    if (writers.get(key) === settled) writers.delete(key)
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const place = await followLinks(path)
  if (await isDevice(place)) {
    // A pipe, a terminal, /dev/null: to be written to, never to be replaced by a file.
    await writeFile(place, text, 'latin1')
    return
  }
  const { part, handle } = await openPart(place)
  try {
    await fill(handle, text)
    await rename(part, place)
  } catch (error) {
    await rm(part, { force: true })
    throw error
  }
}

async function fill(handle: FileHandle, text: string): Promise<void> {
  try {
    await handle.writeFile(text, 'latin1')
    // Without it a crash of the machine may leave the new name on an empty file.
    await handle.sync()
  } finally {
    await handle.close()
  }
}

async function isDevice(path: string): Promise<boolean> {
  try {
    const stats = await stat(path)
    return !stats.isFile() && !stats.isDirectory()
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return false
    throw error
  }
}

/** A symbolic link stays, and what it points to is replaced. */
async function followLinks(path: string): Promise<string> {
  try {
    return await realpath(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return path
    throw error
  }
}

/** In the same folder, for a file cannot be renamed across file systems. */
async function openPart(path: string): Promise<{ part: string; handle: FileHandle }> {
  for (let tries = 1; ; tries++) {
    const part = join(dirname(path), `.${basename(path)}.${process.pid}-${++count}.part`)
    try {
      return { part, handle: await open(part, 'wx', 0o600) }
    } catch (error) {
      // Left by a process of that number that crashed.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST' || tries >= 100) throw error
    }
  }
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
