import { existsSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { Client, RequestError } from '../../lib/index.ts'
import { download } from '../../lib/jobs/download.ts'
import { Random } from '../../lib/testing/random.ts'
import { digest, engineOf, FileServer, Folder, type Answer } from './download-stand.ts'

const SEEDS = 120
const CALLS = 6

/** Bytes of which each version, and each place in it, has its own. */
function contentOf(version: number, size: number): Buffer {
  const content = Buffer.alloc(size)
  for (let at = 0; at + 4 <= size; at += 4) content.writeUInt32LE((version * 16_777_216 + at) >>> 0, at)
  return content
}

/** What a bad server may answer: cuts, lies, refusals, and the truth. */
function misdeed(random: Random, size: number): Answer {
  const framing = random.pick(['length', 'length', 'length', 'chunked', 'close'] as const)
  // A body that ends with its connection, cut, is a shorter body: nothing in HTTP/1.1 shows it.
  const cut = framing !== 'close' && random.chance(0.5) ? { cut: random.int(0, size) } : {}
  const byte = (): number => random.int(0, size + 2)
  return random.pick<Answer>([
    { ...cut, framing },
    { ...cut, framing },
    { ...cut, ignoreRange: true, framing },
    { ...cut, ignoreIfRange: true, framing },
    { ...cut, framing, ignoreIfRange: true, headers: { ETag: null } },
    { ...cut, framing, headers: { ETag: 'W/"weak"' } },
    { ...cut, headers: { 'Content-Range': `bytes ${byte()}-${byte()}/${byte()}` } },
    { ...cut, headers: { 'Content-Range': `bytes */${byte()}` }, status: 416 },
    { status: random.pick([404, 429, 500, 503, 206, 204]) },
  ])
}

describe('a download from a server that misbehaves', () => {
  it(
    `is one version of the file, whole, or no file at all: ${SEEDS} seeds`,
    { timeout: 60_000 },
    async () => {
      const wrong: string[] = []
      let whole = 0
      let resumed = 0
      for (let seed = 1; seed <= SEEDS; seed++) {
        const outcome = await run(seed)
        wrong.push(...outcome.wrong)
        whole += outcome.whole
        resumed += outcome.resumed
      }
      expect(wrong).toEqual([])
      // The runs are worth something: many end well, and many of these were resumed.
      expect(whole).toBeGreaterThan(SEEDS / 2)
      expect(resumed).toBeGreaterThan(SEEDS / 20)
    },
  )
})

/** A few calls to one server, as a user who does not give up makes them. */
async function run(seed: number): Promise<{ wrong: string[]; whole: number; resumed: number }> {
  const random = new Random(seed)
  const size = random.int(1, random.chance(0.3) ? 700_000 : 5_000)
  using folder = new Folder()
  await using client = new Client()
  await using server = await FileServer.start(contentOf(0, size), ...manyOf(random, size))
  const versions = new Set([digest(server.content)])
  let version = 0
  server.onRequest = () => {
    if (!random.chance(0.2)) return
    server.content = contentOf(++version, random.chance(0.5) ? size : random.int(1, 5_000))
    server.etag = `"v${version + 1}"`
    versions.add(digest(server.content))
  }
  const wrong: string[] = []
  let whole = 0
  let resumed = 0
  for (let call = 0; call < CALLS && whole === 0; call++) {
    try {
      const result = await download(engineOf(client), server.url, folder.file(), { maxRetries: 2 })
      whole++
      if (result.status === 206) resumed++
      if (!versions.has(digest(folder.read()))) wrong.push(`seed ${seed}: not one version of the file`)
      if (result.size !== folder.read().length) wrong.push(`seed ${seed}: size ${result.size} is wrong`)
      if (folder.names.length !== 1) wrong.push(`seed ${seed}: left ${folder.names.join()}`)
    } catch (error) {
      if (!(error instanceof RequestError)) wrong.push(`seed ${seed}: ${String(error)}`)
      if (existsSync(folder.file())) wrong.push(`seed ${seed}: a failure left a file`)
    }
  }
  return { wrong, whole, resumed }
}

function manyOf(random: Random, size: number): Answer[] {
  return Array.from({ length: random.int(0, 12) }, () => misdeed(random, size))
}
