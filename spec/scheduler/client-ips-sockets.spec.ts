import { once } from 'node:events'
import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { systemClock } from '../../lib/core/clock.ts'
import { ConnectError } from '../../lib/core/errors.ts'
import { Exchange } from '../../lib/core/exchange.ts'
import { Target } from '../../lib/core/target.ts'
import { TcpNetwork } from '../../lib/net/tcp.ts'
import { ClientIps } from '../../lib/scheduler/client-ips.ts'
import { Scheduler } from '../../lib/scheduler/scheduler.ts'
import { Asked } from './asked.ts'
import { DEFAULTS } from './stand.ts'

/** An address for documentation (RFC 5737): no machine has it. */
const FOREIGN = '192.0.2.77'

const server = http.createServer((request, response) => response.end(request.socket.remoteAddress))

beforeAll(async () => {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
})

afterAll(() => {
  server.close()
})

/** A scheduler on real sockets, and what each exchange's call would do with client IPs. */
class Caller {
  readonly scheduler: Scheduler = new Scheduler(
    DEFAULTS,
    systemClock,
    new TcpNetwork({ clock: systemClock }),
    ({ host, port, clientIp, key }) => ({ host, port, clientIp, tls: null, sessionKey: key }),
  )
  readonly ips: ClientIps

  constructor(addresses: readonly string[], policy: 'round-robin' | 'sticky') {
    this.ips = new ClientIps(addresses, policy, systemClock, (ip) => this.scheduler.loadOf(ip))
  }

  /** Resolves with the address that the server saw; moves on when one cannot be bound. */
  async ask(session = '', not: ReadonlySet<string> = new Set()): Promise<string> {
    const { port } = server.address() as AddressInfo
    const clientIp = this.ips.choose(`127.0.0.1:${port}`, session, 4, not)
    const asked = new Asked({ host: '127.0.0.1' }, '/')
    const target = new Target({ scheme: 'http', host: '127.0.0.1', port, clientIp })
    const settled = new Promise<void>((resolve) => {
      asked.onSettled = resolve
    })
    this.scheduler.submit(new Exchange({ ...asked.x.request, target }, '/', asked))
    await settled
    if (asked.error === null) return asked.body
    if (!(asked.error instanceof ConnectError)) throw asked.error
    this.ips.bindFailed(clientIp, asked.error.message)
    return this.ask(session, new Set([...not, clientIp]))
  }
}

// Only Linux has the whole of 127.0.0.0/8.
describe.skipIf(process.platform !== 'linux')('client IPs on real sockets: the server sees', () => {
  it('each in turn', async () => {
    const caller = new Caller(['127.0.0.2', '127.0.0.3', '127.0.0.4'], 'round-robin')
    const seen: string[] = []
    for (let n = 0; n < 6; n++) seen.push(await caller.ask())
    expect(seen).toEqual(['127.0.0.2', '127.0.0.3', '127.0.0.4', '127.0.0.2', '127.0.0.3', '127.0.0.4'])
    await caller.scheduler.close()
  })

  it('one for a session, whatever others do at the same time', async () => {
    const caller = new Caller(['127.0.0.2', '127.0.0.3', '127.0.0.4'], 'sticky')
    const sessions = ['ada', 'grace', 'edsger', 'barbara', 'tony', 'leslie']
    const rounds = await Promise.all(
      [0, 1, 2].map(() => Promise.all(sessions.map((each) => caller.ask(each)))),
    )
    expect(rounds[1]).toEqual(rounds[0])
    expect(rounds[2]).toEqual(rounds[0])
    expect(new Set(rounds[0]).size).toBeGreaterThan(1)
    await caller.scheduler.close()
  })

  it('none that is no address of this machine, and stats() tell why', async () => {
    const caller = new Caller([FOREIGN, '127.0.0.2'], 'round-robin')
    expect([await caller.ask(), await caller.ask()]).toEqual(['127.0.0.2', '127.0.0.2'])
    const [foreign] = caller.ips.stats()
    expect(foreign).toMatchObject({ clientIp: FOREIGN, chosen: 1 })
    expect(foreign!.reason).toContain('is not an address of this machine')
    expect(foreign!.setAside).toBeGreaterThan(0)
    await caller.scheduler.close()
  })
})
