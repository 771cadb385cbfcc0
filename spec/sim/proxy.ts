import type { Random } from '../../lib/testing/random.ts'
import type { DialOptions } from '../../lib/net/network.ts'
import type { DialFate, SimListener, SimNetwork } from '../../lib/testing/sim-network.ts'
import type { SimSocket, SimSocketOwner } from '../../lib/testing/sim-socket.ts'
import type { SimServer } from './server.ts'

const HOST = 'proxy.test'
const PORT = 3128
export const PROXY_USER = 'anybody'
const PASSWORD = 'proxy secret'
export const PROXY_URL = `http://${PROXY_USER}:${encodeURIComponent(PASSWORD)}@${HOST}:${PORT}`
/** What it is to be given with each plain request, and no server ever. */
export const PROXY_FIELD = `Basic ${Buffer.from(`${PROXY_USER}:${PASSWORD}`).toString('base64')}`

/** A forward proxy: behind each of its connections stands the server that was asked for. */
export class SimProxy implements SimListener {
  readonly #servers: readonly SimServer[]
  readonly #random: Random
  /** How often it does not do what it should; 0: it always does. */
  #rate: number

  constructor(servers: readonly SimServer[], random: Random, rate: number) {
    this.#servers = servers
    this.#random = random
    this.#rate = rate
  }

  listen(network: SimNetwork): void {
    network.listen(HOST, PORT, this)
    network.setHost(HOST, { addresses: ['198.19.255.1', '2001:db8:19::ffff'] })
  }

  heal(): void {
    this.#rate = 0
  }

  onDial(): DialFate {
    if (this.#random.chance(this.#rate))
      return this.#random.pick<DialFate>(['refuse', 'hang', { after: 100 }])
    return 'accept'
  }

  onTunnel(): 'accept' | 'refuse' {
    return this.#random.chance(this.#rate) ? 'refuse' : 'accept'
  }

  onConnection(socket: SimSocket): SimSocketOwner {
    const server = this.#servers.find(({ host, port }) => isPlace(socket.dialled, host, port))
    if (server !== undefined) return server.onConnection(socket)
    // Nobody is there: as a proxy says it.
    return {
      onData: () => {
        socket.write('HTTP/1.1 502 Bad Gateway\r\nConnection: close\r\nContent-Length: 0\r\n\r\n')
        socket.end()
      },
      onClose: () => undefined,
    }
  }
}

function isPlace(dialled: DialOptions, host: string, port: number): boolean {
  return dialled.host === host && dialled.port === port
}
