/** What the well-behaved servers have. Each answer's body follows from method and path alone. */
export type PageKind =
  | 'page'
  /** May be kept for a second, and has a validator. */
  | 'kept'
  /** Leads to `to`, or to a page beside it. */
  | 'moved'
  | 'none'
  | 'lost'
  /** 500 at the first time, then a page. */
  | 'busy'
  /** Comes in pieces, with pauses between. */
  | 'slow'
  /** Takes a Range. Where it is cut, the whole file breaks off in the middle. */
  | 'file'
  | 'cut'
  | 'form'

export interface Page {
  readonly kind: PageKind
  readonly id: number
  /** Bytes. */
  readonly size: number
  /** ms to the head. */
  readonly delay: number
  /** Where it leads; '' for most. */
  readonly to: string
}

export function pathOf({ kind, id, size, delay, to }: Page): string {
  return `/${kind}/${id}?size=${size}&delay=${delay}${to === '' ? '' : `&to=${encodeURIComponent(to)}`}`
}

/** null: no path of this town. */
export function readPath(path: string): Page | null {
  const match = /^\/([a-z]+)\/(\d+)\?size=(\d+)&delay=(\d+)(?:&to=([^&]*))?$/.exec(path)
  if (match === null) return null
  const [kind, id, size, delay, to = ''] = match.slice(1)
  return {
    kind: kind as PageKind,
    id: Number(id),
    size: Number(size),
    delay: Number(delay),
    to: decodeURIComponent(to),
  }
}

export function statusOf(kind: PageKind): number {
  return kind === 'none' ? 204 : kind === 'lost' ? 404 : 200
}

/**
 * Every line says whose it is and where it stands: bytes of another answer, or from another place of this
 * one, are noticed.
 */
export function bodyOf(method: string, origin: string, path: string): Buffer {
  const page = readPath(path)
  if (page === null || method === 'HEAD' || page.kind === 'none') return Buffer.alloc(0)
  const { size, id } = page
  let text = `${method} ${origin}${path}\n`
  while (text.length < size) text += `${id}:${text.length}:${Math.imul(text.length + id, 0x9e3779b1) >>> 0}\n`
  return Buffer.from(text.slice(0, Math.max(size, 1)), 'latin1')
}

/** How long the head that names the answer is, at most: pages have more. */
export const LEAST_SIZE = 256
