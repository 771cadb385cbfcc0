import { crc32 } from 'node:zlib'
import { isBodiless } from './answer-plan.ts'

/** What a request sent, as the answer's first line repeats it. */
export interface SentBody {
  readonly length: number
  readonly crc: number
}

export const NO_BODY: SentBody = { length: 0, crc: 0 }

export function sentBody(bytes: Uint8Array): SentBody {
  return { length: bytes.length, crc: crc32(bytes) }
}

/**
 * The path of call `id`, or of what several calls ask for: it says all that its answer depends on.
 * `hop`: how many redirects have led there.
 */
export function pathOf(id: number, size: number, status: number, hop = 0): string {
  return `/${id}?size=${size}&status=${status}${hop === 0 ? '' : `&hop=${hop}`}`
}

export interface Asked {
  readonly id: number
  readonly size: number
  readonly status: number
  readonly hop: number
}

export function parsePath(path: string): Asked {
  const match = /^\/(\d+)\?size=(\d+)&status=(\d+)(?:&hop=(\d+))?$/.exec(path)
  if (match === null) throw new Error(`no path of this world: ${path}`)
  const [id, size, status, hop] = match.slice(1).map((text) => Number(text ?? 0))
  return { id: id!, size: size!, status: status!, hop: hop! }
}

/** Which call a request belongs to: it says so itself where several ask for the same. */
export function callOf(request: { path: string; headers: ReadonlyMap<string, string> }): number {
  return Number(request.headers.get('x-call') ?? parsePath(request.path).id)
}

/** What an answer's body depends on. */
export interface Deserved {
  readonly method: string
  readonly origin: string
  readonly path: string
  readonly status: number
  /** null: the server has not waited for the request's body. */
  readonly sent: SentBody | null
  /** The answer's X-Answer field. */
  readonly number: number
}

/**
 * The body that a request deserves: it names the method, the target, the path and what was sent, and
 * every line of it says where it stands. Bytes of any other answer, or from any other place of this
 * one, are noticed; and a head that another's body was put to.
 */
export function deserved({ method, origin, path, status, sent, number }: Deserved): Buffer {
  const { id, size } = parsePath(path)
  if (isBodiless(method, status)) return Buffer.alloc(0)
  const echo = sent === null ? 'unread' : `${sent.length} ${sent.crc}`
  return fill(`${method} ${origin}${path} ${echo} #${number}\n`, id, size)
}

/** The body that call `id` sends. */
export function requestBody(id: number, size: number): Buffer {
  return fill(`body of ${id}\n`, id, size)
}

function fill(head: string, id: number, size: number): Buffer {
  let text = head
  while (text.length < size) text += `${id}:${text.length}:${Math.imul(text.length + 1, 0x9e3779b1) >>> 0}\n`
  return Buffer.from(text.slice(0, Math.max(size, head.length)), 'latin1')
}
