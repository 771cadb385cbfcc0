import { LIMITS } from '../../core/limits.ts'
import type { InputItem } from '../job-item.ts'
import { Aria2Options, isOptionLine } from './aria2-options.ts'
import { LineCutter, piecesOf } from './line-cutter.ts'
import { lineItem, trimBlanks } from './line-items.ts'
import type { Notes } from './notes.ts'

/**
 * Lines of URLs that may have what aria2's input file has: more URLs of the same file, separated by TABs, and
 * below them its options, one a line, that begin with a blank.
 *
 * An item is complete only when the next one begins: more options may follow. With `live` a plain URL does not
 * wait for that, until mirrors or options have shown that the list has such.
 */
export async function* readList(
  chunks: AsyncIterable<Uint8Array>,
  live: boolean,
  notes: Notes,
): AsyncGenerator<readonly InputItem[], void, void> {
  const cutter = new LineCutter(LIMITS.maxInputLine)
  const list = new List(live, notes)
  for await (const chunk of chunks) {
    const items: InputItem[] = []
    for (const piece of piecesOf(chunk)) list.take(cutter.push(piece), cutter.hasTab, items)
    list.endChunk(items)
    if (items.length > 0) yield items
  }
  const items: InputItem[] = []
  list.take([cutter.end()], cutter.hasTab, items)
  list.end(items)
  if (items.length > 0) yield items
}

class List {
  readonly #notes: Notes
  #waits: boolean
  #line = 0
  /** The last item, to which options may still come. */
  #open: InputItem | null = null
  #options: Aria2Options | null = null
  #given = 0
  /** Options that belong to no item are told of once, not line by line. */
  #isLost = false

  constructor(live: boolean, notes: Notes) {
    this.#notes = notes
    this.#waits = !live
  }

  /** Adds the items that these lines complete. */
  take(lines: readonly string[], hasTab: boolean, items: InputItem[]): void {
    for (const raw of lines) {
      this.#line++
      if (isIndented(raw)) {
        // Of an overlong line only its beginning is the same in every split.
        const beginning = raw.slice(0, LIMITS.maxInputLine + 1)
        if (isOptionLine(beginning)) {
          this.#takeOption(beginning, items)
          continue
        }
      }
      const item = lineItem(raw, this.#line)
      if (item === null) continue
      if (this.#open !== null) items.push(this.#close(this.#open))
      this.#open = item
      this.#isLost = false
      if (hasTab && item.url.includes('\t')) {
        this.#waits = true
        this.#options = new Aria2Options(this.#notes)
      }
    }
  }

  /** Adds the last item, too, where nothing more is to be waited for. */
  endChunk(items: InputItem[]): void {
    if (!this.#waits) this.end(items)
    this.#given += items.length
  }

  end(items: InputItem[]): void {
    if (this.#open !== null) items.push(this.#close(this.#open))
    this.#open = null
  }

  #takeOption(raw: string, items: InputItem[]): void {
    if (this.#open !== null) {
      this.#waits = true
      this.#options ??= new Aria2Options(this.#notes)
      this.#options.add(raw)
      return
    }
    if (this.#isLost) return
    this.#isLost = true
    const isLate = this.#given + items.length > 0
    this.#waits = true
    items.push({
      url: trimBlanks(raw).slice(0, 100),
      line: this.#line,
      item: null,
      problem: isLate ? LATE : LOST,
    })
  }

  #close(open: InputItem): InputItem {
    const options = this.#options
    if (options === null || open.problem !== '') {
      this.#options = null
      return open
    }
    this.#options = null
    return options.itemOf(open)
  }
}

const LOST =
  'an option, as its line begins with a blank, but no URL stands before it; put it below its URL, or take the blank away'
const LATE =
  'an option of a URL that was already begun, as the input is a pipe; name the format aria2, so that each URL waits for its options'

function isIndented(raw: string): boolean {
  const code = raw.charCodeAt(0)
  return code === 32 || code === 9
}
