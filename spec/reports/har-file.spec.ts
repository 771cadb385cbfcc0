import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import type { ClientOptions } from '../../lib/index.ts'
import { HarFile, type HarOptions } from '../../lib/reports/har-file.ts'
import { always, OK, type OnHead, WireStage } from '../client/wire-stage.ts'
import { ReportFolder } from './report-folder.ts'

const URL_ = 'http://a.test/x'

interface Field {
  name: string
  value: string
}

interface Entry {
  startedDateTime: string
  time: number
  request: {
    method: string
    url: string
    cookies: object[]
    headers: Field[]
    queryString: Field[]
    headersSize: number
    bodySize: number
    postData?: { mimeType: string; text?: string }
  }
  response: {
    status: number
    statusText: string
    cookies: object[]
    headers: Field[]
    content: { size: number; compression?: number; mimeType: string }
    redirectURL: string
    headersSize: number
    bodySize: number
    _error?: string
    comment?: string
  }
  timings: Record<'blocked' | 'dns' | 'connect' | 'ssl' | 'send' | 'wait' | 'receive', number>
  connection?: string
  _attempt?: number
  _fromCache?: string
}

/** The entries of a client's run against a server. */
async function harOf(
  run: (stage: WireStage) => Promise<unknown>,
  onHead: OnHead = always(OK),
  client: ClientOptions = {},
  options: Partial<HarOptions> = {},
): Promise<Entry[]> {
  using folder = new ReportFolder()
  const stage = new WireStage(client, onHead)
  const notes: string[] = []
  const har = await HarFile.open(folder.file('run.har'), {
    clock: stage.clock,
    note: (text) => notes.push(text),
    ...options,
  })
  await stage.settle(run(stage))
  await stage.finish()
  await har.close()
  expect(notes).toEqual([])
  const { log } = folder.json('run.har') as { log: { version: string; entries: Entry[] } }
  expect(log.version).toBe('1.2')
  return log.entries
}

function valueOf(fields: readonly Field[], name: string): string | undefined {
  return fields.find((field) => field.name.toLowerCase() === name)?.value
}

function askOnce({ client }: WireStage): Promise<unknown> {
  return client.get(URL_, { redirect: 'manual' })
}

function askWithSecrets({ client }: WireStage): Promise<unknown> {
  return client.get('http://me:s3cret@a.test/x', {
    headers: {
      Cookie: 'a=s3cret; b=s3cret',
      'Proxy-Authorization': 's3cret',
      'X-Key': 's3cret',
      'X-Token': 's3cret',
    },
    secretHeaders: ['X-Key'],
  })
}

const redirecting: OnHead = (peer, nth) =>
  peer.socket.write(
    nth === 1 ? 'HTTP/1.1 302 Found\r\nLocation: /y?a=%20b&c&=d\r\nContent-Length: 5\r\n\r\nmoved' : OK,
  )

describe('a HAR', () => {
  it('has the request as it was sent, and the answer as it came', async () => {
    const answer =
      'HTTP/1.1 404 Not Here\r\nContent-Type: text/html; charset=x\r\nX-Two: 1\r\nx-two: 2\r\nContent-Length: 2\r\n\r\nno'
    const stages: WireStage[] = []
    const [entry] = await harOf((stage) => {
      stages.push(stage)
      return stage.client.get(`${URL_}?q=a+b&r`, { headers: { 'X-Mine': 'caf\u00e9' } })
    }, always(answer))
    const { request, response } = entry!
    expect(request).toMatchObject({ method: 'GET', url: `${URL_}?q=a+b&r`, bodySize: 0 })
    expect(request.queryString).toEqual([
      { name: 'q', value: 'a+b' },
      { name: 'r', value: '' },
    ])
    const sent = stages[0]!.wire
    const lines = sent.split('\r\n').slice(1, -2)
    expect(request.headers.map(({ name, value }) => `${name}: ${value}`)).toEqual(lines)
    expect(request.headersSize).toBe(sent.length)
    expect(response).toMatchObject({ status: 404, statusText: 'Not Here', bodySize: 2, redirectURL: '' })
    expect(response.headersSize).toBe(answer.length - 'no'.length)
    expect(response.content).toEqual({ size: 2, mimeType: 'text/html; charset=x' })
    expect(response.headers.slice(1, 3)).toEqual([
      { name: 'X-Two', value: '1' },
      { name: 'x-two', value: '2' },
    ])
    expect(response).not.toHaveProperty('_error')
  })

  it('has an entry for a redirect, and one for what it leads to', async () => {
    const [first, second, ...more] = await harOf((stage) => stage.client.get(URL_), redirecting)
    expect(more).toEqual([])
    expect(first!.response).toMatchObject({ status: 302, redirectURL: '/y?a=%20b&c&=d' })
    expect(first!.response).not.toHaveProperty('_error')
    expect(second!.request.url).toBe('http://a.test/y?a=%20b&c&=d')
    expect(second!.request.queryString).toEqual([
      { name: 'a', value: '%20b' },
      { name: 'c', value: '' },
      { name: '', value: 'd' },
    ])
    expect(second!.connection).toBe(first!.connection)
  })

  it('has an entry for each retry', async () => {
    const entries = await harOf(
      (stage) => stage.client.get(URL_),
      (peer, nth) => peer.socket.write(nth < 3 ? 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n' : OK),
      { maxRetries: 3 },
    )
    expect(entries.map(({ response }) => response.status)).toEqual([503, 503, 200])
    expect(entries.map((entry) => entry._attempt)).toEqual([undefined, 2, 3])
  })

  it('has an entry for what was lost with its connection, and one for its being sent again', async () => {
    let heads = 0
    const entries = await harOf(
      async (stage) => {
        await stage.client.get(URL_)
        await stage.client.get(`${URL_}/2`)
      },
      (peer) => (++heads === 2 ? peer.socket.reset() : peer.socket.write(OK)),
    )
    expect(entries.map(({ request, response }) => [request.url, response.status])).toEqual([
      [URL_, 200],
      [`${URL_}/2`, 0],
      [`${URL_}/2`, 200],
    ])
    expect(entries[1]!.response._error).toBe('ERR_CONNECTION_CLOSED')
    expect(entries.map(({ connection }) => connection)).toEqual(
      [1, 1, 2].map((serial) => expect.stringMatching(`-${serial}$`) as unknown),
    )
    expect(entries.map((entry) => entry._attempt)).toEqual([undefined, undefined, 2])
  })

  it('tells what a pipeline lost, and sent again, each on its own', async () => {
    let heads = 0
    const entries = await harOf(
      async (stage) => {
        await stage.client.get(`${URL_}/0`)
        await Promise.all([1, 2, 3].map((n) => stage.client.get(`${URL_}/${n}`)))
      },
      (peer) => {
        heads++
        if (heads === 2)
          peer.socket.write('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok')
        else peer.socket.write(OK)
      },
      { maxConn: 1, maxPipelinedRequests: 4 },
    )
    const byPath = [0, 1, 2, 3].map((n) =>
      entries.filter(({ request }) => request.url.endsWith(`/${n}`)).map(({ response }) => response.status),
    )
    expect(byPath).toEqual([[200], [200], [0, 200], [0, 200]])
  })

  it('says the size of a coded body on the wire and decoded', async () => {
    const body = gzipSync('a'.repeat(1_000))
    const coded: OnHead = (peer) => {
      peer.socket.write(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n`)
      peer.socket.write(body)
    }
    const [whole, kept, streamed] = await harOf(async ({ client }) => {
      await client.get(URL_)
      await client.get(URL_, { decompress: false })
      await (await client.stream(URL_)).text()
    }, coded)
    expect(whole!.response.bodySize).toBe(body.length)
    expect(whole!.response.content).toMatchObject({ size: 1_000, compression: 1_000 - body.length })
    expect(kept!.response.content).toMatchObject({ size: body.length, compression: 0 })
    // It is decoded as it is read, and not counted.
    expect(streamed!.response.content).toEqual({ size: -1, mimeType: 'x-unknown' })
    expect(streamed!.response.bodySize).toBe(body.length)
  })

  it('holds an entry for its size no longer than it may', async () => {
    const body = 'damaged'
    const entries = await harOf(
      (stage) => expect(stage.client.get(URL_)).rejects.toMatchObject({ code: 'ERR_DECODING' }),
      always(`HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: ${body.length}\r\n\r\n${body}`),
    )
    expect(entries.map(({ response }) => response.content.size)).toEqual([-1])
  })

  it('blanks secrets in fields and cookies', async () => {
    const answer =
      'HTTP/1.1 200 OK\r\nSet-Cookie: id=s3cret; Path=/p; Secure; HttpOnly; Expires=Wed, 21 Oct 2099 07:28:00 GMT\r\n' +
      'X-Key: s3cret\r\nX-Token: s3cret\r\nContent-Length: 0\r\n\r\n'
    const [entry] = await harOf(askWithSecrets, always(answer), {}, { secretHeaders: ['x-TOKEN'] })
    expect(JSON.stringify(entry)).not.toContain('s3cret')
    const { request, response } = entry!
    expect(valueOf(request.headers, 'authorization')).toBe('[hidden]')
    expect(request.cookies).toEqual([
      { name: 'a', value: '[hidden]' },
      { name: 'b', value: '[hidden]' },
    ])
    expect(response.cookies).toEqual([
      {
        name: 'id',
        value: '[hidden]',
        path: '/p',
        secure: true,
        httpOnly: true,
        expires: '2099-10-21T07:28:00.000Z',
      },
    ])
    const [shown] = await harOf(askWithSecrets, always(answer), {}, { secretHeaders: false })
    expect(shown!.request.cookies).toContainEqual({ name: 'b', value: 's3cret' })
    expect(valueOf(shown!.response.headers, 'x-key')).toBe('s3cret')
    expect(shown!.response.cookies).toMatchObject([{ value: 's3cret' }])
  })

  it.each([
    ['http://joe:pass@a.test/x?y=@', 'http://a.test/x?y=@'],
    ['//joe@b.test/', '//b.test/'],
    ['https://a:b@c@a.test', 'https://a.test'],
    ['/path/a@b', '/path/a@b'],
    ['mailto:a@b', 'mailto:a@b'],
  ])('leaves the user out of where %s sends to', async (location, shown) => {
    const answer = `HTTP/1.1 302 Found\r\nLocation: ${location}\r\nContent-Length: 0\r\n\r\n`
    const [entry] = await harOf(askOnce, always(answer))
    expect(entry!.response.redirectURL).toBe(shown)
    expect(valueOf(entry!.response.headers, 'location')).toBe(shown)
    const [whole] = await harOf(askOnce, always(answer), {}, { secretHeaders: false })
    expect(whole!.response.redirectURL).toBe(location)
  })

  it('blanks the cookies of a jar', async () => {
    const setting = 'HTTP/1.1 200 OK\r\nSet-Cookie: id=s3cret\r\nContent-Length: 0\r\n\r\n'
    const entries = await harOf(
      async ({ client }) => {
        await client.get(URL_)
        await client.get(URL_)
      },
      always(setting),
      { cookies: true },
    )
    expect(JSON.stringify(entries)).not.toContain('s3cret')
    expect(entries[1]!.request.cookies).toEqual([{ name: 'id', value: '[hidden]' }])
  })

  it.each([
    { what: 'small and text', type: 'application/json', body: '{"a":"\u00e4"}', text: '{"a":"\u00e4"}' },
    { what: 'of a form', type: 'application/x-www-form-urlencoded', body: 'a=b', text: 'a=b' },
    { what: 'not text', type: 'image/png', body: 'abc', text: undefined },
    { what: 'not what it says', type: 'text/plain', body: new Uint8Array([0xff, 0xfe]), text: undefined },
    { what: 'large', type: 'text/plain', body: 'x'.repeat(5_000), text: undefined },
  ])('has the text of a body that is sent: $what', async ({ type, body, text }) => {
    const [entry] = await harOf((stage) =>
      stage.client.post(URL_, { body, headers: { 'Content-Type': type } }),
    )
    expect(entry!.request.postData).toEqual(
      text === undefined ? { mimeType: type } : { mimeType: type, text },
    )
    expect(entry!.request.bodySize).toBe(Buffer.byteLength(body as string))
  })

  it.each([
    {
      what: 'a refused dial',
      fate: 'refuse' as const,
      onHead: always(OK),
      error: 'ERR_CONNECT_TCP',
      status: 0,
      size: -1,
    },
    {
      what: 'a silent server',
      onHead: () => {},
      error: 'ERR_TIMEOUT_HEAD',
      status: 0,
      size: -1,
    },
    {
      what: 'a body that breaks off',
      onHead: always('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf'),
      error: 'ERR_TIMEOUT_BODY',
      status: 200,
      size: 4,
    },
    { what: 'no HTTP', onHead: always('SSH-2.0\r\n'), error: 'ERR_PROTOCOL', status: 0, size: -1 },
  ])('has an entry for what failed: $what', async ({ fate, onHead, error, status, size }) => {
    const entries = await harOf(
      async (stage) => {
        stage.fate = fate ?? 'accept'
        await expect(stage.client.get(URL_)).rejects.toMatchObject({ code: error })
      },
      onHead,
      { replyTimeout: 500, bodyTimeout: 500 },
    )
    expect(entries).toHaveLength(1)
    expect(entries[0]!.response).toMatchObject({ status, bodySize: size, _error: error })
    expect(entries[0]!.response.comment).toBeTruthy()
  })

  it('has an entry for what was aborted on the wire, none for what never came so far', async () => {
    const entries = await harOf(
      async (stage) => {
        const controller = new AbortController()
        const { signal } = controller
        stage.clock.after(50, () => controller.abort())
        const calls = [1, 2].map((n) => stage.client.get(`${URL_}/${n}`, { signal }))
        const outcomes = await Promise.allSettled(calls)
        expect(outcomes.map(({ status }) => status)).toEqual(['rejected', 'rejected'])
      },
      () => {},
      { maxConn: 1 },
    )
    expect(entries.map(({ request, response }) => [request.url, response.status, response._error])).toEqual([
      [`${URL_}/1`, 0, 'ERR_ABORTED'],
    ])
  })

  it('tells where the time went, by the wall clock', async () => {
    const begun: number[] = []
    const entries = await harOf(
      async (stage) => {
        begun.push(stage.clock.date())
        await stage.client.get('https://a.test/x')
        await stage.client.get('https://a.test/x')
      },
      (peer) => peer.socket.write(OK),
    )
    expect(Date.parse(entries[0]!.startedDateTime)).toBe(begun[0])
    for (const { time, timings } of entries) {
      // The handshake of TLS is in `connect` already.
      const { ssl, ...parts } = timings
      const sum = Object.values(parts).reduce((total, part) => total + Math.max(0, part), 0)
      expect(sum).toBeCloseTo(time, 2)
      expect(ssl).toBeLessThanOrEqual(timings.connect)
    }
    // A simulated dial is not told in parts: it is time in the queue.
    const rest = { dns: -1, connect: -1, ssl: -1, send: 0, wait: 2, receive: 0 }
    expect(entries.map(({ timings }) => timings)).toEqual([
      { blocked: 2, ...rest },
      { blocked: 0, ...rest },
    ])
  })

  it('tells what the cache answered', async () => {
    const fresh = 'HTTP/1.1 200 OK\r\nCache-Control: max-age=60\r\nContent-Length: 2\r\n\r\nok'
    const entries = await harOf(
      async ({ client }) => {
        await client.get(URL_)
        await client.get(URL_)
      },
      always(fresh),
      { cache: true },
    )
    expect(entries.map((entry) => entry._fromCache)).toEqual([undefined, 'disk'])
    expect(entries[1]!.response).toMatchObject({ status: 200, bodySize: 0, content: { size: 2 } })
    expect(entries[1]!.time).toBe(0)
  })

  it('is of one client, where that is asked for', async () => {
    using folder = new ReportFolder()
    const stages = [new WireStage(), new WireStage()]
    const ids: number[] = []
    const learn = (message: unknown): unknown => ids.push((message as { client: number }).client)
    subscribe('trawl:call:start', learn)
    for (const stage of stages) await stage.settle(stage.client.get(`${URL_}/before`))
    unsubscribe('trawl:call:start', learn)
    const har = await HarFile.open(folder.file('one.har'), { clientId: ids[1], note: () => {} })
    for (const [n, stage] of stages.entries()) await stage.settle(stage.client.get(`${URL_}/${n}`))
    for (const stage of stages) await stage.finish()
    await har.close()
    const { log } = folder.json('one.har') as { log: { entries: Entry[] } }
    expect(log.entries.map(({ request, connection }) => [request.url, connection])).toEqual([
      [`${URL_}/1`, '1'],
    ])
  })

  it('goes on with the one of an earlier run', async () => {
    using folder = new ReportFolder()
    for (const n of [1, 2]) {
      const stage = new WireStage()
      const har = await HarFile.open(folder.file('run.har'), {
        append: true,
        clock: stage.clock,
        note: () => {},
      })
      await stage.settle(stage.client.get(`${URL_}/${n}`))
      await stage.finish()
      await har.close()
    }
    const { log } = folder.json('run.har') as { log: { entries: Entry[] } }
    expect(log.entries.map(({ request }) => request.url)).toEqual([`${URL_}/1`, `${URL_}/2`])
  })

  it('leaves out what was under way before it, and what is at its end', async () => {
    using folder = new ReportFolder()
    const stage = new WireStage({}, (peer, nth) => {
      stage.clock.after(nth === 1 ? 100 : 500, () => peer.socket.write(OK))
    })
    const first = stage.client.get(`${URL_}/1`)
    await stage.pass(50)
    const har = await HarFile.open(folder.file('run.har'), { clock: stage.clock, note: () => {} })
    await stage.settle(first)
    const second = stage.client.get(`${URL_}/2`)
    await stage.pass(50)
    await har.close()
    await stage.settle(second)
    await stage.finish()
    expect(folder.json('run.har')).toMatchObject({ log: { entries: [] } })
  })
})
