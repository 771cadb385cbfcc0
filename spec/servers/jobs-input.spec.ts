import { createHash } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { Bench, type Ran } from '../cli/run-trawl.ts'
import { describeWith } from './describe-with.ts'
import { Nginx, nginxProgram } from './nginx.ts'
import { logged } from './server-process.ts'

/** A request that has been answered. */
interface Asked {
  readonly method: string
  readonly host: string
  readonly uri: string
  readonly from: string
  readonly tag: string
  readonly cookie: string
  readonly length: string
}

const A = 'a.test'
const B = 'b.test'
const LOG_FORMAT = JSON.stringify({
  method: '$request_method',
  host: '$host',
  uri: '$request_uri',
  from: '$remote_addr',
  tag: '$http_x_tag',
  cookie: '$http_cookie',
  length: '$content_length',
})

const bodyOf = (host: string, path: string): string => `${host}${path}\n`

const map = (content: string): string =>
  `<?xml version="1.0"?><urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${content}</urlset>`

describeWith([nginxProgram], 'what a job is given', () => {
  let nginx: Nginx
  let bench: Bench
  /** Lines of the log that are of specs before. */
  let before = 0

  const readLog = (): Asked[] => {
    const lines = readFileSync(join(nginx.folder, 'asked.log'), 'utf8').split('\n').filter(Boolean)
    return lines.map((line) => JSON.parse(line) as Asked)
  }
  const asked = (count: number): Promise<readonly Asked[]> => logged(count, () => readLog().slice(before))
  const url = (host: string, path: string): string => `http://${host}:${nginx.port}${path}`
  const argsFor = (input: string, ...more: string[]): string[] => {
    const places = ['--job', 'job', '--output-dir', 'out', '--report', 'report.jsonl', '--progress', 'none']
    return ['get', '--input', input, ...places, '--resolve', `*:${nginx.port}:127.0.0.1`, ...more]
  }
  const run = (text: string, ...more: string[]): Promise<Ran> => {
    writeFileSync(bench.path('input'), text)
    return bench.spawn(argsFor('input', ...more))
  }
  const reportOf = async (host: string, path: string): Promise<Record<string, unknown>> => {
    const line = (await bench.report()).find((each) => each.url === url(host, path))
    return { ...line }
  }

  beforeAll(async () => {
    nginx = await Nginx.start({
      servers: ({ plain }, folder) => `
        log_format asked escape=json '${LOG_FORMAT}';
        server {
          listen 127.0.0.1:${plain};
          server_name ${A} ${B};
          access_log ${folder}/asked.log asked;
          location /page/ { return 200 "$host$request_uri\\n"; }
          location /login { add_header Set-Cookie "who=$arg_who; Path=/"; return 200 "in\\n"; }
          location /map/ { root ${folder}/files; }
          location /packed/ { alias ${folder}/files/map/; gzip on; gzip_types text/plain; gzip_min_length 0; }
          location / { return 404 "none\\n"; }
        }
      `,
    })
  })

  beforeEach(async () => {
    bench = await Bench.make()
    before = readLog().length
  })

  afterEach(() => bench.dispose())
  afterAll(() => nginx?.stop())

  it('a pipe that stays open: what is there is fetched, before more comes', async () => {
    const running = bench.start(argsFor('-'), null)
    const stdin = running.child.stdin!
    stdin.write(`${url(A, '/page/1')}\n${url(B, '/page/1')}\n`)
    expect((await asked(2)).map(({ host }) => host).toSorted()).toEqual([A, B])
    stdin.write(`${url(A, '/page/2')}\n`)
    expect((await asked(3)).at(-1)).toMatchObject({ host: A, uri: '/page/2' })
    // Half a line is none yet; its rest comes with the end.
    stdin.write(url(A, '/page/3'))
    stdin.end()
    const { code } = await running.ended
    expect([code, (await asked(4)).length]).toEqual([0, 4])
    expect(Object.values(await bench.files('out'))).toContain(bodyOf(A, '/page/3'))
  })

  it('an index of sitemaps, one packed as a file, one on its way', async () => {
    const locations = (host: string, from: number): string =>
      Array.from({ length: 20 }, (_, n) => `<url><loc>${url(host, `/page/${from + n}`)}</loc></url>`).join('')
    const files = join(nginx.folder, 'files/map')
    mkdirSync(files, { recursive: true })
    writeFileSync(join(files, 'first.xml.gz'), gzipSync(map(locations(A, 0))))
    writeFileSync(join(files, 'second.xml'), map(locations(B, 10)))
    const parts = [url(A, '/map/first.xml.gz'), url(A, '/packed/second.xml')]
    const list = parts.map((part) => `<sitemap><loc>${part}</loc></sitemap>`).join('')
    writeFileSync(
      join(files, 'index.xml'),
      `<?xml version="1.0"?><sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">${list}</sitemapindex>`,
    )
    const { code, stderr } = await bench.spawn(argsFor(url(A, '/map/index.xml')))
    expect(stderr).toContain('40 ok, 0 failed')
    expect(code).toBe(0)
    const bodies = [A, B].flatMap((host) =>
      Array.from({ length: 20 }, (_, n) => bodyOf(host, `/page/${n + (host === A ? 0 : 10)}`)),
    )
    expect(Object.values(await bench.files('out')).toSorted()).toEqual(bodies.toSorted())
  })

  it('aria2’s form: the next mirror where one has it not, or has other bytes', async () => {
    const digest = createHash('sha256').update(bodyOf(B, '/page/1')).digest('hex')
    const text = [
      `${url(A, '/gone')}\t${url(B, '/page/0')}`,
      '  dir=first',
      '  out=a.txt',
      '  header=X-Tag: one',
      `${url(A, '/page/1')}\t${url(B, '/page/1')}`,
      '  out=b.txt',
      `  checksum=sha-256=${digest}`,
      url(A, '/page/2'),
      `  checksum=sha-256=${digest}`,
      '',
    ]
    const { code } = await run(text.join('\n'))
    expect(code).toBe(9)
    expect(await bench.files('out')).toEqual({
      'first/a.txt': bodyOf(B, '/page/0'),
      'b.txt': bodyOf(B, '/page/1'),
    })
    const requests = await asked(5)
    expect(requests.map(({ host, uri, tag }) => `${host}${uri} ${tag}`).toSorted()).toEqual([
      `${A}/gone one`,
      `${A}/page/1 `,
      `${A}/page/2 `,
      `${B}/page/0 one`,
      `${B}/page/1 `,
    ])
    expect(await reportOf(A, '/page/2')).toMatchObject({ error: 'ERR_CHECKSUM', file: null })
  })

  it('JSONL: its own method, fields, address, session, and its place in the line', async () => {
    const items = [
      { url: url(A, '/page/late'), priority: -5 },
      { url: url(A, '/page/plain') },
      { url: url(A, '/login?who=anna'), session: 'anna', priority: 9 },
      { url: url(A, '/login?who=bert'), session: 'bert', priority: 9 },
      { url: url(A, '/page/of-anna'), session: 'anna', meta: { id: [1, 'x'] } },
      { url: url(A, '/page/of-bert'), session: 'bert' },
      { url: url(A, '/page/post'), method: 'POST', body: 'hello', headers: { 'X-Tag': 'mine' } },
      { url: url(A, '/page/from'), clientIp: '127.0.0.9', out: 'from.txt' },
    ]
    const lines = items.map((item) => `${JSON.stringify(item)}\n`).join('')
    const ips = ['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.9']
    const { code, stderr } = await run(
      lines,
      '--client-ip',
      ips.join(','),
      '--max-conn',
      '1',
      '-c',
      'jar.json',
    )
    expect(stderr).toContain('8 ok, 0 failed')
    expect(code).toBe(0)
    const requests = await asked(8)
    const of = (path: string): Asked => requests.find(({ uri }) => uri === path)!
    expect(requests.slice(0, 2).map(({ uri }) => uri)).toEqual(['/login?who=anna', '/login?who=bert'])
    expect(requests.at(-1)!.uri).toBe('/page/late')
    expect(of('/page/of-anna')).toMatchObject({ cookie: 'who=anna', from: of('/login?who=anna').from })
    expect(of('/page/of-bert')).toMatchObject({ cookie: 'who=bert', from: of('/login?who=bert').from })
    expect(of('/page/post')).toMatchObject({ method: 'POST', length: '5', tag: 'mine' })
    expect(of('/page/from').from).toBe('127.0.0.9')
    expect((await bench.files('out'))['from.txt']).toBe(bodyOf(A, '/page/from'))
    expect(await reportOf(A, '/page/of-anna')).toMatchObject({ session: 'anna', meta: { id: [1, 'x'] } })
  })

  it('a HAR: what a browser has asked, with its fields', async () => {
    const request = (path: string, more: object = {}): object => ({
      request: {
        method: 'GET',
        url: url(A, path),
        httpVersion: 'HTTP/1.1',
        cookies: [],
        headers: [
          { name: 'X-Tag', value: path },
          { name: 'Host', value: 'somewhere.else' },
          { name: 'Connection', value: 'close' },
        ],
        queryString: [],
        headersSize: -1,
        bodySize: 0,
        ...more,
      },
    })
    const post = { method: 'POST', postData: { mimeType: 'text/plain', text: '1234567' } }
    const entries = [request('/page/1'), request('/page/2', post)]
    const har = { log: { version: '1.2', creator: { name: 'x', version: '1' }, entries } }
    const { code, stderr } = await run(JSON.stringify(har))
    expect(stderr).toContain('2 ok, 0 failed')
    expect(code).toBe(0)
    const requests = (await asked(2)).toSorted((a, b) => a.uri.localeCompare(b.uri))
    expect(requests).toMatchObject([
      { method: 'GET', host: A, tag: '/page/1' },
      { method: 'POST', host: A, tag: '/page/2', length: '7' },
    ])
  })

  it('the same command goes on with any of them', async () => {
    const lines = Array.from({ length: 30 }, (_, n) => `{"url":"${url(A, `/page/${n}`)}","meta":${n}}\n`)
    const first = await run(lines.slice(0, 20).join(''))
    expect(first.stderr).toContain('20 ok')
    const second = await run(lines.join(''))
    expect(second.stderr).toContain('20 done before (20 ok, 0 failed), 10 in this run: 30 in all')
    expect(await asked(30)).toHaveLength(30)
    expect(await bench.report()).toHaveLength(30)
  })
})
