import { LIMITS } from '../../core/limits.ts'
import type { InputItem } from '../job-item.ts'
import { DamagedInputError, unpack } from './byte-source.ts'
import { findFormat } from './input-format.ts'
import { readLines } from './line-items.ts'
import { peek } from './peek.ts'
import { SitemapParser } from './sitemap-parser.ts'

/** Gives the body of what a URL names, undone of its content coding; rejects where it cannot be had. */
export type OpenUrl = (url: string) => Promise<AsyncIterable<Uint8Array>>

type Group = AsyncGenerator<readonly InputItem[], void, void>

/** A sitemap that an index lists. */
interface Listing {
  readonly url: string
  /** Indexes above it. */
  readonly depth: number
}

/**
 * The URLs of a sitemap, in XML or as plain text, and of those that it lists, one after the other. What is wrong
 * with one of them is an item of its own; the others go on.
 */
export async function* readSitemap(chunks: AsyncIterable<Uint8Array>, open: OpenUrl | null): Group {
  yield* new SitemapWalk(open).items(chunks)
}

class SitemapWalk {
  readonly #open: OpenUrl | null
  /** Those not read yet, in the order of their listing. */
  readonly #waiting: Listing[] = []
  readonly #seen = new Set<string>()
  #number = 0
  #isFull = false

  constructor(open: OpenUrl | null) {
    this.#open = open
  }

  async *items(chunks: AsyncIterable<Uint8Array>): Group {
    yield* this.#read(chunks, '', 0)
    if (this.#waiting.length > 0 && this.#open === null) {
      yield [this.#problem(this.#waiting[0]!.url, 'an index of sitemaps needs a client that fetches them')]
      return
    }
    // It grows while it is walked, up to `maxSitemaps`.
    for (const { url, depth } of this.#waiting) yield* this.#fetch(url, depth)
  }

  async *#fetch(url: string, depth: number): Group {
    try {
      const body = await this.#open!(url)
      yield* this.#read(await unpack(body), url, depth)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      yield [this.#problem(url, `the sitemap cannot be read (${reason}); the others are read all the same`)]
    }
  }

  /** One sitemap; its URL is '' where it is the input itself. */
  async *#read(chunks: AsyncIterable<Uint8Array>, url: string, depth: number): Group {
    const { found, chunks: all } = await peek(bounded(chunks), findKind)
    if (found === 'xml') yield* this.#readXml(all, url, depth)
    else yield* this.#readText(all, url)
  }

  async *#readText(chunks: AsyncIterable<Uint8Array>, url: string): Group {
    let isEmpty = true
    for await (const group of readLines(chunks)) {
      isEmpty = false
      yield group.map(({ url: listed, item, problem }) => ({
        url: listed,
        line: ++this.#number,
        item,
        problem,
      }))
    }
    if (isEmpty) yield [this.#problem(url, 'the sitemap is empty')]
  }

  async *#readXml(chunks: AsyncIterable<Uint8Array>, url: string, depth: number): Group {
    let items: InputItem[] = []
    let isTooDeep = false
    const parser = await SitemapParser.load((kind, loc, problem) => {
      if (problem !== '') items.push(this.#problem(loc, problem))
      else if (kind === 'url') items.push({ url: loc, line: ++this.#number, item: null, problem: '' })
      else if (depth <= LIMITS.maxSitemapDepth) this.#list(loc, depth, items)
      else isTooDeep = true
    })
    const decoder = new TextDecoder()
    for await (const chunk of chunks) {
      parser.write(decoder.decode(chunk, { stream: true }))
      if (items.length > 0) yield items
      items = []
      if (parser.problem !== '') break
    }
    parser.write(decoder.decode())
    parser.end()
    if (parser.problem !== '') {
      items.push(this.#problem(url, `the sitemap cannot be read to its end: ${parser.problem}`))
    }
    if (isTooDeep) items.push(this.#problem(url, TOO_DEEP))
    if (items.length > 0) yield items
  }

  #list(url: string, depth: number, items: InputItem[]): void {
    if (this.#seen.has(url)) return
    if (this.#seen.size < LIMITS.maxSitemaps) {
      this.#seen.add(url)
      this.#waiting.push({ url, depth: depth + 1 })
      return
    }
    if (this.#isFull) return
    this.#isFull = true
    const problem = `more than ${LIMITS.maxSitemaps} sitemaps are listed; this one and all after it are left out`
    items.push(this.#problem(url, problem))
  }

  #problem(url: string, problem: string): InputItem {
    return { url, line: ++this.#number, item: null, problem }
  }
}

const TOO_DEEP = 'the sitemap is an index below an index below an index; give it as an input of its own'

function findKind(prefix: Uint8Array, ended: boolean): 'xml' | 'text' | null {
  const found = findFormat(prefix, ended)
  if (found === null) return null
  return found === 'sitemap' ? 'xml' : 'text'
}

async function* bounded(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  let left: number = LIMITS.maxSitemapSize
  for await (const chunk of chunks) {
    // As much as may be is the same in every split.
    yield chunk.subarray(0, left)
    left -= chunk.length
    if (left < 0) throw new DamagedInputError(`it is larger than ${LIMITS.maxSitemapSize} bytes; split it`)
  }
}
