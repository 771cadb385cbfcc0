import { createWriteStream, statSync } from 'node:fs'
import { join } from 'node:path'
import { Readable, type Writable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { JournalContents } from '../jobs/journal/journal-contents.ts'
import { CliError, usageError } from './cli-error.ts'
import { EXIT } from './exit-codes.ts'
import { reasonOf, systemCode } from './file-error.ts'
import { CLI_LIMITS } from './limits.ts'
import { commandPath } from './job-command-line.ts'

/**
 * Writes a line for each finished item, the last word on each, to a file; or to `stdout`, where that is `-`. Resolves with
 * how many. Throws a CliError.
 */
export async function exportJournal(
  dir: string,
  contents: JournalContents,
  file: string,
  stdout: Writable,
): Promise<number> {
  const toStdout = file === '-'
  if (!toStdout) checkTarget(dir, contents.path, file)
  let count = 0
  const texts = async function* (): AsyncGenerator<string, void, void> {
    let text = ''
    for await (const { line } of contents.entries()) {
      count++
      text += `${line}\n`
      if (text.length < CLI_LIMITS.writeSize) continue
      yield text
      text = ''
    }
    if (text !== '') yield text
  }
  const out = toStdout ? stdout : createWriteStream(file)
  try {
    await pipeline(Readable.from(texts()), out, { end: !toStdout })
  } catch (error) {
    // Its reader has gone, as `head` does: it has what it wanted.
    if (toStdout && GONE.has(systemCode(error))) return count
    const name = toStdout ? 'standard output' : file
    const remedy = toStdout ? 'give a file' : 'name another file'
    throw new CliError(EXIT.file, `cannot write ${name}: ${reasonOf(error)}; ${remedy}`, error)
  }
  return count
}

const GONE: ReadonlySet<string> = new Set(['EPIPE', 'ERR_STREAM_PREMATURE_CLOSE', 'ERR_STREAM_DESTROYED'])

/** What is written over the journal is gone: the job would begin anew. */
function checkTarget(dir: string, journal: string, file: string): void {
  const target = statSync(file, { throwIfNoEntry: false })
  if (target === undefined) return
  const own = [journal, join(dir, 'lock'), join(dir, 'owner'), commandPath(dir)]
  for (const path of own) {
    const facts = statSync(path, { throwIfNoEntry: false })
    if (facts?.ino !== target.ino || facts.dev !== target.dev) continue
    throw usageError(`--export ${file} is a file of the job itself; name another one`)
  }
}
