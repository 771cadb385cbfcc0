import { assert } from 'vitest'
import { Client, type ClientOptions, type RequestError, type Response } from '../../lib/index.ts'
import { SimClock } from '../../lib/testing/sim-clock.ts'
import { SimNetwork } from '../../lib/testing/sim-network.ts'
import { PLAIN, type AnswerPlan } from './answer-plan.ts'
import { deserved, NO_BODY, parsePath, pathOf } from './answers.ts'
import { checkLeftovers } from './checkers.ts'
import { CountedClock } from './counted-clock.ts'
import type { ParsedRequest } from './request-parser.ts'
import type { ServerConnection } from './server-connection.ts'
import { ServerBook, SimServer, type Behaviour } from './server.ts'
import { WriteTap } from './write-tap.ts'

/** A server that answers as planned; the default plan is that of one without misdeeds. */
export function answering(
  plan: Partial<AnswerPlan> | ((id: number, connection: ServerConnection) => Partial<AnswerPlan>) = {},
  more: Partial<Behaviour> = {},
): Behaviour {
  return {
    answer: (request: ParsedRequest, connection: ServerConnection): AnswerPlan => {
      const own = typeof plan === 'function' ? plan(parsePath(request.path).id, connection) : plan
      return { ...PLAIN, ...own }
    },
    ...more,
  }
}

/** A small world whose course is written out: servers by host, one client, 1 ms from end to end. */
export class Stage {
  readonly clock = new SimClock()
  readonly clientClock: CountedClock
  readonly network: SimNetwork
  readonly book = new ServerBook()
  readonly tap = new WriteTap(this.clock)
  readonly servers: Record<string, SimServer> = {}
  readonly client: Client
  readonly #start: number

  constructor(options: ClientOptions, servers: Record<string, Behaviour>, latency = 1) {
    this.#start = this.clock.now()
    this.clientClock = new CountedClock(this.clock)
    this.network = new SimNetwork({
      clock: this.clock,
      conditions: { latency: [latency, latency] },
      onWrite: (dial, data, dialled) => this.tap.onWrite(dial, data, dialled),
      onRead: (dial, bytes) => {
        this.book.onRead(dial, bytes, this.clock.now())
        this.tap.onRead(dial, bytes)
      },
    })
    for (const [host, behaviour] of Object.entries(servers)) {
      const server = new SimServer({ host, port: 80, tls: false }, this.clock, this.book, behaviour)
      server.listen(this.network)
      this.servers[host] = server
    }
    this.client = new Client({ maxRetries: 0, ...options, clock: this.clientClock, network: this.network })
  }

  /** Virtual ms since the beginning. */
  get now(): number {
    return this.clock.now() - this.#start
  }

  url(host: string, id: number, size = 100, status = 200): string {
    return `http://${host}${pathOf(id, size, status)}`
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    return this.clock.settle(promise)
  }

  /** How it failed, and after how many ms. */
  async failure(promise: Promise<unknown>): Promise<{ error: RequestError; after: number }> {
    const start = this.clock.now()
    let at = 0
    const outcome = promise.then(
      () => {
        throw new Error('it was to fail, and succeeded')
      },
      (error: unknown) => {
        at = this.clock.now()
        return error as RequestError
      },
    )
    const error = await this.settle(outcome)
    return { error, after: at - start }
  }

  /** GETs all of these ids at once; fails unless each is given its own answer. */
  async getAll(host: string, ids: readonly number[]): Promise<Response[]> {
    const responses = await this.settle(Promise.all(ids.map((id) => this.client.get(this.url(host, id)))))
    for (const [index, response] of responses.entries()) this.expectOwn(response, host, ids[index] as number)
    return responses
  }

  expectOwn(response: Response, host: string, id: number): void {
    const expected = deserved({
      method: 'GET',
      origin: `http://${host}`,
      path: pathOf(id, 100, 200),
      status: 200,
      sent: NO_BODY,
      number: Number(response.headers.get('x-answer')),
    })
    assert.equal(response.text(), expected.toString('latin1'))
  }

  /** Closes the client; then nothing may be left anywhere. */
  async finish(): Promise<void> {
    await this.settle(this.client.close())
    const wrong = checkLeftovers(this)
    await this.clock.run()
    wrong.push(...this.network.violations, ...this.book.violations, ...this.tap.violations)
    if (this.network.openSockets !== 0) wrong.push('servers have connections left')
    assert.deepEqual(wrong, [])
  }
}

/** The whole numbers from `first` to `last`. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}
