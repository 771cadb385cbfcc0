import { writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer, type AddressInfo, type Socket } from 'node:net'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Bench } from './run-trawl.ts'

let bench: Bench
let port = 0
/** How often each path was asked for. */
let asked = new Map<string, number>()
let order: string[] = []

beforeEach(async () => {
  // The waits before retries are random, from 0 on.
  vi.spyOn(Math, 'random').mockReturnValue(0)
  bench = await Bench.make()
  asked = new Map()
  order = []
  port = await bench.serve(answer)
})

afterEach(async () => {
  vi.restoreAllMocks()
  await bench.dispose()
})

/** `/503/2` answers 503 twice, `/cut/2` breaks off twice, and both are well then. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const url = request.url!
  const times = (asked.get(url) ?? 0) + 1
  asked.set(url, times)
  order.push(url)
  const [, kind, count] = /^\/(\w+)\/(\d+)/.exec(url) ?? []
  const isWell = times > Number(count)
  if (kind === 'cut' && !isWell) {
    response.writeHead(200, { 'content-length': 500_000 })
    response.write(`try ${times} `.padEnd(200_000, 'x'), () => response.destroy())
  } else if (kind === 'early' && !isWell) {
    response.writeHead(200, { 'content-length': 500_000 })
    response.flushHeaders()
    setImmediate(() => response.destroy())
  } else if (kind !== 'cut' && kind !== 'early' && !isWell) {
    response.writeHead(Number(kind)).end('not now')
  } else {
    response.end(`${url} at try ${times}`)
  }
}

function at(path: string): string {
  return `http://127.0.0.1:${port}${path}`
}

function get(paths: readonly string[], ...args: string[]): ReturnType<Bench['run']> {
  const places = ['--output-dir', bench.path('out'), '--report', bench.path('report.jsonl')]
  return bench.run(['get', ...paths.map(at), ...places, ...args])
}

describe('--retry', () => {
  it('is 3 by default: what passes costs no page', async () => {
    const { code, stderr } = await get(['/500/1', '/503/3', '/408/2'])
    expect(code).toBe(0)
    expect(stderr).toContain('retries      6\n')
    const lines = (await bench.report()).map(({ url, retries }) => [new URL(url).pathname, retries])
    expect(Object.fromEntries(lines)).toEqual({ '/500/1': 1, '/503/3': 3, '/408/2': 2 })
  })

  it('ends with the last answer', async () => {
    expect((await get(['/502/9'], '--retry', '2')).code).toBe(8)
    expect((await bench.report())[0]).toMatchObject({ status: 502, retries: 2, error: null })
    expect(asked.get('/502/9')).toBe(3)
  })

  it('0 asks once', async () => {
    expect((await get(['/500/1', '/cut/1'], '--retry', '0')).code).toBe(4)
    expect([...asked.values()]).toEqual([1, 1])
    expect((await bench.report()).map(({ retries }) => retries)).toEqual([0, 0])
  })

  it.each(['1', '4'])('asks anew for a body that breaks off (--pipeline %s)', async (depth) => {
    const { code } = await get(['/cut/1', '/cut/3', '/early/2'], '--pipeline', depth)
    expect(code).toBe(0)
    const files = Object.values(await bench.files('out')).toSorted()
    expect(files).toEqual(['/cut/1 at try 2', '/cut/3 at try 4', '/early/2 at try 3'])
    const lines = (await bench.report()).map(({ url, retries }) => [new URL(url).pathname, retries])
    expect(Object.fromEntries(lines)).toEqual({ '/cut/1': 1, '/cut/3': 3, '/early/2': 2 })
  })

  it('counts a broken body and a refusal together', async () => {
    expect((await get(['/cut/9'], '--retry', '2')).code).toBe(4)
    expect(asked.get('/cut/9')).toBe(3)
    expect((await bench.report())[0]).toMatchObject({
      error: 'ERR_CONNECTION_CLOSED',
      retries: 2,
      file: null,
    })
    expect(await bench.files('out')).toEqual({})
  })

  it('does not repeat what standard output has had', async () => {
    const { code, stdout } = await bench.run(['get', at('/cut/1')])
    expect(code).toBe(4)
    expect(stdout.startsWith('try 1 ')).toBe(true)
    expect(asked.get('/cut/1')).toBe(1)
    expect(await bench.run(['get', at('/early/1')])).toMatchObject({ code: 0, stdout: '/early/1 at try 2' })
  })

  it('is told also of what failed in the end, with the status where there was one', async () => {
    const url = 'http://127.0.0.1:1/'
    const places = ['--output-dir', bench.path('out'), '--report', bench.path('report.jsonl')]
    expect(
      (await bench.run(['get', url, at('/cut/9'), ...places, '--retry', '2', '--pipeline', '4'])).code,
    ).toBe(4)
    const lines = (await bench.report()).toSorted((a, b) => a.url.length - b.url.length)
    expect(lines[0]).toMatchObject({ error: 'ERR_CONNECT_TCP', status: null, retries: 2, redirects: 0 })
    expect(lines[1]).toMatchObject({ error: 'ERR_CONNECTION_CLOSED', status: 200, retries: 2, redirects: 0 })
  })

  it('does not let what waits for it stand in the way of others', async () => {
    // Each waits almost a second before its only retry.
    vi.mocked(Math.random).mockReturnValue(0.9)
    const refused = Array.from({ length: 4 }, (_, i) => `/500/1?${i}`)
    const { code } = await get(refused, '--max-conn', '4', '--max-conn-per-target', '1', '--retry', '1')
    expect(code).toBe(0)
    // Each once before any is asked again; the command opens their files side by side, in no order.
    expect(order.slice(0, 4).toSorted()).toEqual(refused)
  })

  it('does not repeat a POST', async () => {
    expect((await get(['/500/1', '/cut/1'], '-d', 'a=1')).code).toBe(4)
    expect([...asked.values()]).toEqual([1, 1])
  })

  it('is ended by a second Ctrl-C also while it waits', async () => {
    vi.mocked(Math.random).mockReturnValue(0.999)
    const broken = Promise.withResolvers<void>()
    const alone = await bench.serve((_, response) => {
      response.writeHead(200, { 'content-length': 500_000 })
      response.write('x'.repeat(200_000), () => {
        response.destroy()
        broken.resolve()
      })
    })
    const running = bench.run([
      'get',
      `http://127.0.0.1:${alone}/`,
      '--output-dir',
      bench.path('out'),
      '--retry',
      '30',
    ])
    await broken.promise
    process.emit('SIGINT')
    process.emit('SIGINT')
    expect((await running).code).toBe(130)
    expect(await bench.files('out')).toEqual({})
  })
})

describe('--retry-max-time', () => {
  it.each(['/503/9', '/cut/9'])('begins no retry after that time: %s', async (path) => {
    // Waits are 50 ms, then 100 ms, and so on: when the first is over, so is the time.
    vi.mocked(Math.random).mockReturnValue(0.05)
    const { code } = await get([path], '--retry-max-time', '0.001')
    expect(code).toBe(path === '/cut/9' ? 4 : 8)
    expect(asked.get(path)).toBe(1)
  })

  it('says so, with the status', async () => {
    vi.mocked(Math.random).mockReturnValue(0.05)
    const { stderr } = await get(['/503/9'], '--retry-max-time', '0.001')
    expect(stderr).toContain('/503/9: answered 503, and --retry-max-time (0.001 s) is over\n')
    expect((await bench.report())[0]).toMatchObject({ status: 503, error: null })
  })

  it('lets retries begin until then', async () => {
    expect((await get(['/503/3', '/cut/2'], '--retry-max-time', '600')).code).toBe(0)
  })

  it('sends nothing secret to another host with a retry there', async () => {
    const seen: (string | undefined)[] = []
    let times = 0
    const away = await bench.serve(({ headers }, response) => {
      seen.push(headers.authorization ?? headers.cookie)
      response.writeHead(++times === 1 ? 503 : 200).end('there')
    })
    const from = await bench.serve((_, response) => {
      response.writeHead(302, { location: `http://127.0.0.1:${away}/` }).end()
    })
    for (const secret of [
      ['-u', 'me:secret'],
      ['-H', 'Authorization: secret'],
      ['-b', 'id=secret'],
    ]) {
      times = 0
      const args = ['get', `http://127.0.0.1:${from}/`, '-L', '--retry-max-time', '600', ...secret]
      expect(await bench.run(args)).toMatchObject({ code: 0, stdout: 'there' })
    }
    expect(seen).toEqual(Array.from({ length: 6 }, () => undefined))
  })
})

describe('a server that ends connections under a pipeline', () => {
  const PAGES = 60
  const BODY = 1_000_000

  /** Every tenth page is large; the first time, its connection goes in the middle of it. */
  function serve(
    end: (socket: Socket) => void,
  ): Promise<{ port: number; cut: () => number; close: () => void }> {
    const cut = new Set<string>()
    const sockets = new Set<Socket>()
    const server = createServer((socket) => {
      sockets.add(socket)
      socket.on('close', () => sockets.delete(socket))
      socket.on('error', () => undefined)
      let text = ''
      let isOver = false
      socket.on('data', (chunk: Buffer) => {
        text += chunk.toString('latin1')
        for (;;) {
          const stop = text.indexOf('\r\n\r\n')
          if (stop === -1 || isOver) return
          const path = /^GET (\S+) /.exec(text)![1]!
          text = text.slice(stop + 4)
          const body = bodyOf(path)
          socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`)
          if (body.length < BODY || cut.has(path)) {
            socket.write(body)
            continue
          }
          cut.add(path)
          isOver = true
          socket.write(body.slice(0, 100_000), () => setImmediate(() => setImmediate(() => end(socket))))
        }
      })
    })
    return new Promise((resolve) => {
      server.listen(0, '127.0.0.1', () => {
        const close = (): void => {
          for (const socket of sockets) socket.destroy()
          server.close()
        }
        resolve({ port: (server.address() as AddressInfo).port, cut: () => cut.size, close })
      })
    })
  }

  function bodyOf(path: string): string {
    return path.endsWith('0') ? path.padEnd(BODY, path) : path
  }

  it.each([
    ['resets them', (socket: Socket): unknown => socket.resetAndDestroy()],
    ['closes them', (socket: Socket): unknown => socket.end()],
  ])('and %s: no page is lost', async (_, end) => {
    const server = await serve((socket) => void end(socket))
    try {
      const urls = Array.from({ length: PAGES }, (__, i) => `http://127.0.0.1:${server.port}/p/${i}`)
      await writeFile(bench.path('urls'), urls.join('\n'))
      const places = ['--output-dir', bench.path('out'), '--report', bench.path('report.jsonl')]
      const limits = ['--pipeline', '8', '--max-conn-per-target', '3']
      const { code } = await bench.run(['get', '--input', bench.path('urls'), ...places, ...limits])
      expect(code).toBe(0)
      expect(server.cut()).toBe(PAGES / 10)
      const files = await bench.files(`out/127.0.0.1+http+${server.port}/p`)
      expect(Object.keys(files)).toHaveLength(PAGES)
      for (const [name, body] of Object.entries(files)) expect(body === bodyOf(`/p/${name}`)).toBe(true)
      const report = await bench.report()
      expect(report.filter(({ error, status }) => error === null && status === 200)).toHaveLength(PAGES)
    } finally {
      server.close()
    }
  })
})
