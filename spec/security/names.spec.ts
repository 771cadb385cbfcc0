import { afterEach, assert, describe, expect, it } from 'vitest'
import type { ClientOptions, ModifyRequest, RequestOptions } from '../../lib/index.ts'
import { always, WireStage } from '../client/wire-stage.ts'

/** Names that are members of objects, at every place where others give names: they are names like all others. */

const NAMES = ['__proto__', 'constructor', 'prototype', 'toString', 'valueOf', 'hasOwnProperty', 'then']
const URL_ = 'http://a.test/x'
const PLAIN = { decompress: false, headers: { Accept: null, 'User-Agent': null } }

const before = Object.getOwnPropertyNames(Object.prototype).toSorted()

afterEach(() => {
  assert.deepEqual(Object.getOwnPropertyNames(Object.prototype).toSorted(), before)
})

function answer(fields: string, body = 'ok', status = '200 OK'): string {
  return `HTTP/1.1 ${status}\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`
}

/** The lines of all requests of one call, without those that each has. */
async function sent(client: ClientOptions, options: RequestOptions, reply = answer('')): Promise<string[]> {
  const stage = new WireStage({ ...PLAIN, ...client }, always(reply))
  await stage.settle(stage.client.request(URL_, options))
  const lines = stage.peers.flatMap(({ text }) => text.split('\r\n'))
  await stage.finish()
  return lines.filter((line) => line !== '' && !/^(GET|Host|Accept|User-Agent)/.test(line))
}

describe.each(NAMES)('%s as the name of', (name) => {
  it.each<[string, ClientOptions]>([
    ['a field', {}],
    ['a field that passes middleware', { use: [(request, next) => next(request)] }],
    [
      'a field that middleware copies',
      { use: [(request, next) => next({ ...request, headers: { ...request.headers } })] },
    ],
  ])('%s', async (_what, client) => {
    expect(await sent(client, { headers: { [name]: 'x' } })).toEqual([`${name}: x`])
    expect(await sent(client, { headers: [[name, 'x']] })).toEqual([`${name}: x`])
    const twice: [string, string][] = [
      [name, 'x'],
      [name, 'y'],
    ]
    expect(await sent(client, { headers: twice })).toEqual([`${name}: x`, `${name}: y`])
    expect(await sent({ ...client, headers: [[name, 'x']] }, { headers: [[name, null!]] })).toEqual([])
  })

  it('a field of a request that is tried again', async () => {
    const seen: unknown[] = []
    const modifyRequest: ModifyRequest = (request) => {
      seen.push(Object.entries(request.headers!))
    }
    const busy = answer('', '', '503 Busy')
    const lines = await sent({ modifyRequest, maxRetries: 1 }, { headers: [[name, 'x']] }, busy)
    expect(lines).toEqual([`${name}: x`, `${name}: x`])
    expect(seen).toEqual([[[name, 'x']]])
  })

  it('a field of an answer, and of its trailers', async () => {
    const chunked = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${name}: x\r\n\r\n0\r\n${name}: y\r\n\r\n`
    const stage = new WireStage({}, always(chunked))
    const { headers, trailers, rawHeaders } = await stage.settle(stage.client.get(URL_))
    expect([headers.get(name), headers.getAll(name), trailers!.get(name)]).toEqual(['x', ['x'], 'y'])
    expect([...headers].at(-1)).toEqual([name.toLowerCase(), 'x'])
    expect(rawHeaders.slice(-2)).toEqual([name, 'x'])
    expect(NAMES.filter((other) => headers.has(other))).toEqual([name])
    await stage.finish()
  })

  it('a cookie, its attributes and its jar', async () => {
    const stage = new WireStage(
      { ...PLAIN, cookies: true },
      always(answer(`Set-Cookie: ${name}=x; ${name}=y\r\n`)),
    )
    await stage.settle(stage.client.get(URL_, { session: name }))
    await stage.settle(stage.client.get(URL_, { session: name }))
    await stage.settle(stage.client.get(URL_))
    expect(stage.wire.match(/^Cookie.*$/gm)).toEqual([`Cookie: ${name}=x`])
    const jars = stage.client.cookies!
    expect(jars.jar(name).get(name, URL_)).toBe('x')
    const copy = new WireStage({ cookies: true })
    copy.client.cookies!.fromJSON(JSON.parse(JSON.stringify(jars)))
    expect(copy.client.cookies!.jar(name).get(name, URL_)).toBe('x')
    await copy.finish()
    await stage.finish()
  })

  it('a parameter, a part of a form, and a member of JSON', async () => {
    const stage = new WireStage(PLAIN, always(answer('', `{"${name}": {"polluted": 1}}`)))
    const query = JSON.parse(`{"${name}": "x"}`) as Record<string, string>
    const json = (await stage.settle(stage.client.get(URL_, { query }))).json<object>()
    expect(Object.entries(json)).toEqual([[name, { polluted: 1 }]])
    expect(stage.wire).toMatch(new RegExp(`^GET /x\\?${name}=x HTTP`))
    await stage.finish()
  })

  it('a directive of a cache, what Vary names, and a key', async () => {
    const fields = `Cache-Control: ${name}=1, max-age=60\r\nVary: ${name}\r\n`
    const stage = new WireStage({ cache: true }, always(answer(fields)))
    const ask = async (value: string): Promise<unknown> =>
      (await stage.settle(stage.client.get(`http://a.test/${name}`, { headers: [[name, value]] }))).cache
    expect([await ask('1'), await ask('1'), await ask('2')]).toEqual(['miss', 'hit', 'miss'])
    await stage.finish()
  })

  it('a parameter of a challenge, and its scheme', async () => {
    const denied = answer(
      `WWW-Authenticate: ${name} ${name}="x", Digest ${name}=1, realm="r", nonce="n"\r\n`,
      '',
      '401 No',
    )
    const auth = { digest: { username: name, password: name } }
    const stage = new WireStage({}, always(denied))
    expect((await stage.settle(stage.client.get(URL_, { auth }))).status).toBe(401)
    expect(stage.wire).toContain(`Authorization: Digest username="${name}", realm="r", nonce="n"`)
    await stage.finish()
  })

  it('a host, and a pattern of hosts', async () => {
    const host = name.toLowerCase()
    const stage = new WireStage({ hosts: { [`${host}.test`]: { maxConnPerTarget: 1 } } }, undefined, [
      `${host}.test`,
    ])
    const url = `http://${name}.test/`
    await stage.settle(Promise.all([stage.client.get(url), stage.client.get(url)]))
    expect(stage.peers).toHaveLength(1)
    await stage.finish()
  })

  it('an option, which does not exist', () => {
    const options = JSON.parse(`{"${name}": {"maxRetries": 9}}`) as ClientOptions
    expect(() => new WireStage(options)).toThrow(expect.objectContaining({ code: 'ERR_ARGUMENT' }))
  })
})
