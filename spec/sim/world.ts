import type { Clock } from '../../lib/core/clock.ts'
import type { Network } from '../../lib/net/network.ts'
import { Client, type ClientOptions } from '../../lib/index.ts'
import { Random } from '../../lib/testing/random.ts'
import { SimClock } from '../../lib/testing/sim-clock.ts'
import { SimNetwork } from '../../lib/testing/sim-network.ts'
import { CallRecord, makeCall } from './caller.ts'
import { PLAIN } from './answer-plan.ts'
import { checkCacheUse, wasStoredDamaged } from './check-cache.ts'
import { checkLoops } from './check-loops.ts'
import { checkPace, checkTotalPace, PauseWatch } from './check-pace.ts'
import { checkRates } from './check-rates.ts'
import { checkSecrets } from './check-secrets.ts'
import {
  checkCall,
  checkLeftovers,
  checkListeners,
  countListeners,
  isFirstOnly,
  checkOrder,
  checkQuiet,
  checkWorld,
} from './checkers.ts'
import { drawCaps, NO_CAPS, type Caps } from './caps.ts'
import { CountedClock } from './counted-clock.ts'
import { drawRates, Mood, type Rates } from './mood.ts'
import { lacks, narrowCalls, narrowOptions, narrowRates, WHOLE, type Narrowing } from './narrowing.ts'
import { drawResources, type Resource } from './resources.ts'
import { ServerBook, SimServer, type Behaviour } from './server.ts'
import { drawStages, type Stages } from './stages.ts'
import { Twists } from './twists.ts'
import { drawWorkload, type CallSpec, type WorkloadTraits } from './workload.ts'
import { Watcher } from './watcher.ts'
import { fetchCall, mapCalls } from './ways.ts'
import { SimProxy } from './proxy.ts'
import { WriteTap } from './write-tap.ts'

type Numbers =
  | 'maxConn'
  | 'maxConnPerTarget'
  | 'maxPipelinedRequests'
  | 'maxQueued'
  | 'keepAliveTimeout'
  | 'queueTimeout'
  | 'connectTimeout'
  | 'requestTimeout'
  | 'replyTimeout'
  | 'bodyTimeout'

/** What a world has where an option is left out of it. */
export const PLAIN_OPTIONS: Partial<WorldOptions> = {
  maxConn: 50,
  maxConnPerTarget: 6,
  maxPipelinedRequests: 1,
  prefer: 'connection',
  maxQueued: 1000,
  keepAliveTimeout: 15_000,
  queueTimeout: 0,
  parser: 'lenient',
}

export type WorldOptions = Record<Numbers, number> & Pick<ClientOptions, 'prefer' | 'parser'>

/** How the faulty phase ends: it heals, or the client goes in the middle of it. */
type Ending = 'heal' | 'close' | 'destroy'

/** Longer than every timeout of a world, its dial pause and its latencies: then all faults are over. */
const QUIET = 4_000
/** Until its mood is drawn. */
const NO_DEEDS: Behaviour = { answer: () => PLAIN }
const MAX_STEPS = 400_000
/** Virtual ms in which every phase must come to its end. */
const MAX_TIME = 120_000
/** The same where servers may ask for pauses: several of `LIMITS.maxRetryAfter`. */
const STAGED_QUIET = 1_500_000
const STAGED_MAX_TIME = 7_200_000

/** One seed, one world: servers, network, client, what is asked and what goes wrong. */
export class World {
  readonly seed: number
  readonly narrowing: Narrowing
  readonly options: WorldOptions
  readonly stages: Stages
  readonly caps: Caps
  readonly clock: SimClock
  readonly clientClock: CountedClock
  readonly network: SimNetwork
  readonly client: Client
  readonly servers: SimServer[]
  readonly book: ServerBook = new ServerBook()
  readonly tap: WriteTap
  readonly records: CallRecord[] = []
  readonly resources: readonly Resource[]
  /** When the faults were over; Infinity: not yet. */
  healedAt = Infinity
  closing = false
  readonly #random: Random
  /** Calls drawn, made or not. */
  #drawn = 0
  readonly #pauses: PauseWatch | null
  readonly #maxTime: number
  readonly #proxy: SimProxy

  /** `watch` sees what goes over the network, and changes nothing. */
  constructor(
    seed: number,
    narrowing: Narrowing = WHOLE,
    watch?: (network: Network, clock: Clock) => Network,
  ) {
    this.seed = seed
    this.narrowing = narrowing
    const random = new Random(seed)
    this.#random = random
    this.options = narrowOptions(narrowing, drawOptions(random), PLAIN_OPTIONS)
    this.clock = new SimClock({ seed })
    this.tap = new WriteTap(this.clock)
    this.clientClock = new CountedClock(this.clock)
    this.network = new SimNetwork({
      clock: this.clock,
      seed: seed + 1,
      conditions: {
        latency: random.pick([
          [0, 1],
          [1, 5],
          [1, 30],
        ] as const),
        split: random.pick([0, 0.2, 0.8]),
        buffer: random.pick([500, 16_384, 65_536]),
        bandwidth: random.pick([Infinity, Infinity, Infinity, 2000, 300]),
      },
      onWrite: (dial, data, options) => this.tap.onWrite(dial, data, options),
      onRead: (dial, bytes) => {
        this.book.onRead(dial, bytes, this.clock.now())
        this.tap.onRead(dial, bytes)
      },
    })
    this.servers = this.#makeServers(random)
    const hosts = [...new Set(this.servers.map(({ host }) => host))]
    this.stages = drawStages(random.fork(), hosts, this.servers[0]!.origin, (name) =>
      lacks(narrowing, 'stage', name),
    )
    this.caps = this.stages.none || lacks(narrowing, 'stage', 'caps') ? NO_CAPS : drawCaps(seed)
    if (lacks(narrowing, 'network', 'latency')) this.network.conditions = { latency: [1, 1] }
    if (lacks(narrowing, 'network', 'split')) this.network.conditions = { split: 0, buffer: 65_536 }
    this.#maxTime = this.stages.none ? MAX_TIME : STAGED_MAX_TIME
    for (const server of this.servers) {
      server.heal(
        this.#moodOf(random, server, drawRates(random, random.chance(this.stages.none ? 0.85 : 0.5)), false),
      )
    }
    this.#proxy = new SimProxy(this.servers, random.fork(), random.pick([0, 0, 0.2]))
    this.#proxy.listen(this.network)
    for (const clientIp of this.stages.unbindable) this.network.unbindable.add(clientIp)
    this.resources = drawResources(random, this.servers)
    // Some worlds are watched: with nobody listening the code takes other ways.
    this.#pauses = this.stages.pacing && random.chance(0.7) ? new PauseWatch(this.clock) : null
    this.client = new Client({
      ...this.options,
      ...this.stages.options,
      ...this.caps.options,
      clock: this.clientClock,
      network: watch?.(this.network, this.clock) ?? this.network,
    })
  }

  /** Lives through it all, and returns everything that was wrong; [] is the wanted end. */
  async run(): Promise<string[]> {
    const random = this.#random
    const ending = random.chance(0.8) ? 'heal' : random.pick<Ending>(['close', 'destroy'])
    const calls = this.#draw(random, true)
    const wrong: string[] = []
    const listeners = countListeners()
    const watched = random.chance(0.3)
    const watcher = watched ? new Watcher(this.clock) : null
    try {
      const settled = this.#start(calls)
      if (ending !== 'heal') await this.clock.advance(random.int(0, this.stages.none ? 600 : 3000))
      if (ending === 'destroy') this.#destroy()
      const closed = ending === 'close' ? this.#close() : Promise.resolve()
      await this.#settle(Promise.all([settled, closed]))
      if (ending === 'heal') wrong.push(...(await this.#heal(random)))
      if (ending === 'heal') await this.#settle(this.#close())
      wrong.push(...checkLeftovers(this))
      await this.clock.run({ maxSteps: MAX_STEPS, maxTime: this.#maxTime })
      if (this.network.openSockets !== 0)
        wrong.push(`servers have ${this.network.openSockets} connections left`)
    } catch (error) {
      wrong.push(`${(error as Error).message} (calls not done: ${this.#undone()})`)
    }
    wrong.push(...checkListeners(listeners))
    for (const record of this.records) wrong.push(...checkCall(this, record), ...checkCacheUse(this, record))
    wrong.push(...checkWorld(this), ...checkOrder(this), ...checkLoops(this), ...checkSecrets(this))
    wrong.push(
      ...checkPace(this),
      ...checkTotalPace(this),
      ...checkRates(this),
      ...(this.#pauses?.stop(this.tap) ?? []),
      ...(watcher?.stop(
        this.stages,
        this.records,
        isFirstOnly(this.stages) ? this.options.maxQueued : Infinity,
      ) ?? []),
    )
    return wrong
  }

  async #heal(random: Random): Promise<string[]> {
    const wrong: string[] = []
    this.network.conditions = { latency: [1, 5], buffer: 65_536, bandwidth: Infinity }
    this.network.unbindable.clear()
    this.#proxy.heal()
    this.healedAt = this.clock.now()
    for (const server of this.servers) {
      server.heal(this.#moodOf(random, server, drawRates(random, false), true))
    }
    await this.clock.advance(this.stages.none ? QUIET : STAGED_QUIET, MAX_STEPS)
    wrong.push(...checkQuiet(this))
    const before = this.records.length
    await this.#settle(this.#start(this.#draw(random, false)))
    for (const record of this.records.slice(before)) {
      if (record.outcome?.kind === 'answer' || wasStoredDamaged(this, record)) continue
      wrong.push(`call ${record.spec.id} failed in a healed world: ${String(record.outcome?.error)}`)
    }
    // Revalidations behind the callers' backs may have to wait for their pace, and what is dropped for its rate.
    const rest = this.caps === NO_CAPS ? 50 : QUIET
    await this.clock.advance(this.stages.cache ? STAGED_QUIET : rest, MAX_STEPS)
    wrong.push(...checkQuiet(this))
    return wrong
  }

  /** One phase's calls, numbered on. */
  #draw(random: Random, faulty: boolean): CallSpec[] {
    const calls = drawWorkload(random.fork(), this.#traits(random, faulty), this.#drawn + 1)
    this.#drawn += calls.length
    return narrowCalls(this.narrowing, calls)
  }

  #start(calls: CallSpec[]): Promise<unknown> {
    const done: Promise<void>[] = []
    const records = calls.map((spec) => new CallRecord(spec, (id) => this.tap.readFor(id)))
    this.records.push(...records)
    const mapped = records.filter(({ spec }) => spec.way === 'map')
    done.push(mapCalls(this.client, this.clock, mapped))
    for (const record of records) {
      const { way, at } = record.spec
      if (way === 'map') continue
      const make = way === 'fetch' ? fetchCall : makeCall
      done.push(
        new Promise((resolve) => {
          this.clock.after(at, () => resolve(make(this.client, this.clock, record)))
        }),
      )
    }
    return Promise.all(done)
  }

  #settle(promise: Promise<unknown>): Promise<unknown> {
    return this.clock.settle(promise, { maxSteps: MAX_STEPS, maxTime: this.#maxTime })
  }

  #close(): Promise<void> {
    this.closing = true
    return this.client.close()
  }

  #destroy(): void {
    this.closing = true
    this.client.destroy()
  }

  #undone(): string {
    const ids = this.records.filter((record) => record.doneAt === -1).map((record) => record.spec.id)
    return ids.slice(0, 10).join(', ') || 'none'
  }

  #makeServers(random: Random): SimServer[] {
    const servers: SimServer[] = []
    const count = random.pick([1, 1, 2, 4])
    for (let index = 0; index < count; index++) {
      const tls = random.chance(0.25)
      const place = { host: `host${index}.test`, port: random.pick([tls ? 443 : 80, 8080]), tls }
      // Two origins on one host share its cookies, and nothing else.
      if (index > 0 && random.chance(0.3)) Object.assign(place, { host: 'host0.test', port: 9000 + index })
      const server = new SimServer(place, this.clock, this.book, NO_DEEDS)
      server.listen(this.network)
      servers.push(server)
    }
    return servers
  }

  #moodOf(random: Random, server: SimServer, rates: Rates, calm: boolean): Mood {
    const twists = new Twists(random.fork(), this.stages, this.clock, this.servers, calm)
    return new Mood(random.fork(), narrowRates(this.narrowing, rates), twists, server.tls, calm)
  }

  #traits(random: Random, faulty: boolean): WorkloadTraits {
    const count = random.pick([5, 20, 50])
    return {
      count: faulty ? count : Math.min(count, this.options.maxQueued),
      servers: this.servers,
      stages: this.stages,
      resources: this.resources,
      clientIps:
        !this.stages.clientIps && random.chance(0.3) ? ['', '192.0.2.7', '192.0.2.8', '2001:db8::7'] : [''],
      // Stored answers are to grow old.
      span: random.pick(this.stages.cache ? [0, 2000, 20_000] : [0, 200, 2000]),
      faulty,
      streams: random.chance(0.5),
      bodies: random.chance(0.6),
      aborts: faulty && random.chance(0.4),
      priorities: random.chance(0.3),
      ways: random.chance(0.3),
      mayFetch: faulty || this.options.queueTimeout === 0,
    }
  }
}

function drawOptions(random: Random): WorldOptions {
  return {
    maxConn: random.pick([1, 2, 4, 8, 50]),
    maxConnPerTarget: random.pick([1, 2, 3, 6]),
    maxPipelinedRequests: random.pick([1, 1, 2, 4, 8]),
    prefer: random.pick(['connection', 'connection', 'pipeline'] as const),
    maxQueued: random.chance(0.1) ? 5 : 1000,
    keepAliveTimeout: random.pick([0, 20, 200, 15_000]),
    queueTimeout: random.pick([0, 0, 0, 400]),
    connectTimeout: random.pick([150, 1000]),
    requestTimeout: random.pick([300, 1000]),
    replyTimeout: random.pick([200, 1000]),
    bodyTimeout: random.pick([100, 500]),
    parser: random.pick(['lenient', 'strict'] as const),
  }
}
