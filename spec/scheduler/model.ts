import { LIMITS } from '../../lib/core/limits.ts'
import type { SchedulerOptions } from '../../lib/scheduler/scheduler.ts'
import type { Random } from '../../lib/testing/random.ts'
import type { Asked } from './asked.ts'
import { answerTo, type HandWire } from './hand-network.ts'
import { Stand } from './stand.ts'

const REQUEST = /([A-Z]+) (\S+) HTTP\/1\.1\r\n/g
/** Longer than a dial pause and every timeout drawn below. */
const LONG = 5_000

/**
 * A scheduler under random operations of its users and its servers, from a seed. After each step it
 * is asked whether everything still holds; at the end all servers behave and everything must settle.
 */
export class Model {
  readonly stand: Stand
  readonly #random: Random
  readonly #hosts: string[]
  /** What is left to send of an answer that was begun. */
  readonly #rest = new Map<HandWire, string>()
  /** Times that each path was written. */
  readonly #sent = new Map<string, number>()
  /** Wires by how much of what was written on them has been looked at. */
  readonly #looked = new Map<HandWire, number>()
  /** The last that was written of each host and priority. */
  readonly #order = new Map<string, number>()

  constructor(random: Random) {
    this.#random = random
    const options: Partial<SchedulerOptions> = {
      maxConn: random.pick([1, 2, 3, 5, 20]),
      maxConnPerTarget: random.pick([1, 2, 3]),
      maxPipelinedRequests: random.pick([1, 1, 2, 4]),
      prefer: random.pick(['connection', 'pipeline'] as const),
      keepAliveTimeout: random.pick([0, 500, 15_000]),
      maxQueued: random.chance(0.1) ? 5 : 1_000,
    }
    this.stand = new Stand(options)
    const count = random.pick([1, 2, 3, 8])
    this.#hosts = Array.from({ length: count }, (_, place) => `h${place}.test`)
  }

  /** One operation; says which. */
  step(): string {
    const random = this.#random
    const stand = this.stand
    const busy = stand.openWires.filter((wire) => this.#isBusy(wire))
    const idle = stand.openWires.filter((wire) => !this.#isBusy(wire))
    const open = random.chance(0.5) ? busy : stand.openWires
    switch (random.int(0, 15)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return this.#submit()
      case 4:
        return this.#cancel()
      case 5:
      case 6:
        return this.#on('open', stand.dialling, (wire) => wire.open())
      case 7:
        return this.#on('refuse', stand.dialling, (wire) => wire.fail('refused'))
      case 8:
      case 9:
      case 10:
        return this.#on('answer', busy, (wire) => this.#answer(wire))
      case 11:
        return this.#on('reset', random.chance(0.5) ? open : [], (wire) => wire.fail('reset'))
      case 12:
        return this.#on('fin', random.chance(0.5) ? open : [], (wire) => wire.fin())
      case 13:
        return this.#on('unasked bytes', random.chance(0.3) ? idle : [], (wire) =>
          wire.data(answerTo('/lie')),
        )
      case 14: {
        const ms = random.pick([1, 50, 300, LONG])
        stand.clock.advance(ms)
        return `advance ${ms}`
      }
      default: {
        stand.clock.block(random.int(1, 200))
        stand.clock.advance(0)
        return 'block'
      }
    }
  }

  /** Everything that does not hold at the moment; [] is the wanted answer. */
  check(): string[] {
    const { stand } = this
    const { network, options } = stand
    this.#look()
    const wrong = [...network.violations]
    if (network.open > options.maxConn) wrong.push(`${network.open} connections of ${options.maxConn}`)
    for (const host of this.#hosts) wrong.push(...this.#checkHost(host))
    for (const wire of stand.openWires) {
      if (wire.load > options.maxPipelinedRequests) wrong.push(`${wire.load} in flight on one connection`)
    }
    const stats = stand.scheduler.stats()
    if (stats.connections !== network.open) wrong.push(`stats() says ${stats.connections} connections`)
    const pending = stand.asked.filter((asked) => !asked.done).length
    const muted = stand.asked.filter(
      (asked) => asked.cancelled && asked.x.holder !== null && asked.x.progress !== 'waiting',
    )
    const known = stats.waiting + stats.inFlight
    if (known < pending || known > pending + muted.length) {
      wrong.push(`${pending} are not done, but ${stats.waiting} wait and ${stats.inFlight} are in flight`)
    }
    for (const asked of stand.asked) {
      if (asked.ends > 0 && asked.error === null && asked.body !== asked.x.path) {
        wrong.push(`${asked.x.path} was given ${JSON.stringify(asked.body)}`)
      }
    }
    return wrong
  }

  /** From now on all is well; then nothing may be left, and nobody unsettled. */
  finish(): string[] {
    const { stand } = this
    for (const [wire, text] of this.#rest) if (wire.state === 'open') wire.data(text)
    this.#rest.clear()
    stand.clock.advance(LIMITS.dialPause)
    stand.serve()
    stand.clock.advance(LONG)
    stand.serve()
    const wrong = this.check()
    const undone = stand.asked.filter((asked) => !asked.done)
    if (undone.length > 0) wrong.push(`never settled: ${undone.map((asked) => asked.x.path).join(' ')}`)
    const { waiting, inFlight } = stand.scheduler.stats()
    if (waiting + inFlight > 0) wrong.push(`${waiting} wait and ${inFlight} are in flight at the end`)
    void stand.scheduler.close()
    stand.turn()
    if (stand.network.open > 0) wrong.push(`close() leaves ${stand.network.open} connections`)
    if (stand.clock.pending > 0) wrong.push(`${stand.clock.pending} timers are left`)
    return wrong
  }

  // --- what happens ----------------------------------------------------------------------------

  #submit(): string {
    const random = this.#random
    const count = random.pick([1, 1, 1, 3, 8])
    for (let times = 0; times < count; times++) {
      try {
        this.stand.submit({
          host: random.pick(this.#hosts),
          method: random.pick(['GET', 'GET', 'GET', 'POST']),
          priority: random.chance(0.2) ? random.int(-1, 1) : 0,
          queueTimeout: random.chance(0.1) ? 200 : 0,
          replyTimeout: random.chance(0.2) ? 400 : 60_000,
          connectTimeout: random.pick([250, 10_000]),
          closes: random.chance(0.05),
        })
      } catch (error) {
        if (!(error as Error).message.includes('maxQueued')) throw error
      }
    }
    this.stand.turn()
    return `submit ${count}`
  }

  #cancel(): string {
    const pending = this.stand.asked.filter((asked) => !asked.done)
    if (pending.length === 0) return 'nothing to cancel'
    const asked = this.#random.pick(pending)
    asked.cancel()
    this.stand.turn()
    return `cancel ${asked.x.path}`
  }

  #on(name: string, wires: HandWire[], act: (wire: HandWire) => void): string {
    if (wires.length === 0) return `nothing to ${name}`
    const wire = this.#random.pick(wires)
    act(wire)
    return `${name} #${this.stand.wires.indexOf(wire) + 1}`
  }

  /** Whether an answer is due on it, or the rest of one. */
  #isBusy(wire: HandWire): boolean {
    return wire.load > 0 || this.#rest.has(wire)
  }

  /** All of an answer or a part of it, or of several; what is left comes first the next time. */
  #answer(wire: HandWire): void {
    const random = this.#random
    let text = this.#rest.get(wire) ?? ''
    this.#rest.delete(wire)
    if (text === '') {
      const count = random.int(1, wire.load)
      for (const path of wire.paths.slice(wire.answered, wire.answered + count)) {
        const fields = random.pick([
          '',
          '',
          '',
          '',
          'Connection: close\r\n',
          'Keep-Alive: timeout=2, max=3\r\n',
        ])
        text += answerTo(path, fields)
        wire.answered++
        if (fields.startsWith('Conn')) break
      }
      if (random.chance(0.1)) text = `HTTP/1.1 103 Early Hints\r\n\r\n${text}`
    }
    const cut = random.chance(0.3) ? random.int(1, text.length) : text.length
    if (cut < text.length) this.#rest.set(wire, text.slice(cut))
    wire.data(text.slice(0, cut))
  }

  // --- what must hold --------------------------------------------------------------------------

  /** Nobody waits while there is room for him. */
  #checkHost(host: string): string[] {
    const { stand } = this
    const { options, network, clock } = stand
    const wrong: string[] = []
    const open = network.openTo.get(host) ?? 0
    if (open > options.maxConnPerTarget) wrong.push(`${open} connections to ${host}`)
    const waiting = stand.asked.filter((asked) => asked.x.target.host === host && isWaiting(asked))
    const dialling = stand.dialling.filter((wire) => wire.options.host === host).length
    const paused = clock.now() < (network.lastFailure.get(host) ?? -Infinity) + LIMITS.dialPause + 30
    if (waiting.length <= dialling || paused) return wrong
    if (open < options.maxConnPerTarget && network.open < options.maxConn) {
      wrong.push(`${waiting.length} wait for ${host}, and nobody dials`)
    }
    const idle = stand.openWires.filter((wire) => !this.#isBusy(wire))
    if (idle.some((wire) => wire.options.host === host))
      wrong.push(`somebody waits for ${host}, and it is idle`)
    else if (open < options.maxConnPerTarget && idle.length > 0) {
      wrong.push(`somebody waits for ${host}, and another target's connection is idle`)
    }
    return wrong
  }

  /** Looks at what was written since the last time. */
  #look(): void {
    const last = new Map(this.#order)
    for (const wire of this.stand.wires) {
      const from = this.#looked.get(wire) ?? 0
      if (from === wire.written.length) continue
      this.#looked.set(wire, wire.written.length)
      for (const [, method, path] of wire.written.slice(from).matchAll(REQUEST))
        this.#note(method!, path!, last)
    }
  }

  #note(method: string, path: string, last: ReadonlyMap<string, number>): void {
    const times = (this.#sent.get(path) ?? 0) + 1
    this.#sent.set(path, times)
    if (times > 1) {
      if (method === 'POST') this.stand.network.violations.push(`POST ${path} was written twice`)
      return
    }
    const { x } = this.stand.asked.find((asked) => asked.x.path === path)!
    const key = `${x.target.host} ${x.request.priority}`
    const place = Number(path.slice(1))
    const before = last.get(key) ?? -1
    if (place < before) this.stand.network.violations.push(`${path} was overtaken by /${before}`)
    this.#order.set(key, Math.max(place, this.#order.get(key) ?? -1))
  }
}

function isWaiting(asked: Asked): boolean {
  return !asked.done && asked.x.progress === 'waiting'
}
