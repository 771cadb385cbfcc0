import { crc32 } from 'node:zlib'
import { Random } from '../../lib/testing/random.ts'
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
 * no part of it is like another. Bytes of any other answer, or from any other place of this one, are
 * noticed; and a head that another's body was put to.
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

/** Lines of chance, long enough for every offset and size; made once, as bodies are most of a world's bytes. */
const POOL = makePool(0x10_0000 + 0x8_0000)

function makePool(size: number): Buffer {
  const random = new Random(size)
  const bytes = Buffer.alloc(size)
  for (let at = 0; at < size; at++) bytes[at] = at % 64 === 63 ? 0x0a : random.int(0x30, 0x7a)
  return bytes
}

/** Two ids have their bytes from two places of the pool, so that none of them agree for long. */
function fill(head: string, id: number, size: number): Buffer {
  const start = Math.imul(id + 1, 0x9e3779b1) >>> 12
  const rest = Math.max(0, size - head.length)
  if (start + rest > POOL.length) throw new RangeError(`a body of ${size} bytes is more than the pool has`)
  return Buffer.concat([Buffer.from(head, 'latin1'), POOL.subarray(start, start + rest)])
}
