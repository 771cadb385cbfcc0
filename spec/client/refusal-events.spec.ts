import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { LIMITS } from '../../lib/index.ts'
import { always, OK, WireStage } from './wire-stage.ts'

const REFUSED = 'HTTP/1.1 429 Slow Down\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n'
const BUSY = 'HTTP/1.1 503 Busy\r\nRetry-After: 2\r\nContent-Length: 0\r\n\r\n'
const FORBIDDEN = 'HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n'
const IPS = ['192.0.2.11', '192.0.2.12']

const pauses: unknown[] = []
const asides: unknown[] = []
const onPause = (message: unknown): void => void pauses.push(message)
const onAside = (message: unknown): void => void asides.push(message)

beforeEach(() => {
  pauses.length = 0
  asides.length = 0
  subscribe('trawl:target:pause', onPause)
  subscribe('trawl:client-ip:aside', onAside)
})
afterEach(() => {
  unsubscribe('trawl:target:pause', onPause)
  unsubscribe('trawl:client-ip:aside', onAside)
  vi.restoreAllMocks()
})

/** All of these at once. */
function ask(stage: WireStage, count: number, options = {}): Promise<unknown> {
  const urls = Array.from({ length: count }, (_, index) => `http://a.test/${index}`)
  return stage.settle(Promise.all(urls.map((url) => stage.client.get(url, options))))
}

describe('a pause of a target', () => {
  it('is told once for a burst, with how long it lasts and why', async () => {
    const stage = new WireStage({}, always(REFUSED))
    await ask(stage, 5)
    expect(pauses).toEqual([
      {
        client: stage.client.id,
        target: 'http://a.test',
        host: 'a.test',
        clientIp: '',
        ms: 3_000,
        stallsIn: 900_000,
        status: 429,
      },
    ])
    await ask(stage, 1)
    expect(pauses).toHaveLength(2)
    await stage.finish()
  })

  it('is told of a 503, too, and of nothing else', async () => {
    const answers = [FORBIDDEN, OK, BUSY]
    const stage = new WireStage({}, (peer) => peer.socket.write(answers.shift()!))
    for (let nth = 1; nth <= 3; nth++) await ask(stage, 1)
    expect(pauses).toMatchObject([{ status: 503, ms: 2_000 }])
    await stage.finish()
  })

  it('is told of each client IP of a host that counts over all of them', async () => {
    const stage = new WireStage({ clientIps: IPS }, always(REFUSED))
    await ask(stage, 4)
    expect(pauses).toMatchObject(IPS.map((clientIp) => ({ clientIp, host: 'a.test', status: 429 })))
    await stage.finish()
  })
})

describe('what is set aside', () => {
  it('is told of a pair of client IP and host, once', async () => {
    const stage = new WireStage({ clientIps: IPS }, (peer) =>
      peer.socket.write(peer.dial.clientIp === IPS[0] ? FORBIDDEN : OK),
    )
    for (let nth = 1; nth <= 10; nth++) await ask(stage, 1)
    expect(asides).toEqual([
      {
        client: stage.client.id,
        clientIp: IPS[0],
        host: 'a.test',
        ms: LIMITS.pairQuarantine,
        why: 'the host refuses it (403, 429)',
      },
    ])
    await stage.finish()
  })

  it('is told of an address that cannot be bound, for whatever host', async () => {
    const stage = new WireStage({ clientIps: IPS, maxRetries: 3 })
    stage.network.unbindable.add(IPS[0]!)
    await ask(stage, 4)
    expect(asides).toHaveLength(1)
    expect(asides).toMatchObject([{ clientIp: IPS[0], host: null, ms: LIMITS.bindQuarantine }])
    expect((asides[0] as { why: string }).why).not.toBe('')
    await stage.finish()
  })
})

it('both are lines of `debug`', async () => {
  const lines: string[] = []
  vi.spyOn(process.stderr, 'write').mockImplementation((line) => lines.push(String(line)) > 0)
  const stage = new WireStage({ clientIps: IPS, debug: true }, (peer) =>
    peer.socket.write(peer.dial.clientIp === IPS[0] ? FORBIDDEN : REFUSED),
  )
  for (let nth = 1; nth <= 6; nth++) await ask(stage, 1)
  const { id } = stage.client
  expect(lines).toContain(`trawl ${id} pause  http://a.test from 192.0.2.12 3000 ms after status 429\n`)
  expect(lines).toContain(
    `trawl ${id} aside  192.0.2.11 for a.test, 300000 ms: the host refuses it (403, 429)\n`,
  )
  await stage.finish()
})
