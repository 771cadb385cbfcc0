import { LIMITS } from '../core/limits.ts'
import { showUrlText, withoutCredentials } from './item-url.ts'
import type { Task } from './run/task.ts'

/** What the journal keeps of an item, as JSON in one line: small enough for it, whatever the item and its error hold. */
export function entryLine({ entry, url }: Task, error: Error | undefined): string {
  const facts = {
    url: url === null ? showUrlText(entry.url) : withoutCredentials(url),
    line: entry.line,
    error: error === undefined ? undefined : codeOf(error),
    message: error?.message.slice(0, LIMITS.maxJournalMessage),
    meta: entry.item?.meta,
  }
  return JSON.stringify(facts)
}

function codeOf(error: Error): string {
  const { code } = error as { code?: unknown }
  return typeof code === 'string' ? code.slice(0, 64) : 'ERR_OTHER'
}
