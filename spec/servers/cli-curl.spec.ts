import { execFile, spawnSync } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Bench } from '../cli/run-trawl.ts'

const missing = spawnSync('curl', ['--version']).status !== 0
if (missing) {
  const why = 'there is no curl: install it, for the flags of trawl get are compared with its'
  if (process.env['CI'] !== undefined) throw new Error(why)
  console.warn(`Specs against curl are left out: ${why}.`)
}

const run = promisify(execFile)

/** One request, as far as both have to agree. */
interface Asked {
  readonly what: string
  readonly from: string
  readonly cookies: readonly string[]
  readonly authorization: string
  readonly proxyAuthorization: string
  readonly body: string
}

let bench: Bench
let log: Asked[] = []
let port = 0
let other = 0
let busy = 0

beforeEach(async () => {
  bench = await Bench.make()
  log = []
  busy = 0
  other = await bench.serve((request, response) => void answer(request, response))
  port = await bench.serve((request, response) => void answer(request, response))
})

afterEach(() => bench.dispose())

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { headers, method, socket } = request
  const url = request.url!
  const { authorization = '', cookie } = headers
  log.push({
    what: `${method} ${url}`,
    from: socket.remoteAddress!,
    cookies: cookie === undefined ? [] : cookie.split('; ').toSorted(),
    // The proof of a digest is another each time.
    authorization: authorization.startsWith('Digest') ? 'Digest' : authorization,
    proxyAuthorization: headers['proxy-authorization'] ?? '',
    body: await text(request),
  })
  const left = Number(/\/to\/(\d+)$/.exec(url)?.[1] ?? 0)
  const sets = ['sid=1; Path=/; HttpOnly', 'keep=2; Path=/', 'deep=3; Path=/deep']
  if (left > 0) response.writeHead(302, { location: `/to/${left - 1}` }).end()
  else if (url === '/set') response.writeHead(303, { location: '/home', 'set-cookie': sets }).end()
  else if (url === '/away') response.writeHead(307, { location: `http://localhost:${other}/there` }).end()
  else if (url === '/busy' && ++busy % 2 === 1) response.writeHead(503).end()
  else if (url === '/digest' && authorization === '') {
    response.writeHead(401, { 'www-authenticate': 'Digest realm="r", nonce="n", qop="auth"' }).end()
  } else response.end('done')
}

function direct(): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(process.env).filter(([name]) => !/proxy/i.test(name)))
}

/** What the server sees of curl, and then of the command, given the same arguments. */
async function both(path: string, args: (folder: string) => readonly string[]): Promise<[Asked[], Asked[]]> {
  const url = `http://127.0.0.1:${port}${path}`
  const asked: Asked[][] = []
  for (const who of ['curl', 'trawl']) {
    log = []
    const given = [...args(bench.path(`${who}.`)), url]
    if (who === 'trawl') await bench.run(['get', ...given])
    // Its exit code says that there were too many redirects.
    else await run('curl', ['-s', ...given], { env: direct() }).catch(() => undefined)
    asked.push(log)
  }
  return asked as [Asked[], Asked[]]
}

describe.skipIf(missing)('trawl get and curl', () => {
  it.each([
    ['/x', [], 1],
    ['/to/3', [], 1],
    ['/to/3', ['-L'], 4],
    ['/to/5', ['-L', '--max-redirs', '2'], 3],
    ['/to/2', ['-L', '-b', 'a=1; b=2'], 3],
    ['/to/1', ['-L', '-d', 'a=1'], 2],
    ['/set', ['-L'], 2],
    ['/set', ['-L', '-b', ''], 2],
    ['/set', ['-L', '-b', 'a=1', '-b', ''], 2],
    ['/x', ['-u', 'me:pass:word'], 1],
    ['/x', ['-u', 'me:'], 1],
    ['/away', ['-L', '-u', 'me:password'], 2],
    ['/away', ['-L', '-H', 'Authorization: secret'], 2],
    ['/digest', ['--digest', '-u', 'me:password'], 2],
    ['/x', ['--oauth2-bearer', 'token'], 1],
    ['/busy', ['--retry', '2'], 2],
    ['/x', ['--interface', '127.0.0.2'], 1],
    ['/x', ['--noproxy', '*', '-x', 'http://127.0.0.1:1'], 1],
  ] as const)('send the same for %s with %j', async (path, args, count) => {
    const [curl, trawl] = await both(path, () => args)
    expect(curl).toHaveLength(count)
    expect(trawl).toEqual(curl)
  })

  it('send the same to a proxy', async () => {
    const args = ['-x', `http://127.0.0.1:${other}`, '-U', 'me:p@ss']
    const [curl, trawl] = await both('/x', () => args)
    expect(curl[0]).toMatchObject({ what: `GET http://127.0.0.1:${port}/x` })
    expect(trawl).toEqual(curl)
  })

  it('keep the same cookies, and read those of each other', async () => {
    const [curl, trawl] = await both('/set', (start) => ['-L', '-b', 'given=1', '-c', `${start}jar`])
    expect(trawl).toEqual(curl)
    const jars = ['curl.jar', 'trawl.jar']
    const files = await Promise.all(jars.map((jar) => readFile(bench.path(jar), 'latin1')))
    const [ofCurl, ofTrawl] = files.map(
      (file) => new Set(file.split('\n').filter((line) => line.includes('\t'))),
    )
    expect(ofTrawl).toEqual(ofCurl)
    expect(ofCurl!.size).toBe(3)
    for (const jar of jars) {
      const [second, third] = await both('/deep/x', () => ['-b', bench.path(jar)])
      expect(second[0]!.cookies).toEqual(['deep=3', 'keep=2', 'sid=1'])
      expect(third).toEqual(second)
    }
    await rm(bench.path('curl.jar'))
  })
})
