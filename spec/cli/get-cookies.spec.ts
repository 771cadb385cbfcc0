import { mkdir, readFile, stat, writeFile } from 'node:fs/promises'
import { once } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Bench } from './run-trawl.ts'

let bench: Bench
let port = 0
/** The Cookie field of each request, in order. */
let sent: string[] = []
let slowAsked = Promise.withResolvers<void>()

/** `/set` sets two cookies and leads to `/home`; `/slow` never answers. */
beforeEach(async () => {
  bench = await Bench.make()
  sent = []
  slowAsked = Promise.withResolvers()
  port = await bench.serve((request, response) => {
    sent.push(request.headers.cookie ?? '')
    if (request.url === '/slow') return slowAsked.resolve()
    if (request.url === '/set') {
      const cookies = ['sid=abc; Path=/; HttpOnly', 'keep=1; Path=/; Max-Age=3600']
      response.writeHead(302, { 'set-cookie': cookies, location: '/home' }).end()
    } else response.end(request.socket.localAddress)
  })
})

afterEach(() => bench.dispose())

function urlOf(path: string): string {
  return `http://127.0.0.1:${port}${path}`
}

function get(path: string, ...args: string[]): ReturnType<Bench['run']> {
  return bench.run(['get', urlOf(path), '-L', ...args])
}

async function lines(name: string): Promise<string[]> {
  const text = await readFile(bench.path(name), 'latin1')
  return text.split('\n').filter((line) => line.includes('\t'))
}

describe('-b with data', () => {
  it('sends it as it is, and what is set is not kept', async () => {
    expect((await get('/set', '-b', 'a=1;b=2', '-b', 'c=3')).code).toBe(0)
    expect(sent).toEqual(['a=1; b=2; c=3', 'a=1; b=2; c=3'])
  })

  it('goes with the cookies of a jar, and is not written to it', async () => {
    expect((await get('/set', '-b', 'a=1; sid=mine', '-c', bench.path('jar.txt'))).code).toBe(0)
    expect(sent[0]).toBe('a=1; sid=mine')
    expect(sent[1]!.split('; ').toSorted()).toEqual(['a=1', 'keep=1', 'sid=abc'])
    const names = (await lines('jar.txt')).map((line) => line.split('\t')[5]!)
    expect(new Set(names)).toEqual(new Set(['keep', 'sid']))
    expect(names).toHaveLength(2)
  })
})

describe('-b and -c with files', () => {
  it('keep cookies from one run to the next, in the form of curl', async () => {
    const jar = bench.path('jar.txt')
    // There is none yet: a first run, as with curl.
    expect(await get('/set', '-b', jar, '-c', jar)).toMatchObject({ code: 0, stderr: '' })
    expect(sent.map((cookie) => cookie.split('; ').toSorted().join(' '))).toEqual(['', 'keep=1 sid=abc'])
    const [first, second] = await lines('jar.txt')
    expect(first).toBe('#HttpOnly_127.0.0.1\tFALSE\t/\tFALSE\t0\tsid\tabc')
    expect(second).toMatch(/^127\.0\.0\.1\tFALSE\t\/\tFALSE\t\d+\tkeep\t1$/)
    expect((await stat(jar)).mode & 0o777).toBe(0o600)
    sent = []
    await get('/home', '-b', jar)
    expect(sent[0]!.split('; ').toSorted()).toEqual(['keep=1', 'sid=abc'])
  })

  it('-b of an empty name keeps cookies for this run', async () => {
    await get('/set', '-b', '')
    expect(sent[1]).toContain('sid=abc')
  })

  it('-b of a file that is not there says so, and goes on', async () => {
    const { code, stderr } = await get('/home', '-b', bench.path('none'))
    expect(code).toBe(0)
    expect(stderr).toBe(
      `trawl: there is no cookie file ${bench.path('none')}; starting without its cookies\n`,
    )
  })

  it('-c - writes to standard output, after the body', async () => {
    const { stdout } = await get('/set', '-c', '-')
    expect(stdout).toMatch(/^127\.0\.0\.1# Netscape HTTP Cookie File\n/)
    expect(stdout).toContain('\tsid\tabc\n')
  })

  it.skipIf(process.platform === 'win32')(
    '-c /dev/null only keeps cookies, and leaves the device',
    async () => {
      expect((await get('/set', '-c', '/dev/null')).code).toBe(0)
      expect(sent[1]).toContain('sid=abc')
      expect((await stat('/dev/null')).isCharacterDevice()).toBe(true)
    },
  )

  it('writes them after a signal, too', async () => {
    const running = bench.start(
      ['get', urlOf('/set'), urlOf('/slow'), '-L', '-c', 'jar.txt', '--output-dir', 'out', '--max-conn', '1'],
      null,
    )
    await slowAsked.promise
    running.child.kill('SIGTERM')
    await once(running.child, 'close')
    expect(running.child.exitCode).toBe(143)
    expect((await lines('jar.txt')).join()).toContain('\tsid\tabc')
  })

  it('several client IPs have a jar each, and share what belongs to none', async () => {
    await writeFile(bench.path('in.txt'), '127.0.0.1\tFALSE\t/\tFALSE\t0\tall\t1\n')
    const ips = ['--interface', '127.0.0.1', '--interface', '127.0.0.2']
    const args = [...ips, '-b', bench.path('in.txt'), '-c', bench.path('jar.json')]
    const urls = [urlOf('/set'), urlOf('/set?2')]
    expect((await bench.run(['get', ...urls, ...args, '-X', 'HEAD'])).code).toBe(8)
    expect(sent).toEqual(['all=1', 'all=1'])
    const saved = JSON.parse(await readFile(bench.path('jar.json'), 'utf8')) as {
      jars: { name: string; cookies: { name: string }[] }[]
    }
    const names = saved.jars.map(({ name, cookies }) => [name, cookies.map((cookie) => cookie.name)])
    const plain = Object.fromEntries(names) as Record<string, string[]>
    expect(Object.keys(plain).toSorted()).toEqual(['127.0.0.1', '127.0.0.2'])
    expect(Object.values(plain).filter((one) => one.includes('sid'))).toHaveLength(1)
  })
})

describe('refused at once', () => {
  it.each([
    [['-b', '-'], 2, 'trawl: -b does not read standard input; give the name of a file\n'],
    [['-b', 'id=secret\nx=1'], 2, 'trawl: -b has line ends or other control characters'],
    [['-c', ''], 2, 'trawl: -c has no file name; give one, or - for standard output\n'],
    [['-b', 'id=secret', '-H', 'Cookie: a=1'], 2, 'trawl: cookies are given by -H and by -b or -c'],
    [['-c', 'x.txt', '--interface', '127.0.0.1', '--interface', '127.0.0.2'], 2, 'a file that ends in .json'],
    [
      ['-c', '/no/such/folder/jar'],
      3,
      'cannot write the cookies to /no/such/folder/jar: its folder does not exist;',
    ],
  ] as const)('%j', async (args, code, message) => {
    const refused = await get('/home', ...args)
    expect(refused).toMatchObject({ code, stdout: '' })
    expect(refused.stderr).toContain(message)
    expect(refused.stderr).not.toContain('secret')
    expect(sent).toEqual([])
  })

  it('a file that is none of cookies, and a jar that is a folder', async () => {
    await writeFile(bench.path('bad.txt'), 'one secret line\n')
    const bad = await get('/home', '-b', bench.path('bad.txt'))
    expect(bad.code).toBe(3)
    expect(bad.stderr).toContain('bad.txt')
    expect(bad.stderr).not.toContain('secret')
    await mkdir(bench.path('folder'))
    const folder = await get('/home', '-c', bench.path('folder'))
    expect(folder.code).toBe(3)
    expect(folder.stderr).toContain('it is a folder; choose another -c')
    expect(sent).toEqual([])
  })
})
