/** A request as it stands on the wire. */
export interface WrittenRequest {
  readonly method: string
  readonly path: string
  /** In order, values without the blanks around them. */
  readonly fields: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  readonly chunked: boolean
  /** Bytes that the request takes. */
  readonly length: number
}

const REQUEST_LINE = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+) (\/[!-~]*|\*) HTTP\/1\.1$/
const FIELD_LINE =
  /^([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*((?:[!-~\x80-\xff](?:[ \t!-~\x80-\xff]*[!-~\x80-\xff])?)?)[ \t]*$/
const CHUNK_LINE = /^([1-9a-f][0-9a-f]*|0)$/

/**
 * Reads the first request of a connection with no forgiveness at all (RFC 9112 sections 3 to 7): nothing that a
 * lenient server could take for something else passes. null: it is not whole yet. Throws where it breaks a rule.
 */
export function readRequest(bytes: Uint8Array): WrittenRequest | null {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('latin1')
  const end = text.indexOf('\r\n\r\n')
  if (end === -1) return null
  const [first = '', ...lines] = text.slice(0, end).split('\r\n')
  const line = REQUEST_LINE.exec(first)
  if (line === null) throw new Error(`a request line ${JSON.stringify(first)}`)
  const fields = lines.map((one): [string, string] => {
    const field = FIELD_LINE.exec(one)
    if (field === null) throw new Error(`a field line ${JSON.stringify(one)}`)
    return [field[1]!, field[2]!]
  })
  const head = { method: line[1]!, path: line[2]!, fields }
  const only = (name: string): string | null => {
    const values = fields.filter(([one]) => one.toLowerCase() === name)
    if (values.length > 1) throw new Error(`${name} twice`)
    return values[0]?.[1] ?? null
  }
  // Empty where a user wants it so: a Host is a must, its value is not (RFC 9112 section 3.2).
  if (only('host') === null) throw new Error('no Host')
  const [length, coding] = [only('content-length'), only('transfer-encoding')]
  if (length !== null && coding !== null) throw new Error('two framings')
  if (coding !== null) {
    if (coding !== 'chunked') throw new Error(`Transfer-Encoding ${coding}`)
    return readChunks(text, end + 4, head)
  }
  if (length !== null && !/^\d{1,15}$/.test(length)) throw new Error(`Content-Length ${length}`)
  const bodyEnd = end + 4 + Number(length ?? 0)
  if (text.length < bodyEnd) return null
  return {
    ...head,
    body: Buffer.from(text.slice(end + 4, bodyEnd), 'latin1'),
    chunked: false,
    length: bodyEnd,
  }
}

type Head = Pick<WrittenRequest, 'method' | 'path' | 'fields'>

function readChunks(text: string, start: number, head: Head): WrittenRequest | null {
  let body = ''
  for (let at = start; ;) {
    const lineEnd = text.indexOf('\r\n', at)
    if (lineEnd === -1) return null
    const size = CHUNK_LINE.exec(text.slice(at, lineEnd))
    if (size === null) throw new Error(`a chunk line ${JSON.stringify(text.slice(at, lineEnd))}`)
    const dataEnd = lineEnd + 2 + Number.parseInt(size[1]!, 16)
    if (text.length < dataEnd + 2) return null
    if (text.slice(dataEnd, dataEnd + 2) !== '\r\n') throw new Error('a chunk without its line end')
    body += text.slice(lineEnd + 2, dataEnd)
    at = dataEnd + 2
    if (size[1] === '0') return { ...head, body: Buffer.from(body, 'latin1'), chunked: true, length: at }
  }
}
