import zlib from 'node:zlib'
import { type UnitDecoder, type UnitKind, decodingError, trim } from './coding.ts'

type ZlibStream = zlib.InflateRaw | zlib.Inflate | zlib.BrotliDecompress | zlib.ZstdDecompress

/** RFC 9659: a zstd body's window is at most 8 MB. The decoder's own default would be 128 MB. */
export const ZSTD_PARAMS: Record<number, number> = { [zlib.constants.ZSTD_d_windowLogMax]: 23 }

/** A unit decoder on node:zlib: it works on the thread pool and holds a native handle. */
export class ZlibDecoder implements UnitDecoder {
  readonly #coding: string
  readonly #stream: ZlibStream
  readonly #chunkSize: number
  #written = 0
  /** Whether all that the last `write` or `finish` gave has been put into the stream's buffer. */
  #used = true
  #error: Error | null = null
  #wake: (() => void) | null = null

  constructor(coding: string, kind: UnitKind, chunkSize: number) {
    this.#coding = coding
    this.#chunkSize = chunkSize
    // With room for one chunk the stream waits for its reader after each: that bounds its memory.
    this.#stream = createStream(kind, { chunkSize, readableHighWaterMark: chunkSize })
    this.#stream.on('readable', () => this.#tell())
    this.#stream.on('end', () => {
      this.#used = true
      this.#tell()
    })
    this.#stream.on('error', (error) => {
      this.#error = error
      this.#tell()
    })
  }

  /** node:zlib does not tell the end as such; a byte it does not take does. */
  get ended(): boolean {
    return this.unused > 0
  }

  get unused(): number {
    return this.#used ? this.#written - this.#stream.bytesWritten : 0
  }

  write(piece: Uint8Array): void {
    this.#used = false
    this.#written += piece.length
    this.#stream.write(piece, () => {
      this.#used = true
      this.#tell()
    })
  }

  finish(): void {
    this.#used = false
    this.#stream.end()
  }

  async read(): Promise<Uint8Array | null> {
    for (;;) {
      if (this.#error !== null) throw decodingError(this.#coding, this.#error)
      const out = this.#stream.read() as Uint8Array | null
      if (out !== null) return trim(out, this.#chunkSize)
      if (this.#used) return null
      await new Promise<void>((resolve) => {
        this.#wake = resolve
      })
    }
  }

  close(): void {
    this.#stream.destroy()
  }

  #tell(): void {
    const wake = this.#wake
    this.#wake = null
    wake?.()
  }
}

function createStream(
  kind: UnitKind,
  options: { chunkSize: number; readableHighWaterMark: number },
): ZlibStream {
  switch (kind) {
    case 'raw':
      return zlib.createInflateRaw(options)
    case 'zlib':
      return zlib.createInflate(options)
    case 'br':
      return zlib.createBrotliDecompress(options)
    case 'zstd':
    default:
      return zlib.createZstdDecompress({ ...options, params: ZSTD_PARAMS })
  }
}
