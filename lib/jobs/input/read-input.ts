import type { InputItem } from '../job-item.ts'
import { DamagedInputError, unpack } from './byte-source.ts'
import { readHar } from './har-items.ts'
import { findFormat, type FoundFormat, type InputFormat } from './input-format.ts'
import { readJsonl } from './jsonl-items.ts'
import { readLines } from './line-items.ts'
import { readList } from './list-items.ts'
import { Notes } from './notes.ts'
import { peek } from './peek.ts'
import { type OpenUrl, readSitemap } from './sitemap-items.ts'

export interface InputOptions {
  /** Default `auto`: told by the content. */
  readonly format?: InputFormat | undefined
  /**
   * The input may stay open without an end, as a pipe or a terminal: a URL of a list is given once its line is
   * complete, and does not wait for options below it. Only of a list in aria2's form, read as `auto`, which has them
   * does this make a difference: options of a URL that is already given are a problem. Default false.
   */
  readonly live?: boolean | undefined
  /** Fetches the sitemaps of an index. Without it they are a problem. It must reject where the status is no success. */
  readonly open?: OpenUrl | undefined
  /** Told of what is left out, once for each kind of thing. */
  readonly note?: ((text: string) => void) | undefined
}

/**
 * The items of an input, in groups as its chunks bring them, read no further than they are asked for, and never
 * held whole. The same bytes give the same items in any split. gzip and UTF-16 are undone first. What is wrong with an item is
 * an item too, with `problem`, and the rest goes on. Throws only what reading `chunks` throws.
 */
export async function* readInput(
  chunks: AsyncIterable<Uint8Array>,
  options: InputOptions = {},
): AsyncGenerator<readonly InputItem[], void, void> {
  const { format = 'auto', live = false, open = null, note } = options
  const notes = new Notes(note ?? (() => {}))
  let last = 0
  try {
    const plain = await unpack(chunks)
    const source = format === 'auto' ? await peek(plain, findFormat) : { found: fixed(format), chunks: plain }
    // Who names aria2 has options, and waits for them.
    const groups = readAs(source.found, source.chunks, live && format !== 'aria2', open, notes)
    for await (const group of groups) {
      last = group.at(-1)!.line
      yield group
    }
  } catch (error) {
    if (!(error instanceof DamagedInputError)) throw error
    yield [
      {
        url: '',
        line: last + 1,
        item: null,
        problem: `the input cannot be read to its end: ${error.message}`,
      },
    ]
  }
}

function fixed(format: Exclude<InputFormat, 'auto'>): FoundFormat | 'lines' {
  return format === 'aria2' ? 'list' : format
}

function readAs(
  format: FoundFormat | 'lines',
  chunks: AsyncIterable<Uint8Array>,
  live: boolean,
  open: OpenUrl | null,
  notes: Notes,
): AsyncGenerator<readonly InputItem[], void, void> {
  switch (format) {
    case 'lines':
      return readLines(chunks)
    case 'list':
      return readList(chunks, live, notes)
    case 'jsonl':
      return readJsonl(chunks)
    case 'sitemap':
      return readSitemap(chunks, open)
    case 'har':
      return readHar(chunks, notes)
  }
}
