import { describe, expect, it } from 'vitest'
import type { ClientOptions, RequestOptions } from '../../lib/index.ts'
import { always, OK, WireStage } from '../client/wire-stage.ts'

/** Where a URL leads, whatever it looks like: what is dialled, what is asked for, and what goes along. */

const HOSTS = ['a.test', 'evil.test', '127.0.0.1', '::ffff:7f00:1', 'xn--80a.test', 'a.test.']

/** `host path` of each request, or the error's code. */
async function led(url: string, client: ClientOptions = {}, options: RequestOptions = {}): Promise<string> {
  const stage = new WireStage(client, always(OK), HOSTS)
  const asked = stage.client.request(url, options)
  const code = await stage.settle(
    asked.then(
      () => '',
      (error: { code: string }) => error.code,
    ),
  )
  const places = stage.peers.map(({ dial, text }) => {
    const [, path, host] = /^GET (\S+) HTTP\/1\.1\r\nHost: (\S+)\r\n/.exec(text)!
    expect(host!.replace(/^\[|\](?=:|$)|:\d+$/g, '').replace(']', '')).toBe(dial.host)
    return `${dial.host} ${path}`
  })
  await stage.finish()
  return [...places, code].join(' ').trim()
}

describe('a URL', () => {
  it.each([
    // Paths that look like hosts.
    ['http://a.test//evil.test/x', 'a.test //evil.test/x'],
    ['http://a.test/http://evil.test/', 'a.test /http://evil.test/'],
    ['http://a.test/@evil.test/', 'a.test /@evil.test/'],
    ['http://a.test?@evil.test/', 'a.test /?@evil.test/'],
    ['http://a.test#@evil.test/', 'a.test /'],
    // Users that look like hosts.
    ['http://evil.test@a.test/', 'a.test /'],
    ['http://evil.test:80@a.test/', 'a.test /'],
    ['http://evil.test%2f@a.test/', 'a.test /'],
    ['http://a.test:80@evil.test/', 'evil.test /'],
    ['http://@a.test/', 'a.test /'],
    ['http://x@evil.test@a.test/', 'a.test /'],
    // Backslashes are slashes, as in browsers.
    ['http://a.test\\@evil.test/', 'a.test /@evil.test/'],
    ['http:\\\\a.test\\x', 'a.test /x'],
    ['http://a.test/x\\..\\y', 'a.test /y'],
    // Slashes that are too many, or too few.
    ['http:a.test/x', 'a.test /x'],
    ['http:////a.test/x', 'a.test /x'],
    // Dots.
    ['http://a.test/../../etc/passwd', 'a.test /etc/passwd'],
    ['http://a.test/%2e%2e/%2E%2E/x', 'a.test /x'],
    ['http://a.test/b/.%2e/x', 'a.test /x'],
    ['http://a.test/b/..%2f..%2fx', 'a.test /b/..%2f..%2fx'],
    ['http://a.test/b/%252e%252e/x', 'a.test /b/%252e%252e/x'],
    ['http://a.test./', 'a.test. /'],
    // Hosts in other spellings are one host, and look-alikes are another.
    ['http://A.TEST/', 'a.test /'],
    ['http://a%2etest/', 'a.test /'],
    ['http://a.te%73t/', 'a.test /'],
    ['http://\uff41.test/', 'a.test /'],
    ['http://a\u3002test/', 'a.test /'],
    ['http://a\u00ad.test/', 'a.test /'],
    ['http://\u0430.test/', 'xn--80a.test /'],
    ['http://0x7f.1/', '127.0.0.1 /'],
    ['http://2130706433/', '127.0.0.1 /'],
    ['http://017700000001/', '127.0.0.1 /'],
    ['http://127.1/', '127.0.0.1 /'],
    ['http://\u2460\u2461\u2466.1/', '127.0.0.1 /'],
    ['http://[::ffff:127.0.0.1]/', '::ffff:7f00:1 /'],
    // Blanks.
    [' http://a.test/ ', 'a.test /'],
    ['ht\ntp://a.te\tst/x\r\ny', 'a.test /xy'],
    ['http://a.test/x y', 'a.test /x%20y'],
    // What is no host, or no place to ask.
    ['http://a.test\uff0fevil.test/', 'ERR_ARGUMENT'],
    ['http://a.test%2fevil.test/', 'ERR_ARGUMENT'],
    ['http://a.test%00.evil.test/', 'ERR_ARGUMENT'],
    ['http://a.test\0/', 'ERR_ARGUMENT'],
    ['http://a test/', 'ERR_ARGUMENT'],
    ['http://a.test:65536/', 'ERR_ARGUMENT'],
    ['http://a.test:80:80/', 'ERR_ARGUMENT'],
    ['http://[::1%25eth0]/', 'ERR_ARGUMENT'],
    ['http://256.256.256.256/', 'ERR_ARGUMENT'],
    ['http://', 'ERR_ARGUMENT'],
    ['http://user@/', 'ERR_ARGUMENT'],
    ['//evil.test/', 'ERR_ARGUMENT'],
    ['', 'ERR_ARGUMENT'],
    // Other schemes.
    ['file:///etc/passwd', 'ERR_ARGUMENT'],
    ['ftp://a.test/', 'ERR_ARGUMENT'],
    ['data:text/plain,x', 'ERR_ARGUMENT'],
    ['javascript:alert(1)', 'ERR_ARGUMENT'],
    ['ws://a.test/', 'ERR_ARGUMENT'],
    ['blob:http://a.test/x', 'ERR_ARGUMENT'],
    ['view-source:http://a.test/', 'ERR_ARGUMENT'],
    ['about:blank', 'ERR_ARGUMENT'],
    ['unix:/var/run/docker.sock:/x', 'ERR_ARGUMENT'],
  ])('%j leads to: %s', async (url, expected) => {
    expect(await led(url)).toBe(expected)
    // The second time round it takes the short way.
    const stage = new WireStage({}, always(OK), HOSTS)
    const places: string[] = []
    for (let i = 0; i < 2; i++) {
      const asked = stage.client.get(url)
      places.push(
        await stage.settle(
          asked.then(
            (response) => response.url,
            (error: { code: string }) => error.code,
          ),
        ),
      )
    }
    expect(places[1]).toBe(places[0])
    await stage.finish()
  })

  it.each([
    ['/x', 'a.test /x'],
    ['//evil.test/x', 'evil.test /x'],
    ['\\\\evil.test/x', 'evil.test /x'],
    ['../../x', 'a.test /x'],
    ['https://evil.test/', 'evil.test /'],
    ['javascript:alert(1)', 'ERR_ARGUMENT'],
    ['file:/etc/passwd', 'ERR_ARGUMENT'],
  ])('%j below a base leads to %s, and takes no credentials elsewhere', async (url, expected) => {
    const auth = { basic: { username: 'me', password: 'x' } }
    const stage = new WireStage({ baseUrl: 'http://a.test/api/', auth }, always(OK), HOSTS)
    await stage.settle(stage.client.get(url).catch(() => undefined))
    for (const { dial, text } of stage.peers)
      expect(text.includes('Authorization')).toBe(dial.host === 'a.test')
    await stage.finish()
    expect(await led(url, { baseUrl: 'http://a.test/api/' })).toBe(expected)
  })
})

interface Hops {
  /** `scheme host path` of each request. */
  readonly places: readonly string[]
  /** Whether each had the secret. */
  readonly secrets: readonly boolean[]
  readonly code: string
}

/** What becomes of a redirect from `from` to each of these in turn. */
async function redirected(
  from: string,
  locations: readonly string[],
  options: RequestOptions = {},
): Promise<Hops> {
  let hops = 0
  const stage = new WireStage(
    {},
    (peer) => {
      const location = locations[hops++]
      const moved = `HTTP/1.1 307 Moved\r\nLocation: ${location}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`
      peer.socket.write(location === undefined ? OK : moved)
    },
    HOSTS,
  )
  const asked = stage.client.get(from, { headers: { Authorization: 'hunter2' }, ...options })
  const code = await stage.settle(
    asked.then(
      () => '',
      (error: { code: string }) => error.code,
    ),
  )
  const places = stage.peers.map(({ dial, text }) => {
    return `${dial.tls === null ? 'http' : 'https'} ${dial.host} ${text.split(' ', 2)[1]!}`
  })
  const secrets = stage.peers.map(({ text }) => text.includes('hunter2'))
  await stage.finish()
  return { places: places.slice(1), secrets: secrets.slice(1), code }
}

describe('a redirect', () => {
  it.each([
    ['//evil.test/x', 'http evil.test /x'],
    ['\\\\evil.test/x', 'http evil.test /x'],
    ['/\\evil.test/x', 'http evil.test /x'],
    ['\\/evil.test/x', 'http evil.test /x'],
    ['/\t/evil.test/x', 'http evil.test /x'],
    ['http://a.test@evil.test/', 'http evil.test /'],
    ['http://a.test:80@evil.test/', 'http evil.test /'],
    ['http://evil.test\\@a.test/', 'http evil.test /@a.test/'],
    ['http://evil.test#@a.test/', 'http evil.test /'],
    ['https:evil.test', 'https evil.test /'],
    ['http://\u00d0\u00b0.test/', 'http xn--80a.test /'],
    ['/%2f/evil.test/x', 'http a.test /%2f/evil.test/x'],
    ['/x//evil.test', 'http a.test /x//evil.test'],
    ['http:evil.test', 'http a.test /dir/evil.test'],
    ['http:/evil.test', 'http a.test /evil.test'],
    ['HTTP://A.TEST/x', 'http a.test /x'],
    ['http://a%2etest/x', 'http a.test /x'],
    ['http://a.test:80/x', 'http a.test /x'],
    ['http://a.test./x', 'http a.test. /x'],
    ['https://a.test/x', 'https a.test /x'],
    ['..%2f..%2fx', 'http a.test /dir/..%2f..%2fx'],
    ['../../../x', 'http a.test /x'],
    ['?//evil.test', 'http a.test /dir/x?//evil.test'],
    ['evil.test', 'http a.test /dir/evil.test'],
  ])('to %j leads to: %s, and takes secrets to their own origin only', async (location, expected) => {
    const { places, secrets, code } = await redirected('http://a.test/dir/x', [location])
    expect([places, code]).toEqual([[expected], ''])
    expect(secrets).toEqual(places.map((place) => place.startsWith('http a.test /')))
  })

  it.each([
    'file:///etc/passwd',
    'ftp://a.test/',
    'data:text/plain,x',
    'javascript:alert(1)',
    'ws://a.test/',
    'wss://a.test/',
    'blob:http://a.test/x',
    'about:blank',
    'unix:/var/run/docker.sock',
    'gopher://a.test/',
    'FILE:/etc/passwd',
    'fi\tle:/etc/passwd',
    'http://',
    'http://a.test\u00ff:x/',
    'http://[::1',
    'http://a.test:99999/',
    'http://a b/',
  ])('to %j is followed by nobody', async (location) => {
    expect(await redirected('http://a.test/x', [location])).toEqual({
      places: [],
      secrets: [],
      code: 'ERR_REDIRECT',
    })
    expect(await redirected('https://a.test/x', [location])).toEqual({
      places: [],
      secrets: [],
      code: 'ERR_REDIRECT',
    })
  })

  it.each([
    [['http://a.test/'], []],
    [['HTTP://A.TEST:443/'], []],
    [['http:\\\\a.test/'], []],
    [['http://evil.test/'], []],
    [['//evil.test/', 'http://evil.test/'], ['https evil.test /']],
    [['/x', 'http://a.test/'], ['https a.test /x']],
    // "http:x" has another scheme here, so that x is its host.
    [['http:a.test'], []],
  ])('from https to %j stops before http', async (locations, expected) => {
    const { places, code } = await redirected('https://a.test/', locations)
    expect([places, code]).toEqual([expected, 'ERR_REDIRECT'])
  })

  it('from https to http is followed where that is allowed, without secrets', async () => {
    const { places, secrets, code } = await redirected('https://a.test/', ['http://a.test/x'], {
      allowInsecureRedirect: true,
    })
    expect([places, secrets, code]).toEqual([['http a.test /x'], [false], ''])
  })
})
