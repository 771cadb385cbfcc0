import { createGunzip } from 'node:zlib'
import { pipeline, Readable } from 'node:stream'
import { peek } from './peek.ts'

/** The bytes are not what their beginning says. What came before was good. */
export class DamagedInputError extends Error {
  override readonly name = 'DamagedInputError'
}

export type Packing = 'none' | 'gzip' | 'utf-16le' | 'utf-16be'

/**
 * The bytes of an input as UTF-8: out of gzip, and out of UTF-16, which is what PowerShell writes. Both are
 * told by their first bytes. Throws DamagedInputError where gzip is damaged or ends too early.
 */
export async function unpack(chunks: AsyncIterable<Uint8Array>): Promise<AsyncIterable<Uint8Array>> {
  const outer = await peek(chunks, findPacking)
  if (outer.found !== 'gzip') return decode(outer.chunks, outer.found)
  const inner = await peek(gunzip(outer.chunks), findPacking)
  return decode(inner.chunks, inner.found)
}

function decode(chunks: AsyncIterable<Uint8Array>, packing: Packing): AsyncIterable<Uint8Array> {
  return packing === 'utf-16le' || packing === 'utf-16be' ? fromUtf16(chunks, packing) : chunks
}

/** Two bytes tell, and mostly the first one. */
export function findPacking(prefix: Uint8Array, ended: boolean): Packing | null {
  const [first, second] = prefix
  if (first !== 0x1f && first !== 0xff && first !== 0xfe) return first === undefined && !ended ? null : 'none'
  if (second === undefined) return ended ? 'none' : null
  if (first === 0x1f && second === 0x8b) return 'gzip'
  if (first === 0xff && second === 0xfe) return 'utf-16le'
  return first === 0xfe && second === 0xff ? 'utf-16be' : 'none'
}

async function* gunzip(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array, void, void> {
  const unzip = createGunzip()
  // What fails is told by the iteration below.
  pipeline(Readable.from(chunks, { objectMode: false }), unzip, () => {})
  try {
    for await (const chunk of unzip) yield chunk as Uint8Array
  } catch (error) {
    if (String((error as NodeJS.ErrnoException).code).startsWith('Z_')) {
      const { message } = error as Error
      throw new DamagedInputError(`the gzip data is damaged or not whole (${message}); copy it again`)
    }
    throw error
  }
}

async function* fromUtf16(
  chunks: AsyncIterable<Uint8Array>,
  encoding: 'utf-16le' | 'utf-16be',
): AsyncGenerator<Uint8Array, void, void> {
  const decoder = new TextDecoder(encoding)
  for await (const chunk of chunks) {
    const text = decoder.decode(chunk, { stream: true })
    if (text !== '') yield Buffer.from(text)
  }
  const rest = decoder.decode()
  if (rest !== '') yield Buffer.from(rest)
}
