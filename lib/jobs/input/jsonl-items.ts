import { LIMITS } from '../../core/limits.ts'
import type { InputItem } from '../job-item.ts'
import { itemOf } from './item-fields.ts'
import { LineCutter, piecesOf } from './line-cutter.ts'
import { trimBlanks } from './line-items.ts'

/** Of a line that is no item, what is shown. */
const SHOWN = 100
const HASH = 35

/** JSONL: one item a line, as a JSON object with the fields of `JobItem`. Empty lines and `#` lines are skipped. */
export async function* readJsonl(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<readonly InputItem[], void, void> {
  const cutter = new LineCutter(LIMITS.maxInputItem)
  let line = 0
  for await (const chunk of chunks) {
    const items: InputItem[] = []
    for (const piece of piecesOf(chunk)) {
      for (const raw of cutter.push(piece)) {
        line++
        const item = jsonItem(raw, line)
        if (item !== null) items.push(item)
      }
    }
    if (items.length > 0) yield items
  }
  const last = jsonItem(cutter.end(), line + 1)
  if (last !== null) yield [last]
}

function jsonItem(raw: string, line: number): InputItem | null {
  const isTooLong = raw.length > LIMITS.maxInputItem
  const text = trimBlanks(isTooLong ? raw.slice(0, LIMITS.maxInputItem) : raw)
  if (text === '' || text.charCodeAt(0) === HASH) return null
  const beginning = text.slice(0, SHOWN)
  if (isTooLong) {
    const problem = `the line is longer than ${LIMITS.maxInputItem} characters; put one JSON object on a line`
    return { url: beginning, line, item: null, problem }
  }
  try {
    return itemOf(JSON.parse(text), line, beginning)
  } catch (error) {
    const reason = error instanceof Error ? error.message.slice(0, SHOWN) : ''
    const problem = `the line is not JSON (${reason}); write one JSON object on a line`
    return { url: beginning, line, item: null, problem }
  }
}
