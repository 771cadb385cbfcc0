import { randomBytes } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { parseItemUrl, withoutCredentials } from '../jobs/item-url.ts'
import type { InputItem } from '../jobs/job-item.ts'
import { Journal } from '../jobs/journal/journal.ts'
import { KeySet } from '../jobs/journal/key-set.ts'
import { keyMaker } from '../jobs/journal/key.ts'
import { keyText } from '../jobs/run/key-text.ts'
import { clientOptions } from './client-options.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { systemCode } from './file-error.ts'
import { fileNameOf } from './file-names.ts'
import type { GetOptions } from './get-options.ts'
import { makeClient, openSource, type GetIo } from './open-run.ts'
import { outNameOf } from './out-name.ts'

/**
 * Prints what would be fetched, a URL and its file a line with a tab between, and fetches nothing but the sitemaps of an
 * index. What a job has finished is left out; nothing is written, not even a folder.
 */
export async function dryRun(
  options: GetOptions,
  { stdin, stdout }: Pick<GetIo, 'stdin' | 'stdout'>,
  note: (text: string) => void,
): Promise<ExitCode> {
  const client = makeClient(clientOptions(options, null, null))
  const source = await openSource(options, client, { stdin }, note)
  const isNew = await newItems(options)
  let exitCode: ExitCode = EXIT.ok
  for await (const group of source) {
    const lines: string[] = []
    for (const entry of group) {
      const url = entry.problem === '' ? parseItemUrl(entry.url) : entry.problem
      if (typeof url === 'string') {
        note(url)
        exitCode = EXIT.other
      } else if (isNew(entry, url)) {
        lines.push(`${withoutCredentials(url)}\t${fileOf(options.outputDir, entry, url)}\n`)
      }
    }
    if (lines.length === 0 || stdout.write(lines.join(''))) continue
    // Its reader has gone, as `head` does: it has what it wanted.
    if (!(await once(stdout, 'drain').catch(() => false))) break
  }
  client.destroy()
  return exitCode
}

/** Tells what came before in the input, or is finished, from what did not. */
async function newItems({ job, dedupe }: GetOptions): Promise<(entry: InputItem, url: URL) => boolean> {
  const journal = job === '' ? null : await Journal.read(job).catch(noJournal)
  const keys = journal?.keys ?? new KeySet()
  const keyOf = journal?.makeKey ?? keyMaker(randomBytes(8).toString('hex'))
  let number = 0
  return (entry, url) => keys.see(keyOf(keyText(entry, url, dedupe ? -1 : number++))) === 'unknown'
}

function noJournal(error: unknown): null {
  if (error instanceof Error && systemCode(error.cause) === 'ENOENT') return null
  throw error
}

function fileOf(outputDir: string, { item }: InputItem, url: URL): string {
  if (outputDir === '') return ''
  const { folders, name } = item?.out === undefined ? fileNameOf(url) : outNameOf(item.out)
  return join(outputDir, ...folders, name)
}
