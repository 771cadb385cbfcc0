import { createHash, randomBytes } from 'node:crypto'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { serve, type Site } from './serve.ts'

const FILES = 6
const FILE_SIZE = 3_000_000

/** A file of the archive, as its list tells. */
export interface ArchiveFile {
  readonly name: string
  readonly size: number
  readonly sha256: string
}

export interface Archive extends Site {
  /** What went wrong on purpose, and how it was mended. */
  readonly counts: { refused: number; brokenOff: number; resumed: number; whole: number }
}

/**
 * A site whose files are for those who have logged in. It has bad days: every file breaks off in the
 * middle once, and now and then it refuses for a second.
 */
export async function startArchive(): Promise<Archive> {
  const session = randomBytes(16).toString('hex')
  const files = new Map<string, Buffer>()
  for (let i = 0; i < FILES; i++) files.set(`part-${i}.bin`, randomBytes(FILE_SIZE))
  const counts = { refused: 0, brokenOff: 0, resumed: 0, whole: 0 }
  const broken = new Set<string>()
  let asked = 0
  const site = await serve('archive.localhost', (request, response) => {
    const { url = '/', headers } = request
    if (url === '/login') return void logIn(request, response, session)
    if (headers.cookie !== `session=${session}`) return void response.writeHead(401).end('Log in first.')
    if (url === '/list') return void response.end(JSON.stringify(listOf(files)))
    const file = files.get(url.slice(1))
    if (file === undefined) return void response.writeHead(404).end()
    asked++
    if (asked === 2 || asked === 9) {
      counts.refused++
      return void response.writeHead(asked === 2 ? 503 : 429, { 'Retry-After': '1' }).end()
    }
    sendFile(request, response, file, broken, counts)
  })
  return { ...site, counts }
}

function listOf(files: ReadonlyMap<string, Buffer>): ArchiveFile[] {
  return [...files].map(([name, bytes]) => {
    return { name, size: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }
  })
}

async function logIn(request: IncomingMessage, response: ServerResponse, session: string): Promise<void> {
  const form = new URLSearchParams(await text(request))
  if (form.get('user') !== 'reader' || form.get('password') !== 'open sesame') {
    response.writeHead(403).end('Wrong name or password.')
    return
  }
  response.writeHead(303, { Location: '/list', 'Set-Cookie': `session=${session}; Path=/; HttpOnly` }).end()
}

function sendFile(
  { url = '/', headers }: IncomingMessage,
  response: ServerResponse,
  file: Buffer,
  broken: Set<string>,
  counts: Archive['counts'],
): void {
  const etag = `"${createHash('sha1').update(file).digest('hex')}"`
  const from = headers['if-range'] === etag ? Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0) : 0
  response.setHeader('ETag', etag).setHeader('Content-Length', file.length - from)
  if (from > 0) {
    counts.resumed++
    response.writeHead(206, { 'Content-Range': `bytes ${from}-${file.length - 1}/${file.length}` })
  } else counts.whole++
  if (broken.has(url)) {
    response.end(file.subarray(from))
    return
  }
  broken.add(url)
  counts.brokenOff++
  // Once these bytes are out, the connection goes.
  response.write(file.subarray(from, Math.floor(file.length / 2)), () => response.destroy())
}
