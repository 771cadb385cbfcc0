import { open } from 'node:fs/promises'
import { CliError } from './cli-error.ts'
import { EXIT } from './exit-codes.ts'
import { reasonOf } from './file-error.ts'
import { CLI_LIMITS } from './limits.ts'

/** Asked for stdin only when it is read: asking a process for it opens it. */
export interface StdinHolder {
  readonly stdin: AsyncIterable<Uint8Array>
}

const AMPERSAND = Buffer.from('&')

/** The body that -d gives: texts and `@files`, joined by `&`; undefined where there is none. */
export async function readRequestData(
  parts: readonly string[],
  io: StdinHolder,
): Promise<Uint8Array | undefined> {
  if (parts.length === 0) return undefined
  const pieces: Uint8Array[] = []
  for (const part of parts) {
    if (pieces.length > 0) pieces.push(AMPERSAND)
    pieces.push(part.startsWith('@') ? await readData(part.slice(1), io) : Buffer.from(part))
  }
  return Buffer.concat(pieces)
}

async function readData(path: string, io: StdinHolder): Promise<Uint8Array> {
  const name = path === '-' ? 'standard input' : path
  try {
    if (path === '-') return withoutLineEnds(await readBounded(name, io.stdin))
    const handle = await open(path)
    // The stream closes the handle when it ends, and when it is left.
    return withoutLineEnds(await readBounded(name, handle.createReadStream()))
  } catch (error) {
    if (error instanceof CliError) throw error
    throw new CliError(
      EXIT.file,
      `cannot read ${name} for -d: ${reasonOf(error)}; check its path and permissions`,
      error,
    )
  }
}

async function readBounded(name: string, source: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of source) {
    chunks.push(chunk)
    size += chunk.length
    if (size > CLI_LIMITS.maxDataSize) {
      throw new CliError(
        EXIT.usage,
        `${name} for -d is larger than ${CLI_LIMITS.maxDataSize} bytes, the most a body may be`,
      )
    }
  }
  return Buffer.concat(chunks)
}

/** As curl's --data does with a file: no CR, LF or NUL gets into a form. */
function withoutLineEnds(data: Buffer): Buffer {
  return data.filter((byte) => byte !== 10 && byte !== 13 && byte !== 0) as Buffer
}
