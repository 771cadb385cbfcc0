import { crc32 } from 'node:zlib'
import type { HostileRequest } from './hostile-request.ts'

/** Bytes of a body whose path does not say `body=`. */
const USUAL_BODY = 160
const MOST_BODY = 4_194_304

/** What a 200 to this request says: it names the request, and no other request has the same. Latin-1. */
export function expectedBody(method: string, path: string): string {
  if (method === 'HEAD') return ''
  const asked = Number(/[?&]body=(\d+)/.exec(path)?.[1] ?? USUAL_BODY)
  const size = Math.min(asked, MOST_BODY)
  const name = `${method} ${path}\n`
  if (size <= name.length) return name
  const line = `${crc32(name).toString(16).padStart(8, '0')} ${name}`
  return name + line.repeat(Math.ceil((size - name.length) / line.length)).slice(0, size - name.length)
}

/** A head from its lines; each answer says in X-Body what came with its request. */
export function head(request: HostileRequest, fields: readonly string[], status = '200 OK'): string {
  const told = request.done ? `${request.bodyLength}-${request.bodyCrc}` : 'unread'
  return `HTTP/1.1 ${status}\r\nX-Body: ${told}\r\n${fields.map((field) => `${field}\r\n`).join('')}\r\n`
}

/** What GET would get, whatever the method: of HEAD, its fields tell of that. */
export function bodyFor(request: HostileRequest): string {
  return expectedBody(request.method === 'HEAD' ? 'GET' : request.method, request.path)
}

/** A whole answer; of HEAD, its head. */
export function answer(
  request: HostileRequest,
  body: string | Buffer,
  fields: readonly string[] = [],
  status = '200 OK',
): Buffer {
  const bytes = typeof body === 'string' ? Buffer.from(body, 'latin1') : body
  const text = head(request, [...fields, `Content-Length: ${bytes.length}`], status)
  const start = Buffer.from(text, 'latin1')
  return request.method === 'HEAD' ? start : Buffer.concat([start, bytes])
}

export function honestAnswer(request: HostileRequest, fields: readonly string[] = []): Buffer {
  return answer(request, bodyFor(request), fields)
}

/** A body in chunks of some bytes each, without the last chunk. */
export function chunks(body: string): string {
  const parts = body.match(/[^]{1,50}/g) ?? []
  return parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`).join('')
}
