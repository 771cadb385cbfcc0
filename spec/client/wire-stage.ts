import { assert } from 'vitest'
import { Client, type ClientOptions, type DialOptions, type RequestError } from '../../lib/index.ts'
import { SimClock, SimNetwork, type DialFate, type SimSocket } from '../../lib/testing/index.ts'
import { checkLeftovers } from '../sim/checkers.ts'
import { CountedClock } from '../sim/counted-clock.ts'

/** One connection as its server sees it: every byte that came, and the socket to answer on. */
export interface Peer {
  readonly socket: SimSocket
  readonly dial: DialOptions
  /** All that came so far, Latin-1. */
  text: string
  /** Whole heads that came so far. */
  heads: number
  closed: boolean
  /** Called when more has come, and after each head. */
  onMore: (() => void) | null
}

/** What came after the first head. */
export function bodyOf(text: string): string {
  return text.slice(text.indexOf('\r\n\r\n') + 4)
}

/** What the server does when the nth whole head, counted from 1, has come on a connection. */
export type OnHead = (peer: Peer, nth: number) => void

export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

/** A server that answers each head alike, at once. */
export function always(answer: string): OnHead {
  return (peer) => peer.socket.write(answer)
}

/** A client with a simulated network: what it writes is kept, byte for byte. 1 ms from end to end. */
export class WireStage {
  readonly clock = new SimClock()
  readonly clientClock = new CountedClock(this.clock)
  readonly network = new SimNetwork({ clock: this.clock, conditions: { latency: [1, 1] } })
  readonly peers: Peer[] = []
  readonly client: Client
  /** What becomes of the next dials. */
  fate: DialFate = 'accept'

  constructor(
    options: ClientOptions = {},
    onHead: OnHead = always(OK),
    hosts: readonly string[] = ['a.test'],
  ) {
    for (const host of hosts) {
      for (const tls of [false, true]) this.#listen(host, tls, onHead)
    }
    this.client = new Client({ maxRetries: 0, ...options, clock: this.clientClock, network: this.network })
  }

  /** What came on the only connection. */
  get wire(): string {
    assert.equal(this.peers.length, 1)
    return this.peers[0]!.text
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.clock.settle(promise)
  }

  /** How it failed, and after how many virtual ms. */
  async failure(promise: Promise<unknown>): Promise<{ error: RequestError; after: number }> {
    const start = this.clock.now()
    const outcome = promise.then(
      () => Promise.reject(new Error('it was to fail, and succeeded')),
      (error: unknown) => ({ error: error as RequestError, after: this.clock.now() - start }),
    )
    return this.settle(outcome)
  }

  /** Lets `ms` of virtual time pass. */
  pass(ms: number): Promise<void> {
    return this.clock.advance(ms)
  }

  /** Closes the client; then nothing may be left anywhere. */
  async finish(): Promise<void> {
    await this.settle(this.client.close())
    const wrong = [...checkLeftovers(this), ...this.network.violations]
    await this.clock.run()
    if (this.network.openSockets !== 0) wrong.push('the server has connections left')
    assert.deepEqual(wrong, [])
  }

  #listen(host: string, tls: boolean, onHead: OnHead): void {
    let dialled: DialOptions[] = []
    this.network.listen(host, tls ? 443 : 80, {
      tls,
      onDial: (options) => {
        if (this.fate === 'accept') dialled.push(options)
        return this.fate
      },
      onConnection: (socket) => {
        const peer: Peer = { socket, dial: dialled[0]!, text: '', heads: 0, closed: false, onMore: null }
        dialled = dialled.slice(1)
        this.peers.push(peer)
        return {
          onData: (chunk) => {
            peer.text += chunk.toString('latin1')
            const heads = peer.text.match(/ HTTP\/1\.1\r\n[^]*?\r\n\r\n/g)?.length ?? 0
            while (peer.heads < heads) onHead(peer, ++peer.heads)
            peer.onMore?.()
          },
          onClose: () => {
            peer.closed = true
          },
        }
      },
    })
  }
}
