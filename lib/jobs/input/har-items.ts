import { LIMITS } from '../../core/limits.ts'
import type { InputItem, JobItem } from '../job-item.ts'
import { HarReader } from './har-reader.ts'
import type { JsonTree } from './json-builder.ts'
import type { Notes } from './notes.ts'

type Tree = { readonly [key: string]: JsonTree | undefined }

/**
 * Fields that belonged to the browser's connection, or that the client makes itself, as those who copy a browser's request as a
 * curl command leave them out. RFC 9110 section 7.6.1 names the first ones.
 */
const LEFT_OUT = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'http2-settings',
  'proxy-authorization',
  'host',
  'content-length',
  'expect',
  'accept-encoding',
])

/**
 * The requests of a HAR (HTTP Archive 1.1, 1.2): URL, method, fields with their cookies, body. Those that are no
 * HTTP requests (`data:`, `blob:`, WebSockets) are left out, with a note.
 */
export async function* readHar(
  chunks: AsyncIterable<Uint8Array>,
  notes: Notes,
): AsyncGenerator<readonly InputItem[], void, void> {
  let items: InputItem[] = []
  let number = 0
  const reader = await HarReader.load((request, problem) => {
    const item = problem === '' ? itemOf(request, number + 1, notes) : broken('', number + 1, problem)
    if (item === null) return
    number++
    items.push(item)
  })
  const decoder = new TextDecoder()
  for await (const chunk of chunks) {
    reader.write(decoder.decode(chunk, { stream: true }))
    if (items.length > 0) yield items
    items = []
    if (reader.problem !== '') break
  }
  reader.write(decoder.decode())
  reader.end()
  if (reader.problem !== '') {
    items.push(
      broken('', number + 1, `the HAR cannot be read to its end: ${reader.problem}; export it again`),
    )
  }
  if (items.length > 0) yield items
}

function itemOf(request: Tree, line: number, notes: Notes): InputItem | null {
  const url = textOf(request['url'])
  if (url === '') return broken('', line, 'a request of the HAR has no url; take it out')
  const scheme = /^([a-z][a-z0-9+.-]{0,30}):/iu.exec(url)?.[1]?.toLowerCase()
  if (scheme !== undefined && scheme !== 'http' && scheme !== 'https') {
    notes.once(`har ${scheme}`, `entries of the HAR with ${scheme}: URLs are left out`)
    return null
  }
  if (url.length > LIMITS.maxInputLine) {
    return broken(url.slice(0, 100), line, `the URL is longer than ${LIMITS.maxInputLine} characters`)
  }
  const method = textOf(request['method'])
  const headers = headersOf(request['headers'])
  const body = bodyOf(request['postData'])
  if (typeof body !== 'string' && body !== null) return broken(url, line, body.problem)
  const type = body === null ? '' : textOf((request['postData'] as Tree)['mimeType'])
  if (type !== '' && !headers.has('content-type')) headers.set('content-type', ['Content-Type', type])
  const item: JobItem = {
    url,
    ...(method !== '' && method !== 'GET' ? { method } : null),
    ...(headers.size > 0 ? { headers: recordOf(headers) } : null),
    ...(body !== null ? { body } : null),
  }
  return { url, line, item: Object.keys(item).length === 1 ? null : item, problem: '' }
}

function broken(url: string, line: number, problem: string): InputItem {
  return { url, line, item: null, problem }
}

/** By their lower-case names; each begins with its name as it was written. */
type Fields = Map<string, [name: string, ...values: string[]]>

function headersOf(list: JsonTree | undefined): Fields {
  const fields: Fields = new Map()
  if (!Array.isArray(list)) return fields
  for (const entry of list as readonly JsonTree[]) {
    const name = textOf(fieldOf(entry, 'name'))
    const key = name.toLowerCase()
    // With a colon: what HTTP/2 has instead of a request line.
    if (name === '' || name.startsWith(':') || LEFT_OUT.has(key)) continue
    const value = textOf(fieldOf(entry, 'value'))
    const known = fields.get(key)
    if (known === undefined) fields.set(key, [name, value])
    else known.push(value)
  }
  // HTTP/2 sends a cookie a field, HTTP/1.1 all in one (RFC 9113 section 8.2.3).
  const cookies = fields.get('cookie')
  if (cookies !== undefined) fields.set('cookie', [cookies[0], cookies.slice(1).join('; ')])
  return fields
}

function recordOf(fields: Fields): Record<string, string | string[]> {
  const entries = [...fields.values()].map(([name, ...values]) => [
    name,
    values.length === 1 ? values[0]! : values,
  ])
  return Object.fromEntries(entries) as Record<string, string | string[]>
}

/** The body, null for none, or what is wrong with it. */
function bodyOf(data: JsonTree | undefined): string | { readonly problem: string } | null {
  const text = fieldOf(data, 'text')
  if (typeof text === 'string' && text !== '') {
    return textOf(fieldOf(data, 'encoding')) === 'base64' ? fromBase64(text) : text
  }
  const params = fieldOf(data, 'params')
  if (!Array.isArray(params) || params.length === 0) return null
  if (!textOf(fieldOf(data, 'mimeType')).toLowerCase().startsWith('application/x-www-form-urlencoded')) {
    return { problem: 'the HAR has the parts of a form, but not the body that was sent; give it as JSONL' }
  }
  const form = new URLSearchParams()
  for (const param of params as readonly JsonTree[]) {
    form.append(textOf(fieldOf(param, 'name')), textOf(fieldOf(param, 'value')))
  }
  return form.toString()
}

function fromBase64(text: string): string | { readonly problem: string } {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(Buffer.from(text, 'base64'))
  } catch {
    return { problem: 'the body of the request is not text; such a body cannot be sent from a HAR' }
  }
}

function fieldOf(tree: JsonTree | undefined, key: string): JsonTree | undefined {
  if (typeof tree !== 'object' || Array.isArray(tree)) return undefined
  return (tree as Tree)[key]
}

function textOf(tree: JsonTree | undefined): string {
  return typeof tree === 'string' ? tree : ''
}
