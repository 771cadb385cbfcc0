import type { IncomingHttpHeaders } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createSelfSigned } from '../net/certificates.ts'
import { Bench } from './run-trawl.ts'

let bench: Bench
let port = 0
let other = 0
/** What both sites were asked for, in order. */
let asked: { at: string; headers: IncomingHttpHeaders }[] = []

/** `/to/3` leads to `/to/2` and so on; `/away` to the other site. */
beforeEach(async () => {
  bench = await Bench.make()
  asked = []
  other = await bench.serve((request, response) => {
    asked.push({ at: `other${request.url}`, headers: request.headers })
    response.end('from the other')
  })
  port = await bench.serve((request, response) => {
    const url = request.url!
    asked.push({ at: url, headers: request.headers })
    const left = Number(/^\/to\/(\d+)$/.exec(url)?.[1] ?? 0)
    if (url === '/away') response.writeHead(302, { location: `http://127.0.0.1:${other}/x` }).end('moved')
    else if (url === '/lost') response.writeHead(302, { location: '/404' }).end('moved')
    else if (url === '/404') response.writeHead(404).end('nothing here')
    else if (left > 0) response.writeHead(301, { location: `/to/${left - 1}` }).end('moved')
    else response.end(`${request.method} ${url}`)
  })
})

afterEach(() => bench.dispose())

function get(path: string, ...args: string[]): ReturnType<Bench['run']> {
  return bench.run([
    'get',
    `http://127.0.0.1:${port}${path}`,
    '--report',
    bench.path('report.jsonl'),
    ...args,
  ])
}

describe('-L', () => {
  it('follows redirects, and the report says where to', async () => {
    expect(await get('/to/3', '-L')).toEqual({ code: 0, stdout: 'GET /to/0', stderr: '' })
    expect((await bench.report())[0]).toMatchObject({
      url: `http://127.0.0.1:${port}/to/3`,
      finalUrl: `http://127.0.0.1:${port}/to/0`,
      redirects: 3,
      retries: 0,
      status: 200,
      cache: null,
    })
  })

  it('is off by default: the redirect is the answer', async () => {
    const { code, stdout, stderr } = await get('/to/1')
    expect({ code, stdout }).toEqual({ code: 8, stdout: '' })
    expect(stderr).toContain(
      'answered 301 Moved Permanently, to /to/0: redirects are not followed without -L\n',
    )
    const [line] = await bench.report()
    expect(line).toMatchObject({ status: 301, redirects: 0, finalUrl: `http://127.0.0.1:${port}/to/1` })
  })

  it('does not show the password of a Location', async () => {
    const login = await bench.serve((_, response) => {
      response.writeHead(302, { location: 'http://me:secret@127.0.0.1:1/' }).end()
    })
    const args = ['get', `http://127.0.0.1:${login}/`, '--report', bench.path('report.jsonl'), '--retry', '0']
    const { stderr } = await bench.run(args)
    expect(stderr).toContain('answered 302 Found, to http://***@127.0.0.1:1/: redirects are not followed')
    const followed = await bench.run([...args, '-L'])
    expect(followed.code).toBe(4)
    expect(stderr + followed.stderr + JSON.stringify(await bench.report())).not.toContain('secret')
  })

  it('says where an error status came from', async () => {
    const { code, stderr } = await get('/lost', '-L')
    expect(code).toBe(8)
    expect(stderr).toContain(`/lost: answered 404 Not Found, redirected to http://127.0.0.1:${port}/404\n`)
  })

  it('makes a GET of a POST that is redirected', async () => {
    expect(await get('/to/1', '-L', '-d', 'a=1')).toMatchObject({ code: 0, stdout: 'GET /to/0' })
  })

  it.each([
    ['-u', 'me:secret'],
    ['--oauth2-bearer', 'secret'],
    ['-H', 'Authorization: Basic c2VjcmV0'],
    ['-b', 'id=secret'],
    ['-H', 'Cookie: id=secret'],
  ])('%s %s stays with the host it is for', async (...args) => {
    expect(await get('/away', '-L', ...args)).toMatchObject({ code: 0, stdout: 'from the other' })
    const [first, second] = asked
    expect(first!.headers.authorization ?? first!.headers.cookie).toBeTruthy()
    expect(second!.at).toBe('other/x')
    expect(second!.headers.authorization).toBeUndefined()
    expect(second!.headers.cookie).toBeUndefined()
  })
})

describe('--max-redirs', () => {
  it('bounds them; more is an error as the redirect itself would be', async () => {
    expect(await get('/to/2', '-L', '--max-redirs', '2')).toMatchObject({ code: 0 })
    const { code, stdout, stderr } = await get('/to/3', '-L', '--max-redirs', '2')
    expect({ code, stdout }).toEqual({ code: 8, stdout: '' })
    expect(stderr).toContain('more than 2 redirects')
    expect(stderr).toContain('(on the command line: --max-redirs)')
    expect((await bench.report())[1]).toMatchObject({ status: 301, error: 'ERR_REDIRECT' })
  })

  it('is 20 by default, 0 for none and -1 for no limit', async () => {
    expect((await get('/to/20', '-L')).code).toBe(0)
    expect((await get('/to/21', '-L')).code).toBe(8)
    expect((await get('/to/60', '-L', '--max-redirs', '-1')).code).toBe(0)
    expect((await get('/to/1', '-L', '--max-redirs', '0')).code).toBe(8)
  })
})

describe('--allow-insecure-redirect', () => {
  it('leaves https, which -L alone does not', async () => {
    const tls = await bench.serve(
      (_, response) => {
        response.writeHead(302, { location: `http://127.0.0.1:${port}/x` }).end()
      },
      await createSelfSigned(),
    )
    const args = ['get', '-k', '-L', `https://localhost:${tls}/`]
    const refused = await bench.run(args)
    expect(refused).toMatchObject({ code: 8, stdout: '' })
    expect(refused.stderr).toContain('(on the command line: --allow-insecure-redirect)')
    expect(asked).toHaveLength(0)
    expect(await bench.run([...args, '--allow-insecure-redirect'])).toMatchObject({
      code: 0,
      stdout: 'GET /x',
    })
  })
})
