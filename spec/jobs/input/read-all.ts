import type { InputItem } from '../../../lib/jobs/job-item.ts'
import { type InputOptions, readInput } from '../../../lib/jobs/input/read-input.ts'

export async function* inPieces(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, void> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size)
}

/** What `readInput` gives for a text or bytes that come in pieces of `size`. */
export async function readAll(
  input: string | Uint8Array,
  options: InputOptions = {},
  size = 1_000,
): Promise<InputItem[]> {
  const items: InputItem[] = []
  const bytes = typeof input === 'string' ? Buffer.from(input) : input
  for await (const group of readInput(inPieces(bytes, size), options)) items.push(...group)
  return items
}

export function plain(url: string, line: number): InputItem {
  return { url, line, item: null, problem: '' }
}

/** A source that stays open: what is pushed is read, and the reader waits for more. */
export class OpenPipe implements AsyncIterable<Uint8Array> {
  readonly #chunks: Uint8Array[] = []
  #wake: (() => void) | null = null
  #isEnded = false

  push(text: string): void {
    this.#chunks.push(Buffer.from(text))
    this.#wake?.()
  }

  end(): void {
    this.#isEnded = true
    this.#wake?.()
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, void> {
    for (;;) {
      const chunk = this.#chunks.shift()
      if (chunk !== undefined) yield chunk
      else if (this.#isEnded) return
      else await new Promise<void>((resolve) => (this.#wake = resolve))
    }
  }
}
