import { createHash } from 'node:crypto'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Bench } from './run-trawl.ts'

let bench: Bench
let port = 0
let seen: string[] = []

/** `/basic` asks for basic credentials, `/digest` for digest ones. */
beforeEach(async () => {
  bench = await Bench.make()
  seen = []
  port = await bench.serve((request, response) => {
    const { authorization = '' } = request.headers
    seen.push(authorization)
    const isDigest = request.url === '/digest'
    const wanted = isDigest ? isProof(authorization) : authorization === `Basic ${btoa('me:se:cret')}`
    const challenge = isDigest ? 'Digest realm="r", nonce="n", qop="auth"' : 'Basic realm="r"'
    if (wanted) response.end('welcome')
    else response.writeHead(401, { 'www-authenticate': challenge }).end()
  })
})

afterEach(() => bench.dispose())

function md5(text: string): string {
  return createHash('md5').update(text).digest('hex')
}

function isProof(field: string): boolean {
  const of = (name: string): string => new RegExp(`\\b${name}="?([^",]+)`).exec(field)?.[1] ?? ''
  const secret = `${md5('me:r:se:cret')}:n:${of('nc')}:${of('cnonce')}:auth:${md5('GET:/digest')}`
  return field.startsWith('Digest ') && of('response') === md5(secret)
}

function get(path: string, ...args: string[]): ReturnType<Bench['run']> {
  return bench.run([
    'get',
    `http://127.0.0.1:${port}${path}`,
    '--report',
    bench.path('report.jsonl'),
    ...args,
  ])
}

describe('-u', () => {
  it('sends a name and a password, which may hold colons', async () => {
    expect(await get('/basic', '-u', 'me:se:cret')).toMatchObject({ code: 0, stdout: 'welcome' })
  })

  it('proves it with --digest, and never sends it', async () => {
    expect(await get('/digest', '-u', 'me:se:cret', '--digest')).toMatchObject({ code: 0, stdout: 'welcome' })
    expect(seen).toHaveLength(2)
    expect(seen.join()).not.toContain('cret')
  })

  it('that is wrong is exit code 6, and shows nowhere', async () => {
    const { code, stderr } = await get('/basic', '-u', 'me:topsecret')
    expect(code).toBe(6)
    expect(stderr).toContain('answered 401 Unauthorized')
    const all = stderr + JSON.stringify(await bench.report())
    expect(all).not.toContain('topsecret')
    expect(all).not.toContain(btoa('me:topsecret'))
  })

  it('goes to each host of the list; what a URL has goes before it', async () => {
    const second = `http://me:se%3Acret@localhost:${port}/basic`
    const args = [second, '-u', 'other:one', '--output-dir', bench.path('out')]
    expect((await get('/basic', ...args)).code).toBe(6)
    expect(seen.toSorted()).toEqual([`Basic ${btoa('me:se:cret')}`, `Basic ${btoa('other:one')}`].toSorted())
    expect(Object.values(await bench.files('out'))).toEqual(['welcome'])
  })

  it('or a token, by --oauth2-bearer', async () => {
    await get('/basic', '--oauth2-bearer', 'abc123')
    expect(seen).toEqual(['Bearer abc123'])
  })
})

describe('refused at once, without what was given', () => {
  it.each([
    [
      ['-u', 'topsecret'],
      '-u has no password, and none is asked for; write name:password, or name: for an empty one',
    ],
    [['-u', 'me:topsecret\n'], '-u: '],
    [['--oauth2-bearer', 'topsecret\r\n'], '--oauth2-bearer: '],
    [['--digest'], '--digest needs a name and a password; add -u'],
    [
      ['-u', 'me:topsecret', '--oauth2-bearer', 'topsecret'],
      'two kinds of credentials, by -u and --oauth2-bearer',
    ],
    [
      ['-u', 'me:topsecret', '-H', 'authorization: x'],
      'Authorization is given twice, by -u and -H; give one',
    ],
    [['-H', 'Authorization topsecret'], '-H: It must be "Name: value"'],
    [['-H', 'Authorization: topsecret\n1'], '-H: A field value holds no line ends'],
    [['-x', 'ftp://me:topsecret@127.0.0.1'], '-x: proxy "ftp://…@127.0.0.1" has the scheme "ftp": use http'],
    [['-x', 'http://a@b:1', '-U', 'me:topsecret'], '-x has a user name already'],
    [['-x', 'http://b:1', '-U', 'topsecret'], '--proxy-user has no password, and none is asked for'],
    [['-U', 'me:topsecret'], '--proxy-user is given, but no proxy; add -x URL'],
  ])('%j', async (args, message) => {
    const refused = await get('/basic', ...args)
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toContain(message)
    expect(refused.stderr).not.toContain('topsecret')
    expect(seen).toEqual([])
  })
})
