import { FileError, systemCode } from './file-error.ts'
import type { JournalContents } from './journal/journal-contents.ts'
import { Journal } from './journal/journal.ts'

/** What the journal of a folder says. Makes nothing where there is none. Rejects with FileError. */
export async function readJob(dir: string): Promise<JournalContents> {
  try {
    return await Journal.read(dir)
  } catch (error) {
    const code = error instanceof FileError ? systemCode(error.cause) : ''
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw error
    throw new FileError(
      'ERR_FILE',
      dir,
      `${dir} has no job; name the folder that a job keeps its journal in`,
      error,
    )
  }
}
