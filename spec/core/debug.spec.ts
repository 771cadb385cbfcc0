import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { watch, type DebugLevel } from '../../lib/core/debug.ts'
import { channels } from '../../lib/core/diagnostics.ts'
import { Headers } from '../../lib/core/headers.ts'

const CLIENT = 987_654
let printed = ''
let stop = (): void => undefined

beforeEach(() => {
  printed = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((text) => {
    printed += String(text)
    return true
  })
})

afterEach(() => {
  stop()
  vi.restoreAllMocks()
})

function start(level: boolean | DebugLevel): void {
  stop = watch(level, CLIENT)
}

const target = 'http://a.test'
const FIELDS =
  'Host: a.test\r\nAuthorization: Basic c2VjcmV0\r\ncookie: id=secret\r\n' +
  'Proxy-Authorization: secret\r\nX-Cookie: kept\r\n'
const HEAD = `GET /x HTTP/1.1\r\n${FIELDS}\r\n`

const exchange = {
  client: CLIENT,
  connection: 3,
  method: 'GET',
  url: 'http://a.test/x',
  exchange: {
    path: '/x',
    request: { method: 'GET', fields: FIELDS, secretFields: new Set(['x-api-key', 'x-a.b']) },
    flight: { ownFields: 'Cookie: jar=secret\r\nX-Api-Key: secret\r\nx-a.b: secret\r\nx-aXb: kept\r\n' },
  },
}

function subscribed(): string[] {
  const names = Object.values(channels).filter((channel) => channel.hasSubscribers)
  return names.map((channel) => String(channel.name))
}

function publishAll(): void {
  const connection = { client: CLIENT, connection: 3, target, served: 7 }
  channels.connectionConnect.publish(connection)
  channels.connectionOpen.publish(connection)
  channels.exchangeWait.publish({ ...exchange, connection: 0 })
  channels.exchangeSend.publish(exchange)
  channels.connectionBytes.publish({ ...connection, direction: 'out', data: `${HEAD}the body` })
  channels.connectionBytes.publish({ ...connection, direction: 'out', data: Buffer.from('more body') })
  channels.connectionBytes.publish({ ...connection, direction: 'out', data: '0\r\n\r\n' })
  channels.connectionBytes.publish({ ...connection, direction: 'in', data: Buffer.from('HTTP/1.1 200\r\n') })
  const headers = new Headers('Set-Cookie: id=secret\r\nSet-Cookie: b=secret\r\nServer: n\r\n')
  channels.exchangeHead.publish({ ...exchange, head: { status: 200, statusText: 'Fine', headers } })
  channels.callRedirect.publish({ ...exchange, status: 302, location: 'http://b.test/y' })
  channels.callRetry.publish({ ...exchange, retries: 1, why: { kind: 'status', status: 503 } })
  channels.callRetry.publish({
    ...exchange,
    retries: 2,
    why: { kind: 'error', error: new Error('it broke') },
  })
  channels.exchangeEnd.publish(exchange)
  channels.exchangeEnd.publish({ ...exchange, error: new Error('it broke') })
  channels.connectionClose.publish(connection)
}

const SCHED = [
  'dial   #3 http://a.test',
  'open   #3 http://a.test',
  'wait   GET http://a.test/x',
  'send   #3 GET http://a.test/x',
  'goto   302 http://a.test/x -> http://b.test/y',
  'retry  1 GET http://a.test/x after status 503',
  'retry  2 GET http://a.test/x after it broke',
  'end    #3 GET http://a.test/x',
  'end    #3 GET http://a.test/x failed: it broke',
  'close  #3 http://a.test after 7 exchanges',
]

describe('debug', () => {
  it.each([true, 'sched'] as const)('%s prints what is waited for, dialled, sent, ended', (level) => {
    start(level)
    publishAll()
    expect(printed).toBe(SCHED.map((line) => `trawl ${CLIENT} ${line}\n`).join(''))
  })

  it('protocol prints heads too, with secrets blanked and no bodies', () => {
    start('protocol')
    publishAll()
    expect(printed.split('\n').filter((line) => /^[<>]/.test(line))).toEqual([
      '> GET /x HTTP/1.1',
      '> Host: a.test',
      '> Authorization: [hidden]',
      '> cookie: [hidden]',
      '> Proxy-Authorization: [hidden]',
      '> X-Cookie: kept',
      '> Cookie: [hidden]',
      '> X-Api-Key: [hidden]',
      '> x-a.b: [hidden]',
      '> x-aXb: kept',
      '< 200 Fine',
      '< set-cookie: [hidden]',
      '< set-cookie: [hidden]',
      '< server: n',
    ])
    for (const line of SCHED) expect(printed).toContain(line)
    expect(printed).not.toMatch(/secret|c2VjcmV0|body/)
  })

  it('stream prints every byte, in both directions, escaped', () => {
    start('stream')
    publishAll()
    expect(printed).toContain('>>     #3 "GET /x HTTP/1.1')
    expect(printed).toContain('the body"\n')
    expect(printed).not.toMatch(/secret|c2VjcmV0/)
    expect(printed).toContain('>>     #3 "more body"\n')
    expect(printed).toContain(String.raw`>>     #3 "0\r\n\r\n"`)
    expect(printed).toContain(String.raw`<<     #3 "HTTP/1.1 200\r\n"`)
  })

  it('prints what its own client does, and nothing once it is stopped', () => {
    start('stream')
    channels.exchangeWait.publish({ ...exchange, client: CLIENT + 1 })
    stop()
    publishAll()
    expect(printed).toBe('')
  })

  it('false subscribes to nothing, and stopping unsubscribes from all', () => {
    start(false)
    expect(subscribed()).toEqual([])
    start('stream')
    expect(subscribed()).toHaveLength(12)
    stop()
    expect(subscribed()).toEqual([])
  })
})
