import { readFile, writeFile } from 'node:fs/promises'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { version } from '../../lib/index.ts'
import { createSelfSigned } from '../net/certificates.ts'
import { Bench } from './run-trawl.ts'

let bench: Bench
let port = 0
let requests = 0

beforeEach(async () => {
  bench = await Bench.make()
  requests = 0
  port = await bench.serve((request, response) => void answer(request, response))
})

afterEach(() => bench.dispose())

/** Bodies name their URL; the path says what else is special. */
async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  requests++
  const url = `http://${request.headers.host}${request.url}`
  const [, kind = ''] = request.url!.split('/')
  const status = Number(kind)
  if (status > 0) {
    response.writeHead(status, status < 400 ? { location: '/elsewhere' } : {}).end(`an error page for ${url}`)
  } else if (kind === 'escape') {
    response.writeHead(302, '\x9b31m', { location: '/\x9b2J' }).end()
  } else if (kind === 'gzip') {
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(url))
  } else if (kind === 'cut') {
    response
      .writeHead(200, { 'content-length': 1_000_000 })
      .write('x'.repeat(100_000), () => response.destroy())
  } else if (kind === 'large') {
    response.end(url.padEnd(6_000_000, '.'))
  } else if (kind === 'echo') {
    const { method, headers } = request
    response.end(JSON.stringify({ method, headers, body: await text(request) }))
  } else {
    response.end(url)
  }
}

function at(host: string, path: string): string {
  return `http://${host}.localhost:${port}${path}`
}

interface Echo {
  readonly method: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

async function echo(...args: string[]): Promise<Echo> {
  const { stdout, code } = await bench.run(['get', at('a', '/echo'), ...args])
  expect(code).toBe(0)
  return JSON.parse(stdout) as Echo
}

describe('trawl', () => {
  it('tells its version and how it is used', async () => {
    expect(await bench.spawn(['--version'])).toEqual({ code: 0, stdout: `${version}\n`, stderr: '' })
    const help = await bench.run(['get', '--help'])
    expect(help.code).toBe(0)
    expect(help.stdout).toContain('--max-conn-per-target')
    expect((await bench.run([])).code).toBe(2)
  })
})

describe('trawl get, one URL', () => {
  it('writes the body to standard output, decoded, and nothing else', async () => {
    expect(await bench.spawn(['get', at('a', '/gzip/1')])).toEqual({
      code: 0,
      stdout: at('a', '/gzip/1'),
      stderr: '',
    })
  })

  it('tells on standard error what failed, and by the exit code', async () => {
    const url = at('a', '/404/x')
    expect(await bench.run(['get', url])).toEqual({
      code: 8,
      stdout: '',
      stderr: `${url}: answered 404 Not Found\n`,
    })
    const moved = await bench.run(['get', at('a', '/302')])
    expect(moved).toMatchObject({ code: 8, stdout: '' })
    expect(moved.stderr).toContain('answered 302 Found, to /elsewhere: redirects are not followed without -L')
    expect((await bench.run(['get', at('a', '/401')])).code).toBe(6)
    expect((await bench.run(['get', at('a', '/cut')])).code).toBe(4)
  })

  it('shows a terminal nothing that it would obey', async () => {
    const { stderr } = await bench.run(['get', at('a', '/escape')])
    expect(stderr).toBe(
      String.raw`${at('a', '/escape')}: answered 302 \x9b31m, to /\x9b2J: redirects are not followed without -L` +
        '\n',
    )
  })

  it('stops when the reader of its output goes', async () => {
    const { child, ended } = bench.start(['get', at('a', '/large')])
    child.stdout!.destroy()
    const { code, stderr } = await ended
    expect(code).toBe(3)
    expect(stderr).toContain('standard output: its reader has gone')
  })

  it('sends what it is told to', async () => {
    const plain = await echo()
    expect(plain.method).toBe('GET')
    expect(plain.headers['user-agent']).toBe(`trawl/${version}`)
    const told = await echo('-H', 'X-One: 1', '-H', 'X-Two;', '-A', 'me', '-X', 'PROPFIND')
    expect(told.method).toBe('PROPFIND')
    expect(told.headers).toMatchObject({ 'x-one': '1', 'x-two': '', 'user-agent': 'me' })
  })

  it('sends a body', async () => {
    await writeFile(bench.path('form'), 'c=3\r\n\0')
    const form = await echo('-d', 'a=1', '-d', 'b=2', '-d', `@${bench.path('form')}`)
    expect(form).toMatchObject({ method: 'POST', body: 'a=1&b=2&c=3' })
    expect(form.headers['content-type']).toBe('application/x-www-form-urlencoded')
    const json = await echo('-d', '{}', '-H', 'content-type: application/json', '-X', 'PUT')
    expect(json).toMatchObject({ method: 'PUT', body: '{}' })
    expect(json.headers['content-type']).toBe('application/json')
    const piped = await bench.run(['get', at('a', '/echo'), '-d', '@-'], 'from stdin')
    expect(JSON.parse(piped.stdout)).toMatchObject({ body: 'from stdin' })
  })

  it('resolves as it is told to', async () => {
    const resolve = ['--resolve', `www.example.com:${port}:127.0.0.1`]
    const url = `http://www.example.com:${port}/x`
    expect(await bench.run(['get', url, ...resolve])).toEqual({ code: 0, stdout: url, stderr: '' })
    // A host that is not named is looked up as ever.
    const other = `http://www.localhost:${port}/x`
    expect(await bench.run(['get', other, ...resolve])).toEqual({ code: 0, stdout: other, stderr: '' })
  })

  it('verifies certificates unless told not to', async () => {
    const tls = await bench.serve((request, response) => response.end(request.url), await createSelfSigned())
    const url = `https://localhost:${tls}/x`
    const refused = await bench.run(['get', url])
    expect(refused).toMatchObject({ code: 5, stdout: '' })
    expect(refused.stderr).toContain('on the command line: -k')
    expect(refused.stderr).toContain(url)
    expect(await bench.run(['get', '-k', url])).toEqual({ code: 0, stdout: '/x', stderr: '' })
  })

  it('binds its connections to the address it is told', async () => {
    const seen = await bench.serve((request, response) => response.end(request.socket.remoteAddress))
    const args = ['get', `http://127.0.0.1:${seen}/`, '--interface']
    expect(await bench.run([...args, '127.0.0.1'])).toMatchObject({ code: 0, stdout: '127.0.0.1' })
    const other = await bench.run([...args, '192.0.2.7'])
    expect(other).toMatchObject({ code: 4, stdout: '' })
    expect(other.stderr).toContain('192.0.2.7')
  })

  it('keeps to its limits', async () => {
    const late = await bench.serve(() => undefined)
    const slow = await bench.run(['get', `http://127.0.0.1:${late}/`, '--max-time', '0.05'])
    expect(slow).toMatchObject({ code: 4, stdout: '' })
    const large = await bench.run(['get', at('a', '/large'), '--max-filesize', '1M'])
    expect(large.code).toBe(7)
    expect(large.stderr).toContain('maxBodySize')
  })
})

describe('trawl get, a list', () => {
  it('fetches it to files, and reports each URL once', async () => {
    const hosts = ['a', 'b', 'c']
    const good = Array.from({ length: 300 }, (_, i) => at(hosts[i % 3]!, `/page/${i}?n=${i}`))
    const bad = [at('a', '/404/1'), at('a', '/cut/1'), 'nonsense', 'http://127.0.0.1:1/']
    await writeFile(bench.path('urls'), `# a list\r\n${[...good, '', ...bad].join('\r\n')}`)
    const args = [
      '--output-dir',
      bench.path('out'),
      '--report',
      bench.path('report.jsonl'),
      '--max-conn',
      '8',
      '--max-conn-per-target',
      '3',
      '--retry',
      '0',
    ]
    const { code, stdout, stderr } = await bench.spawn(['get', '--input', bench.path('urls'), ...args])
    expect(stdout).toBe('')
    expect(code).toBe(1)
    const bodies = Object.values(await bench.files('out'))
    expect(bodies.toSorted()).toEqual(good.toSorted())
    const report = await bench.report()
    expect(report.map(({ url }) => url).toSorted()).toEqual([...good, ...bad].toSorted())
    for (const line of report.filter(({ error, status }) => error === null && status === 200)) {
      expect(await readFile(line.file!, 'utf8')).toBe(line.url)
      const same = { bytesOnWire: line.url.length, bytesDecoded: line.url.length, attempt: 1 }
      expect(line).toMatchObject({ ...same, clientIp: '127.0.0.1', remoteAddress: '127.0.0.1' })
      expect(line.totalMs).toBeGreaterThanOrEqual(line.headMs!)
    }
    const failed = new Map(report.map((line) => [line.url, line]))
    expect(failed.get(bad[0]!)).toMatchObject({
      status: 404,
      error: null,
      message: 'answered 404 Not Found',
      file: null,
    })
    expect(failed.get(bad[1]!)).toMatchObject({ status: 200, error: 'ERR_CONNECTION_CLOSED', file: null })
    expect(failed.get(bad[2]!)).toMatchObject({ line: 305, status: null, error: 'ERR_URL' })
    expect(failed.get(bad[3]!)).toMatchObject({ line: 306, status: null, error: 'ERR_CONNECT_TCP' })
    expect(stderr).toContain('line 305: "nonsense" is not a URL')
    expect(stderr).toMatch(/304 done in .*: 300 ok, 4 failed\n/)
    expect(stderr).toContain('status       200: 300   404: 1\n')
    expect(stderr).toContain(`host         b.localhost:${port}: 100 ok, 0 failed`)
  })

  it.each(['1', '4'])('takes it from standard input, arguments first (--pipeline %s)', async (depth) => {
    const args = [
      'get',
      at('a', '/first'),
      '--input',
      '-',
      '--output-dir',
      bench.path('out'),
      '--report',
      bench.path('report.jsonl'),
      '--pipeline',
      depth,
    ]
    const list = `${at('a', '/gzip/2')}\n${at('a', '/large/3')}\n`
    expect((await bench.spawn(args, list)).code).toBe(0)
    const files = await bench.files(`out/a.localhost+http+${port}`)
    expect(files['first']).toBe(at('a', '/first'))
    expect(files['gzip/2']).toBe(at('a', '/gzip/2'))
    expect(files['large/3']).toBe(at('a', '/large/3').padEnd(6_000_000, '.'))
    expect(Object.keys(files)).toHaveLength(3)
    const lines = (await bench.report()).map(({ url, line }) => [new URL(url).pathname, line])
    expect(Object.fromEntries(lines)).toEqual({ '/first': null, '/gzip/2': 1, '/large/3': 2 })
  })

  it('keeps files that exist and asks for none of them again, unless forced', async () => {
    await writeFile(bench.path('urls'), `${at('a', '/x')}\n${at('a', '/y')}\n`)
    const args = ['get', '--input', bench.path('urls'), '--output-dir', bench.path('out')]
    expect((await bench.run(args)).code).toBe(0)
    const kept = bench.path(`out/a.localhost+http+${port}/x`)
    await writeFile(kept, 'precious')
    const again = await bench.run(args)
    expect(again.code).toBe(3)
    expect(again.stderr).toContain(`x exists and is kept; --force replaces it`)
    expect(await readFile(kept, 'utf8')).toBe('precious')
    expect(requests).toBe(2)
    expect((await bench.run([...args, '--force'])).code).toBe(0)
    expect(await readFile(kept, 'utf8')).toBe(at('a', '/x'))
    expect(Object.keys(await bench.files('out'))).toHaveLength(2)
  })

  it('checks links with HEAD, and stores nothing', async () => {
    const args = [
      'get',
      at('a', '/page'),
      at('a', '/404'),
      '-X',
      'HEAD',
      '--report',
      bench.path('report.jsonl'),
    ]
    expect((await bench.run([...args, at('a', '/ok')])).code).toBe(8)
    const report = await bench.report()
    expect(report.every(({ file }) => file === null)).toBe(true)
    expect(report).toHaveLength(3)
  })

  it('goes on when nobody reads its messages', async () => {
    const urls = Array.from({ length: 30 }, (_, i) => at('a', `/404/${i}`))
    await writeFile(bench.path('urls'), [...urls, at('a', '/x')].join('\n'))
    const { child, ended } = bench.start([
      'get',
      '--input',
      'urls',
      '--output-dir',
      bench.path('out'),
      '--report',
      bench.path('report.jsonl'),
    ])
    child.stderr!.destroy()
    await ended
    expect(await bench.report()).toHaveLength(31)
    expect(Object.values(await bench.files('out'))).toEqual([at('a', '/x')])
  })
})
