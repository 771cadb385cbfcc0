import { networkInterfaces } from 'node:os'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Bench } from './run-trawl.ts'

let bench: Bench
let port = 0
/** Where requests came from. */
let from: string[] = []
let cacheControl = ''

beforeEach(async () => {
  bench = await Bench.make()
  from = []
  cacheControl = 'max-age=600'
  port = await bench.serve((request, response) => {
    from.push(request.socket.remoteAddress!)
    response.writeHead(200, { 'cache-control': cacheControl }).end(`${request.url} ${from.length}`)
  })
})

afterEach(() => bench.dispose())

function url(path: string): string {
  return `http://127.0.0.1:${port}${path}`
}

function list(count: number): string[] {
  return Array.from({ length: count }, (_, i) => url(`/${i}`))
}

function getList(count: number, ...args: string[]): ReturnType<Bench['run']> {
  const places = ['--output-dir', bench.path('out'), '--report', bench.path('report.jsonl'), '--force']
  return bench.run(['get', ...list(count), ...places, ...args])
}

function get(env: NodeJS.ProcessEnv, ...args: string[]): ReturnType<Bench['run']> {
  return bench.run(['get', url('/x'), ...args], '', env)
}

describe('--interface', () => {
  it('several take turns, and the report says whose it was', async () => {
    const ips = ['127.0.0.1', '127.0.0.2', '127.0.0.3']
    expect((await getList(9, ...ips.flatMap((ip) => ['--interface', ip]))).code).toBe(0)
    for (const ip of ips) expect(from.filter((one) => one === ip)).toHaveLength(3)
    const reported = (await bench.report()).map(({ clientIp }) => clientIp)
    for (const ip of ips) expect(reported.filter((one) => one === ip)).toHaveLength(3)
  })

  const loopback = Object.entries(networkInterfaces()).find(([, all]) =>
    all?.some(({ address }) => address === '127.0.0.1'),
  )

  it.skipIf(loopback === undefined)('takes the name of one, too', async () => {
    expect((await getList(2, '--interface', loopback![0])).code).toBe(0)
    expect(from).toEqual(['127.0.0.1', '127.0.0.1'])
  })
})

/** Which of two URLs on each of two hosts are asked for at once, where one answers in an hour. */
async function askedAtOnce(flag: string, wanted: number): Promise<string[]> {
  const reached = Promise.withResolvers<void>()
  const seen: string[] = []
  const paced = await bench.serve((request, response) => {
    seen.push(request.headers.host!.split(':')[0]!)
    response.end()
    if (seen.length === wanted) reached.resolve()
  })
  const urls = ['a', 'b'].flatMap((host) => [0, 1].map((i) => `http://${host}.test:${paced}/${i}`))
  const running = bench.run(['get', ...urls, '-X', 'HEAD', '--resolve', '*:80:127.0.0.1', flag, '1/h'])
  await reached.promise
  // Time enough for the others to be sent, if nothing held them back.
  for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve))
  process.emit('SIGTERM')
  expect((await running).code).toBe(143)
  return seen.toSorted()
}

describe('a rate', () => {
  it('is kept for each target by --rate-per-host', async () => {
    expect(await askedAtOnce('--rate-per-host', 2)).toEqual(['a.test', 'b.test'])
  })

  it('is kept over all of them by --rate', async () => {
    expect(await askedAtOnce('--rate', 1)).toEqual(['a.test'])
  })

  it('leaves time for what waits with --max-time', async () => {
    expect((await getList(5, '--rate-per-host', '20/s', '--max-time', '0.5')).code).toBe(0)
    expect(from).toHaveLength(5)
  })
})

describe('--cache', () => {
  it('answers from the file in the next run', async () => {
    const cache = ['--cache', bench.path('c.cache')]
    expect((await getList(3, ...cache)).code).toBe(0)
    const { code, stderr } = await getList(3, ...cache)
    expect(code).toBe(0)
    expect(from).toHaveLength(3)
    expect(stderr).toContain('cache        hit: 3\n')
    expect(stderr).toContain('received     0 B')
    const reported = (await bench.report()).map(({ cache: did, bytesOnWire }) => [did, bytesOnWire === 0])
    expect(reported).toEqual([
      ...Array.from({ length: 3 }, () => ['miss', false]),
      ...Array.from({ length: 3 }, () => ['hit', true]),
    ])
    expect(Object.values(await bench.files('out'))).toHaveLength(3)
  })

  it.each(['1', '4'])('replays for ever what no server lets be kept (--pipeline %s)', async (depth) => {
    cacheControl = 'no-store'
    const args = ['--cache', bench.path('c.cache'), '--cache-mode', 'replay', '--pipeline', depth]
    await getList(2, ...args)
    const first = await bench.files('out')
    expect((await getList(2, ...args)).code).toBe(0)
    expect(from).toHaveLength(2)
    expect(await bench.files('out')).toEqual(first)
  })

  it('says what is wrong with its file', async () => {
    const { code, stderr } = await getList(1, '--cache', bench.folder)
    expect(code).toBe(3)
    expect(stderr).toContain('trawl: --cache: ')
    expect(stderr).toContain(bench.folder)
    expect(from).toEqual([])
  })
})

describe('a proxy', () => {
  let proxy = 0
  let proxied: { url: string; login: string }[] = []

  beforeEach(async () => {
    proxied = []
    proxy = await bench.serve((request, response) => {
      proxied.push({ url: request.url!, login: request.headers['proxy-authorization'] ?? '' })
      response.end('by proxy')
    })
  })

  it('is asked with -x', async () => {
    expect((await get({}, '-x', `127.0.0.1:${proxy}`)).stdout).toBe('by proxy')
    expect((await get({}, '-x', `http://127.0.0.1:${proxy}`, '-U', 'me:p@ss:w')).stdout).toBe('by proxy')
    const login = `Basic ${btoa('me:p@ss:w')}`
    expect(proxied).toEqual([
      { url: url('/x'), login: '' },
      { url: url('/x'), login },
    ])
  })

  it('is that of the environment, as curl has it', async () => {
    const env = { http_proxy: `http://127.0.0.1:${proxy}` }
    const direct = '/x 1'
    expect((await get(env)).stdout).toBe('by proxy')
    expect((await get({ ALL_PROXY: env.http_proxy }, '-U', 'a:b')).stdout).toBe('by proxy')
    expect(proxied[1]!.login).toBe(`Basic ${btoa('a:b')}`)
    expect((await get({ ...env, no_proxy: '127.0.0.1' })).stdout).toBe(direct)
    expect((await get({ ...env, NO_PROXY: '*' }, '--noproxy', 'example.com')).stdout).toBe('by proxy')
    expect((await get(env, '--noproxy', '*')).stdout).toBe('/x 2')
    expect((await get(env, '-x', '')).stdout).toBe('/x 3')
    expect((await get({ no_proxy: '127.0.0.0/8' }, '-x', env.http_proxy)).stdout).toBe('/x 4')
  })

  it('that is none is refused at once', async () => {
    const refused = await get({ http_proxy: 'http://me:secret@proxy:port' })
    expect(refused.code).toBe(2)
    expect(refused.stderr).toContain('trawl: the proxy of the environment: ')
    expect(refused.stderr).not.toContain('secret')
    expect(from).toEqual([])
  })
})
