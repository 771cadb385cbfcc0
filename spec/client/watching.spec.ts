import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { channels } from '../../lib/core/diagnostics.ts'
import type { ClientOptions, RequestOptions } from '../../lib/index.ts'
import { always, OK, WireStage, type OnHead } from './wire-stage.ts'

const URL_ = 'http://a.test/x'

interface Event {
  readonly name: string
  readonly client: number
  readonly call?: object
  readonly exchange?: object
  readonly connection?: number
  readonly error?: { code: string } | null
  readonly bytesOnWire?: number
  readonly bytesDecoded?: number
  readonly head?: { status: number }
}

/** All that is published from now on. */
class Listener {
  readonly events: Event[] = []
  readonly #stops: (() => void)[] = []

  start(): void {
    for (const [name, channel] of Object.entries(channels)) {
      const listener = (event: unknown): unknown => this.events.push({ ...(event as Event), name })
      channel.subscribe(listener)
      this.#stops.push(() => channel.unsubscribe(listener))
    }
  }

  stop(): void {
    for (const stop of this.#stops.splice(0)) stop()
  }

  count(name: string): number {
    return this.events.filter((event) => event.name === name).length
  }

  /** What has begun and not ended, or ended twice or unbegun. */
  unpaired(): string[] {
    return [
      ...this.#unpaired('callStart', 'callEnd', (event) => event.call),
      ...this.#unpaired('exchangeWait', 'exchangeEnd', (event) => event.exchange),
      ...this.#unpaired('connectionConnect', 'connectionClose', (event) => event.connection),
    ]
  }

  #unpaired(begin: string, end: string, keyOf: (event: Event) => unknown): string[] {
    const open = new Set<unknown>()
    const wrong: string[] = []
    for (const event of this.events) {
      if (event.name === begin && open.size === open.add(keyOf(event)).size) wrong.push(`${begin} twice`)
      if (event.name === end && !open.delete(keyOf(event))) wrong.push(`${end} without ${begin}`)
    }
    if (open.size > 0) wrong.push(`${open.size} ${begin} without ${end}`)
    return wrong
  }
}

const listener = new Listener()

beforeEach(() => {
  listener.events.length = 0
  listener.start()
})

afterEach(() => {
  listener.stop()
  vi.restoreAllMocks()
})

const half: OnHead = (peer) => {
  peer.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf')
}
const silent: OnHead = () => undefined

interface Course {
  readonly what: string
  readonly onHead?: OnHead
  readonly fate?: 'refuse' | 'hang'
  readonly client?: ClientOptions
  readonly options?: RequestOptions
  readonly abortAt?: number
  readonly destroyAt?: number
  readonly code: string | null
}

const COURSES: Course[] = [
  { what: 'an answer', code: null },
  { what: 'a refused dial', fate: 'refuse', code: 'ERR_CONNECT_TCP' },
  { what: 'a dial that hangs', fate: 'hang', client: { connectTimeout: 50 }, code: 'ERR_TIMEOUT_CONNECT' },
  { what: 'no head', onHead: silent, client: { replyTimeout: 50 }, code: 'ERR_TIMEOUT_HEAD' },
  { what: 'no more of a body', onHead: half, client: { bodyTimeout: 50 }, code: 'ERR_TIMEOUT_BODY' },
  { what: 'too little time', onHead: silent, client: { totalTimeout: 50 }, code: 'ERR_TIMEOUT_TOTAL' },
  { what: 'too long a wait', fate: 'hang', client: { queueTimeout: 50 }, code: 'ERR_TIMEOUT_QUEUE' },
  {
    what: 'connections that are reset',
    onHead: (peer) => peer.socket.reset(),
    code: 'ERR_CONNECTION_CLOSED',
  },
  { what: 'what is no HTTP', onHead: always('SSH-2.0-x\r\n'), code: 'ERR_PROTOCOL' },
  {
    what: 'a damaged body',
    onHead: always('HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 2\r\n\r\nno'),
    code: 'ERR_DECODING',
  },
  { what: 'an abort while it is dialled', fate: 'hang', abortAt: 20, code: 'ERR_ABORTED' },
  { what: 'an abort before the head', onHead: silent, abortAt: 20, code: 'ERR_ABORTED' },
  { what: 'an abort in the body', onHead: half, abortAt: 20, code: 'ERR_ABORTED' },
  { what: 'the end of the client while it is dialled', fate: 'hang', destroyAt: 20, code: 'ERR_CLOSED' },
  { what: 'the end of the client in the body', onHead: half, destroyAt: 20, code: 'ERR_CLOSED' },
  {
    what: 'a body whose source fails',
    options: { method: 'POST', body: failing() },
    onHead: silent,
    code: 'ERR_REQUEST_BODY',
  },
]

// eslint-disable-next-line require-yield -- it fails before it has anything
async function* failing(): AsyncGenerator<string> {
  throw new Error('no source')
}

describe('the channels', () => {
  it.each(COURSES)('tell of $what in pairs', async (course) => {
    const stage = new WireStage({ maxConn: 2, ...course.client }, course.onHead ?? always(OK))
    stage.fate = course.fate ?? 'accept'
    const controller = new AbortController()
    const call = stage.client.request(URL_, { ...course.options, signal: controller.signal }).then(
      () => null,
      (error: { code: string }) => error.code,
    )
    if (course.abortAt !== undefined) stage.clock.after(course.abortAt, () => controller.abort())
    if (course.destroyAt !== undefined) stage.clock.after(course.destroyAt, () => stage.client.destroy())
    expect(await stage.settle(call)).toBe(course.code)
    await stage.finish()
    expect(listener.unpaired()).toEqual([])
    expect(listener.count('callStart')).toBe(1)
    const end = listener.events.find((event) => event.name === 'callEnd')
    expect(end!.error?.code ?? null).toBe(course.code)
    expect(new Set(listener.events.map((event) => event.client)).size).toBe(1)
  })

  it('tell of a pipeline with aborts in it, in pairs', async () => {
    const stage = new WireStage({ maxConn: 1, maxPipelinedRequests: 4 }, (peer, nth) => {
      stage.clock.after(nth === 1 ? 0 : 100, () => peer.socket.write(OK))
    })
    await stage.settle(stage.client.get(URL_))
    const controller = new AbortController()
    const calls = [1, 2, 3, 4].map((n) =>
      stage.client.get(`${URL_}/${n}`, n % 2 === 0 ? { signal: controller.signal } : {}),
    )
    stage.clock.after(20, () => controller.abort())
    const outcomes = await stage.settle(Promise.allSettled(calls))
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled', 'rejected'])
    await stage.finish()
    expect(listener.unpaired()).toEqual([])
    expect(listener.count('exchangeWait')).toBe(5)
  })

  it('tell of streams that are read, left and never begun, in pairs', async () => {
    const stage = new WireStage({}, half)
    const streams = await stage.settle(Promise.all([1, 2].map((n) => stage.client.stream(`${URL_}/${n}`))))
    await streams[0]!.discard()
    await stage.settle(streams[1]!.body.return!())
    expect(listener.count('callEnd')).toBe(2)
    await stage.finish()
    expect(listener.unpaired()).toEqual([])
  })

  it('tell the whole course of one exchange, in order', async () => {
    const stage = new WireStage()
    await stage.settle(stage.client.get(URL_))
    await stage.finish()
    expect(listener.events.map((event) => event.name).filter((name) => name !== 'connectionBytes')).toEqual([
      'callStart',
      'exchangeWait',
      'connectionConnect',
      'connectionOpen',
      'exchangeSend',
      'exchangeHead',
      'exchangeEnd',
      'callEnd',
      'connectionClose',
    ])
  })
})

describe('the size of a body', () => {
  const packed = gzipSync('a'.repeat(1000))
  const plain = { field: '', body: Buffer.alloc(1000, 'a') }
  const coded = { field: 'Content-Encoding: gzip\r\n', body: packed }

  it.each([
    { what: 'a whole body', ...plain, streamed: false, sizes: [1000, 1000] },
    { what: 'a whole body, decoded', ...coded, streamed: false, sizes: [packed.length, 1000] },
    { what: 'a streamed body', ...plain, streamed: true, sizes: [1000, 1000] },
    // It is decoded as its reader comes to it: that may be after the end of the call.
    { what: 'a streamed body, decoded', ...coded, streamed: true, sizes: [packed.length, -1] },
  ])('is told at the end: of $what', async ({ field, body, streamed, sizes }) => {
    const stage = new WireStage({}, (peer) => {
      peer.socket.write(`HTTP/1.1 200 OK\r\n${field}Content-Length: ${body.length}\r\n\r\n`)
      peer.socket.write(body)
    })
    if (streamed) await stage.settle(stage.client.stream(URL_).then((response) => response.text()))
    else await stage.settle(stage.client.get(URL_))
    await stage.finish()
    const exchangeEnd = listener.events.find(({ name }) => name === 'exchangeEnd')!
    const callEnd = listener.events.find(({ name }) => name === 'callEnd')!
    expect(exchangeEnd.bytesOnWire).toBe(sizes[0])
    expect([callEnd.bytesOnWire, callEnd.bytesDecoded]).toEqual(sizes)
    expect(callEnd.exchange).toBe(exchangeEnd.exchange)
    expect(callEnd.head!.status).toBe(200)
  })
})

/** What is printed of one request. */
async function printed(debug: ClientOptions['debug']): Promise<string> {
  let text = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => {
    text += String(line)
    return true
  })
  const stage = new WireStage(
    { debug },
    always(`HTTP/1.1 200 OK\r\nSet-Cookie: id=secret\r\nContent-Length: 4\r\n\r\nbody`),
  )
  const headers = { Cookie: 'id=secret', 'Proxy-Authorization': 'secret' }
  await stage.settle(stage.client.post('http://user:secret@a.test/x', { headers, body: 'the text' }))
  await stage.finish()
  const client = String(listener.events[0]!.client)
  return text.replaceAll(`trawl ${client} `, '')
}

describe('debug', () => {
  it.each([true, 'sched'] as const)('%s prints what is scheduled', async (level) => {
    expect(await printed(level)).toBe(
      'wait   POST http://a.test/x\ndial   #1 http://a.test\nopen   #1 http://a.test\nsend   #1 POST http://a.test/x\n' +
        'end    #1 POST http://a.test/x\nclose  #1 http://a.test after 1 exchanges\n',
    )
  })

  it('protocol prints heads both ways, without secrets and bodies', async () => {
    const text = await printed('protocol')
    for (const line of [
      '> POST /x HTTP/1.1',
      '> Cookie: [hidden]',
      '> Authorization: [hidden]',
      '< 200 OK',
      '< set-cookie: [hidden]',
    ]) {
      expect(text).toContain(`${line}\n`)
    }
    expect(text).not.toMatch(/secret|c2VjcmV0|the text|body/)
  })

  it('stream prints every byte', async () => {
    const text = await printed('stream')
    expect(text).toContain('the text"')
    expect(text).toContain(String.raw`\r\n\r\nbody"`)
  })

  it('prints nothing by default', async () => {
    expect(await printed(undefined)).toBe('')
    expect(await printed(false)).toBe('')
  })
})
