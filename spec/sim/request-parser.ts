import { crc32 } from 'node:zlib'

export interface ParsedRequest {
  readonly method: string
  readonly path: string
  /** The origin before it, where the first line has the whole URL; ''. */
  readonly absolute: string
  readonly headers: ReadonlyMap<string, string>
  readonly chunked: boolean
  /** Both grow until the body is done. */
  bodyLength: number
  bodyCrc: number
  done: boolean
}

export interface RequestListener {
  onRequest(request: ParsedRequest): void
  onBodyDone(request: ParsedRequest): void
}

const REQUEST_LINE = /^([A-Z]+) (http:\/\/[\w.:-]+)?(\/[!-~]*) HTTP\/1\.1$/
const FIELD_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+): ([ -~\u0080-\u00ff]*)$/

/**
 * Reads the requests of one connection, as strictly as RFC 9112 allows: what a client writes must
 * pass without any forgiveness. Throws at the first thing that is wrong.
 */
export class RequestParser {
  readonly #listener: RequestListener
  #rest = ''
  #request: ParsedRequest | null = null
  #left = 0
  #state: 'head' | 'length' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' = 'head'

  constructor(listener: RequestListener) {
    this.#listener = listener
  }

  /** Whether it stands between two requests. */
  get between(): boolean {
    return this.#state === 'head' && this.#rest === ''
  }

  parse(chunk: Uint8Array): void {
    this.#rest += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1')
    while (this.#step());
  }

  /** false: more bytes are needed. */
  #step(): boolean {
    switch (this.#state) {
      case 'head':
        return this.#head()
      case 'length':
      case 'chunk':
        return this.#body()
      case 'chunk-size':
        return this.#chunkSize()
      case 'chunk-end':
        return this.#expect('\r\n', 'chunk-size')
      case 'trailers':
        if (!this.#expect('\r\n', 'head')) return false
        this.#finish()
        return true
    }
  }

  #head(): boolean {
    const end = this.#rest.indexOf('\r\n\r\n')
    if (end === -1) return false
    const [first = '', ...lines] = this.#rest.slice(0, end).split('\r\n')
    this.#rest = this.#rest.slice(end + 4)
    const line = REQUEST_LINE.exec(first)
    if (line === null) throw new Error(`request line ${JSON.stringify(first)}`)
    const headers = new Map<string, string>()
    for (const text of lines) {
      const field = FIELD_LINE.exec(text)
      if (field === null) throw new Error(`field line ${JSON.stringify(text)}`)
      const name = (field[1] as string).toLowerCase()
      if (headers.has(name)) throw new Error(`field ${name} twice`)
      headers.set(name, field[2] as string)
    }
    this.#begin({ method: line[1]!, absolute: line[2] ?? '', path: line[3]!, headers })
    return true
  }

  #begin(head: Pick<ParsedRequest, 'method' | 'absolute' | 'path' | 'headers'>): void {
    const { headers } = head
    const length = headers.get('content-length')
    const coding = headers.get('transfer-encoding')
    if (!headers.has('host')) throw new Error('no Host')
    if (length !== undefined && coding !== undefined) throw new Error('Content-Length and Transfer-Encoding')
    if (length !== undefined && !/^(0|[1-9]\d*)$/.test(length)) throw new Error(`Content-Length ${length}`)
    if (coding !== undefined && coding !== 'chunked') throw new Error(`Transfer-Encoding ${coding}`)
    const chunked = coding !== undefined
    const request = { ...head, chunked, bodyLength: 0, bodyCrc: 0, done: false }
    this.#request = request
    this.#left = Number(length ?? 0)
    this.#state = chunked ? 'chunk-size' : 'length'
    this.#listener.onRequest(request)
    if (!chunked && this.#left === 0) this.#finish()
  }

  #body(): boolean {
    if (this.#rest === '') return false
    const part = this.#rest.slice(0, this.#left)
    const request = this.#request as ParsedRequest
    this.#rest = this.#rest.slice(part.length)
    this.#left -= part.length
    request.bodyLength += part.length
    request.bodyCrc = crc32(Buffer.from(part, 'latin1'), request.bodyCrc)
    if (this.#left > 0) return false
    if (request.chunked) this.#state = 'chunk-end'
    else this.#finish()
    return true
  }

  #chunkSize(): boolean {
    const end = this.#rest.indexOf('\r\n')
    if (end === -1) return false
    const line = this.#rest.slice(0, end)
    if (!/^[0-9a-fA-F]{1,8}$/.test(line)) throw new Error(`chunk size ${JSON.stringify(line)}`)
    this.#rest = this.#rest.slice(end + 2)
    this.#left = Number.parseInt(line, 16)
    this.#state = this.#left === 0 ? 'trailers' : 'chunk'
    return true
  }

  #expect(text: string, next: 'chunk-size' | 'head'): boolean {
    if (this.#rest.length < text.length) return false
    if (!this.#rest.startsWith(text))
      throw new Error(`${JSON.stringify(this.#rest.slice(0, 8))} for a line end`)
    this.#rest = this.#rest.slice(text.length)
    this.#state = next
    return true
  }

  #finish(): void {
    const request = this.#request as ParsedRequest
    this.#state = 'head'
    this.#request = null
    request.done = true
    this.#listener.onBodyDone(request)
  }
}
