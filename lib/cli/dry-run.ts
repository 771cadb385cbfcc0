import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import type { Writable } from 'node:stream'
import { parseItemUrl, withoutCredentials } from '../jobs/item-url.ts'
import type { InputItem } from '../jobs/job-item.ts'
import { Journal } from '../jobs/journal/journal.ts'
import { KeySet } from '../jobs/journal/key-set.ts'
import { keyMaker, newSeed } from '../jobs/journal/key.ts'
import { keyText } from '../jobs/run/key-text.ts'
import { CliError } from './cli-error.ts'
import { clientOptions } from './client-options.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { FileError, reasonOf, systemCode } from './file-error.ts'
import { fileNameOf } from './file-names.ts'
import type { GetOptions } from './get-options.ts'
import { makeClient, openSource, type GetIo } from './open-run.ts'
import { outNameOf } from './out-name.ts'

/**
 * Prints what would be fetched, a URL and its file a line with a tab between, and fetches nothing but the sitemaps of an
 * index. What a job has finished is left out; nothing is written, not even a folder. Throws a CliError.
 */
export async function dryRun(
  options: GetOptions,
  { stdin, stdout }: Pick<GetIo, 'stdin' | 'stdout'>,
  note: (text: string) => void,
): Promise<ExitCode> {
  const isNew = await newItems(options)
  const client = makeClient(clientOptions(options, null, null))
  try {
    const source = await openSource(options, client, { stdin }, note)
    try {
      return await listItems(source, options, isNew, stdout, note)
    } finally {
      source.stop()
    }
  } finally {
    client.destroy()
  }
}

async function listItems(
  source: AsyncIterable<readonly InputItem[]>,
  options: GetOptions,
  isNew: IsNew,
  stdout: Writable,
  note: (text: string) => void,
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok
  try {
    for await (const group of source) {
      const lines: string[] = []
      for (const entry of group) {
        const { line, problem } = listed(entry, options, isNew)
        if (line !== '') lines.push(line)
        if (problem === '') continue
        note(problem)
        exitCode = EXIT.other
      }
      if (!(await print(stdout, lines.join('')))) break
    }
    return exitCode
  } catch (error) {
    if (error instanceof CliError) throw error
    throw new CliError(EXIT.file, `cannot read on in the input: ${reasonOf(error)}`, error)
  }
}

/** What is printed of an item, and what is wrong with it; '' for nothing. */
interface Listed {
  readonly line: string
  readonly problem: string
}

function listed(entry: InputItem, options: GetOptions, isNew: IsNew): Listed {
  const { outputDir, skipExisting } = options
  const url = entry.problem === '' ? parseItemUrl(entry.url) : entry.problem
  const isUrl = typeof url !== 'string'
  if (!isNew(entry, isUrl ? url : null)) return NOTHING
  if (!isUrl) return { line: '', problem: `${entry.line === 0 ? '' : `line ${entry.line}: `}${url}` }
  try {
    const file = fileOf(outputDir, entry, url)
    if (skipExisting && file !== '' && existsSync(file)) return NOTHING
    return { line: `${withoutCredentials(url)}\t${onOneLine(file)}\n`, problem: '' }
  } catch (error) {
    if (!(error instanceof FileError)) throw error
    return { line: '', problem: `${withoutCredentials(url)}: ${error.message}` }
  }
}

const NOTHING: Listed = { line: '', problem: '' }

/** A list may name its files as it likes, also with what a terminal obeys. */
function onOneLine(file: string): string {
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return /[\0-\x1f\x7f]/u.test(file) ? JSON.stringify(file) : file
}

/** false: its reader has gone, as `head` does: it has what it wanted. */
async function print(stdout: Writable, text: string): Promise<boolean> {
  if (stdout.destroyed) return false
  if (text === '' || stdout.write(text)) return true
  const over = new AbortController()
  const isThere = (event: string, answer: boolean): Promise<boolean> =>
    once(stdout, event, { signal: over.signal }).then(
      () => answer,
      () => false,
    )
  try {
    return await Promise.race([isThere('drain', true), isThere('close', false)])
  } finally {
    // The listeners of the other one would stay: one for each time that a slow reader was waited for.
    over.abort()
  }
}

/** `url`: null where it is none. Asked of each entry, once. */
type IsNew = (entry: InputItem, url: URL | null) => boolean

/** Tells what came before in the input, or is finished, from what did not. Throws a CliError. */
async function newItems({ job, dedupe }: GetOptions): Promise<IsNew> {
  const journal = job === '' ? null : await Journal.read(job).catch(noJournal)
  const keys = journal?.keys ?? new KeySet()
  const keyOf = journal?.makeKey ?? keyMaker(newSeed())
  let number = 0
  return (entry, url) => keys.see(keyOf(keyText(entry, url, dedupe ? -1 : number++))) === 'unknown'
}

function noJournal(error: unknown): null {
  if (error instanceof Error && systemCode(error.cause) === 'ENOENT') return null
  throw error instanceof Error ? new CliError(EXIT.file, `--job: ${error.message}`, error) : error
}

function fileOf(outputDir: string, { item }: InputItem, url: URL): string {
  if (outputDir === '') return ''
  const { folders, name } = item?.out === undefined ? fileNameOf(url) : outNameOf(item.out)
  return join(outputDir, ...folders, name)
}
