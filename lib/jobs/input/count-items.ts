import { findPacking } from './byte-source.ts'
import { findFormat, hasBom, isBlank, type InputFormat } from './input-format.ts'
import { peek } from './peek.ts'

const TAB = 9
const LF = 10
const SPACE = 32
const HASH = 35
const DASH = 45
const EQUALS = 61

/** Where in its line a byte stands; all but `start` and `rest` only matter below an indentation. */
type Place = 'start' | 'blanks' | 'indented' | 'name' | 'after name' | 'rest'

/**
 * How many items `readInput` gives for the same bytes, much faster: for the total in the progress. null where the
 * format is one that can only be counted by reading it: all but lists of URLs, and what is compressed.
 */
export async function countItems(
  chunks: AsyncIterable<Uint8Array>,
  format: InputFormat = 'auto',
): Promise<number | null> {
  const peeked = await peek(chunks, (prefix, ended) => findCountable(prefix, ended, format))
  if (peeked.found === 'none') {
    await peeked.close()
    return null
  }
  const counter = new Counter(peeked.found === 'list')
  let isFirst = true
  for await (const chunk of peeked.chunks) {
    counter.push(isFirst && hasBom(chunk) ? chunk.subarray(3) : chunk)
    isFirst = false
  }
  return counter.count
}

function findCountable(
  prefix: Uint8Array,
  ended: boolean,
  format: InputFormat,
): 'lines' | 'list' | 'none' | null {
  const packing = findPacking(prefix, ended)
  if (packing === null) return null
  if (packing !== 'none') return 'none'
  // All of a BOM is wanted in one piece.
  const found = findFormat(prefix, ended)
  if (found === null) return null
  if (format === 'lines') return 'lines'
  const countsAsList = format === 'aria2' || (format === 'auto' && found === 'list')
  return countsAsList ? 'list' : 'none'
}

class Counter {
  /** Lines of options are no items. */
  readonly #hasOptions: boolean
  #place: Place = 'start'
  count = 0

  constructor(hasOptions: boolean) {
    this.#hasOptions = hasOptions
  }

  push(chunk: Uint8Array): void {
    let place = this.#place
    for (let i = 0; i < chunk.length; i++) {
      if (place === 'rest') {
        i = chunk.indexOf(LF, i)
        if (i === -1) break
      }
      const byte = chunk[i]!
      place = byte === LF ? 'start' : this.#next(place, byte)
    }
    this.#place = place
  }

  #next(place: Place, byte: number): Place {
    if (place === 'name' || place === 'after name') return this.#nextInName(place, byte)
    if (isBlank(byte)) {
      const isIndent = byte === SPACE || byte === TAB
      return this.#hasOptions && isIndent && place !== 'blanks' ? 'indented' : 'blanks'
    }
    if (byte === HASH) return 'rest'
    this.count++
    return place === 'indented' && isLetter(byte) ? 'name' : 'rest'
  }

  /** What was counted as an item is an option, if this is a name with `=` after it. */
  #nextInName(place: Place, byte: number): Place {
    if (byte === EQUALS) {
      this.count--
      return 'rest'
    }
    if (byte === SPACE || byte === TAB) return 'after name'
    if (place === 'after name') return 'rest'
    return isLetter(byte) || byte === DASH || (byte >= 48 && byte <= 57) ? 'name' : 'rest'
  }
}

function isLetter(byte: number): boolean {
  return (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122)
}
