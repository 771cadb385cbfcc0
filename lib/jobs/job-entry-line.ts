import { showUrlText } from './item-url.ts'
import type { InputItem } from './job-item.ts'

/** What the journal keeps of an item, as JSON in one line. */
export function entryLine(entry: InputItem, error: Error | undefined): string {
  const { code } = (error ?? {}) as { code?: unknown }
  return JSON.stringify({
    url: showUrlText(entry.url),
    line: entry.line,
    error: error === undefined ? undefined : typeof code === 'string' ? code : 'ERR_OTHER',
    message: error?.message,
    meta: entry.item?.meta,
  })
}
