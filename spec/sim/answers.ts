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

/** The path of call `id`: it says all that its answer depends on. */
export function pathOf(id: number, size: number, status: number): string {
  return `/${id}?size=${size}&status=${status}`
}

export interface Asked {
  readonly id: number
  readonly size: number
  readonly status: number
}

export function parsePath(path: string): Asked {
  const match = /^\/(\d+)\?size=(\d+)&status=(\d+)$/.exec(path)
  if (match === null) throw new Error(`no path of this world: ${path}`)
  return { id: Number(match[1]), size: Number(match[2]), status: Number(match[3]) }
}

/**
 * The body that a request deserves: it names the method, the target, the path and what was sent, and
 * every line of it says where it stands. Bytes of any other answer, or from any other place of this
 * one, are noticed.
 */
export function deserved(method: string, origin: string, path: string, sent: SentBody | null): Buffer {
  const { id, size, status } = parsePath(path)
  if (isBodiless(method, status)) return Buffer.alloc(0)
  const echo = sent === null ? 'unread' : `${sent.length} ${sent.crc}`
  return fill(`${method} ${origin}${path} ${echo}\n`, id, size)
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
