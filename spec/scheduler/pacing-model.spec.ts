import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import type { HostOptions, PacingInput } from '../../lib/core/host-settings.ts'
import { Random } from '../../lib/testing/random.ts'
import type { Asked } from './asked.ts'
import { Stand } from './stand.ts'

const FREE = 'free.test'
/** A gap that nobody hits by chance, so that a start too early shows. */
const GAP = 173
const REQUEST = /GET (\S+) HTTP/g

interface Start {
  readonly asked: Asked
  readonly at: number
}

/**
 * A scheduler whose targets are paced, under random users and servers that refuse, reset and are slow.
 * Whatever is written is a start, and is held against what was promised.
 */
class PacedWorld {
  readonly stand: Stand
  readonly wrong: string[] = []
  readonly #random: Random
  readonly #hosts: Record<string, PacingInput>
  readonly #starts = new Map<string, Start[]>()
  readonly #paused = new Map<string, number>()
  readonly #looked = new Map<object, number>()

  constructor(seed: number) {
    const random = new Random(seed)
    this.#random = random
    this.#hosts = {
      'gap.test': { minInterval: GAP },
      'rate.test': { requestsPerInterval: random.int(1, 4), interval: 500 },
      'both.test': { minInterval: 20, requestsPerInterval: 3, interval: 400 },
      'plain.test': {},
      [FREE]: {},
    }
    const hosts: Record<string, HostOptions> = {}
    for (const [host, pacing] of Object.entries(this.#hosts)) hosts[host] = { pacing }
    const options = {
      maxConn: random.pick([3, 6, 30]),
      maxConnPerTarget: random.pick([1, 3]),
      maxPipelinedRequests: random.pick([1, 1, 4]),
      keepAliveTimeout: random.pick([0, 300, 15_000]),
    }
    this.stand = new Stand(options, hosts)
    this.stand.clock.chance = () => random.next()
  }

  step(): void {
    const { stand } = this
    const random = this.#random
    const busy = stand.openWires.filter((wire) => wire.load > 0)
    const pending = stand.asked.filter((asked) => !asked.done)
    const fate = random.int(0, 9)
    if (fate < 3) this.#submit()
    else if (fate === 3 && pending.length > 0) random.pick(pending).cancel()
    else if (fate < 6) for (const wire of stand.dialling) wire.open()
    else if (fate === 6 && stand.dialling.length > 0) random.pick(stand.dialling).fail('refused')
    else if (fate === 7 && busy.length > 0) random.pick(busy).fail('reset')
    else if (busy.length > 0) this.#answer(random.pick(busy))
    stand.turn()
    this.look()
    for (let left = random.pick([0, 0, 20, 200, 1_000]); left > 0; left -= 5) {
      stand.clock.advance(5)
      this.look()
    }
  }

  /** From now on all is answered, and everything must settle. */
  finish(): void {
    const { stand } = this
    for (let round = 0; round < 3_000 && stand.asked.some((asked) => !asked.done); round++) {
      stand.serve()
      this.look()
      stand.clock.advance(50)
    }
    const left = stand.asked.filter((asked) => !asked.done)
    if (left.length > 0) this.wrong.push(`never settled: ${left.map((asked) => asked.x.path).join(' ')}`)
    stand.finish()
  }

  #submit(): void {
    const host = this.#random.pick(Object.keys(this.#hosts))
    for (let count = this.#random.int(1, 4); count > 0; count--) this.stand.submit({ host })
  }

  #answer(wire: Stand['wires'][number]): void {
    const { host } = wire.options
    if (host === FREE || this.#random.chance(0.7)) {
      wire.answer()
      return
    }
    const before = this.stand.target(host).paused
    const field = this.#random.pick(['', 'Retry-After: 1\r\n', 'Retry-After: 0\r\n'])
    wire.refuse(this.#random.pick([429, 503]), field)
    const { paused } = this.stand.target(host)
    const asked = field === 'Retry-After: 1\r\n' ? 1_000 : 0
    if (before > 0 && paused > Math.max(before, asked)) this.wrong.push(`the pause of ${host} was prolonged`)
    this.#paused.set(host, this.stand.clock.now() + paused)
  }

  /** Takes note of what was written since the last time, and of who waits for nothing. */
  look(): void {
    const now = this.stand.clock.now()
    const news: Start[] = []
    for (const wire of this.stand.wires) {
      const from = this.#looked.get(wire) ?? 0
      if (from === wire.written.length) continue
      this.#looked.set(wire, wire.written.length)
      for (const [, path] of wire.written.slice(from).matchAll(REQUEST)) {
        const asked = this.stand.asked.find((each) => each.x.path === path)!
        // Sent again meanwhile, or back in the queue: that time is seen then.
        if (asked.x.flight !== null) news.push({ asked, at: asked.x.flight.sentAt })
      }
    }
    for (const start of news.toSorted((one, other) => one.at - other.at || place(one) - place(other))) {
      this.#note(start)
    }
    const { options } = this.stand
    const waiting = this.stand.asked.some((asked) => isWaiting(asked, FREE))
    const room = this.stand.network.open < options.maxConn && (this.stand.network.openTo.get(FREE) ?? 0) === 0
    if (waiting && room && !this.#isDialPaused(now)) this.wrong.push(`${FREE} waits for others at ${now}`)
  }

  #isDialPaused(now: number): boolean {
    return now < (this.stand.network.lastFailure.get(FREE) ?? -Infinity) + LIMITS.dialPause + 30
  }

  #note(start: Start): void {
    const { asked, at } = start
    const { host } = asked.x.target
    const { path } = asked.x
    const starts = this.#starts.get(host) ?? []
    this.#starts.set(host, starts)
    const { minInterval = 0, requestsPerInterval = Infinity, interval = 0 } = this.#hosts[host]!
    const last = starts.at(-1)
    if (last !== undefined && at < last.at + minInterval) {
      this.wrong.push(`${host}: ${path} at ${at}, ${at - last.at} ms after the one before it`)
    }
    const crowd = starts.at(-requestsPerInterval)
    if (requestsPerInterval < Infinity && crowd !== undefined && at < crowd.at + interval) {
      this.wrong.push(`${host}: ${path} at ${at} is one too many since ${crowd.at}`)
    }
    if (at < (this.#paused.get(host) ?? 0)) this.wrong.push(`${host}: ${path} at ${at}, in a pause`)
    const overtaken = starts.find((each) => place(each) > place(start))
    if (overtaken !== undefined && asked.x.attempt === 1) {
      this.wrong.push(`${path} was overtaken by ${overtaken.asked.x.path}`)
    }
    starts.push(start)
  }
}

function place(start: Start): number {
  return Number(start.asked.x.path.slice(1))
}

function isWaiting(asked: Asked, host: string): boolean {
  return asked.x.target.host === host && !asked.done && asked.x.progress === 'waiting'
}

describe('paced targets under random operations: no start too early, none in a pause, none out of order', () => {
  it.each([1, 51, 101, 151])('seeds from %i, fifty', (first) => {
    const failures: string[] = []
    for (let seed = first; seed < first + 50; seed++) {
      const world = new PacedWorld(seed)
      for (let step = 0; step < 100; step++) world.step()
      world.finish()
      if (world.wrong.length > 0) failures.push(`seed ${seed}: ${world.wrong.slice(0, 3).join('; ')}`)
    }
    expect(failures).toEqual([])
  })
})
