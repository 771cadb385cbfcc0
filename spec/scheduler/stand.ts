import { assert } from 'vitest'
import { ClosedError } from '../../lib/core/errors.ts'
import { HostSettings, type HostOptions } from '../../lib/core/host-settings.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import type { Target } from '../../lib/core/target.ts'
import type { DialOptions } from '../../lib/net/network.ts'
import { Scheduler, type SchedulerOptions, type TargetStats } from '../../lib/scheduler/scheduler.ts'
import { Asked, type Wish } from './asked.ts'
import { HandNetwork, type HandWire } from './hand-network.ts'
import { TurnClock } from './turn-clock.ts'

export const DEFAULTS: SchedulerOptions = {
  maxConn: LIMITS.maxConn,
  maxConnPerTarget: LIMITS.maxConnPerTarget,
  maxPipelinedRequests: LIMITS.maxPipelinedRequests,
  prefer: 'connection',
  maxQueued: LIMITS.maxQueued,
  keepAliveTimeout: LIMITS.keepAliveTimeout,
  maxHeadSize: LIMITS.maxHeadSize,
  parser: 'lenient',
}

/** A scheduler with a clock and a network worked by hand. Hosts whose names begin with `tls.` speak TLS. */
export class Stand {
  readonly clock = new TurnClock()
  readonly network = new HandNetwork(this.clock)
  readonly options: SchedulerOptions
  readonly scheduler: Scheduler
  readonly asked: Asked[] = []
  /** Pools made so far. */
  pools = 0

  constructor(
    options: Partial<SchedulerOptions & HostOptions> = {},
    hosts: Record<string, HostOptions> = {},
  ) {
    const { pacing, ...others } = options
    this.options = { ...DEFAULTS, ...others }
    const settings = new HostSettings({ ...this.options, pacing }, hosts)
    const makeDial = (target: Target): DialOptions => {
      this.pools++
      const { host, port, clientIp, key } = target
      return { host, port, clientIp, tls: host.startsWith('tls.') ? {} : null, sessionKey: key }
    }
    this.scheduler = new Scheduler(this.options, this.clock, this.network, makeDial, (target) =>
      settings.of(target.host),
    )
  }

  /** All dials so far. */
  get wires(): HandWire[] {
    return this.network.wires
  }

  /** The dials that are neither open nor over. */
  get dialling(): HandWire[] {
    return this.wires.filter((wire) => wire.state === 'dialling')
  }

  get openWires(): HandWire[] {
    return this.wires.filter((wire) => wire.state === 'open')
  }

  /** Submits; nothing happens before the tick ends. */
  submit(wish: Wish = {}): Asked {
    const asked = new Asked(wish, wish.path ?? `/${this.asked.length}`)
    // As a call does.
    asked.onHeadHeard = () => {
      const { status, headers } = asked.head!
      const retryAfter = Number(headers.get('retry-after') ?? -0.001) * 1_000
      this.scheduler.refused(asked.x.target, status, retryAfter, asked.x.flight!.sentAt)
    }
    this.scheduler.submit(asked.x)
    this.asked.push(asked)
    return asked
  }

  /** Submits, and ends the tick. */
  ask(wish: Wish = {}): Asked {
    const asked = this.submit(wish)
    this.turn()
    return asked
  }

  /** `count` of the same, in one tick. */
  askMany(count: number, wish: Wish = {}): Asked[] {
    const all = Array.from({ length: count }, () => this.submit(wish))
    this.turn()
    return all
  }

  /** One connection to `host`, open, idle, and proven by one answer. */
  warm(host = 'a.test', fields = ''): HandWire {
    const before = this.wires.length
    this.ask({ host })
    const wire = this.wires[before]!
    return wire.open().answer(fields)
  }

  /** `count` connections to `host`, open, idle, and proven. */
  warmMany(count: number, host = 'a.test'): HandWire[] {
    const before = this.wires.length
    this.askMany(count, { host })
    const wires = this.wires.slice(before)
    assert.equal(wires.length, count)
    for (const wire of wires) wire.open()
    for (const wire of wires) wire.answer()
    return wires
  }

  turn(): void {
    this.clock.turn()
  }

  /** Lets promises that are due settle, too: bodies are sent by them. */
  async settle(): Promise<void> {
    for (let round = 0; round < 10; round++) {
      await new Promise<void>((resolve) => {
        setImmediate(resolve)
      })
      this.turn()
    }
  }

  target(host = 'a.test', clientIp = ''): TargetStats {
    const key = `http://${host}${clientIp === '' ? '' : ` from ${clientIp}`}`
    const found = this.scheduler.stats().targets.find((each) => each.target === key)
    assert(found !== undefined, `${host} is not in stats()`)
    return found
  }

  /** Opens every dial and answers every request until nothing is left to do. */
  serve(): void {
    this.turn()
    for (let round = 0; round < 100_000; round++) {
      const wire = this.wires.find(
        (each) => each.state === 'dialling' || (each.state === 'open' && each.load > 0),
      )
      if (wire === undefined) return
      if (wire.state === 'dialling') wire.open()
      else wire.answer('', wire.load)
    }
    assert.fail('serving does not come to an end')
  }

  /** Destroys the scheduler; then everything has ended once, and nothing is left anywhere. */
  finish(): void {
    this.scheduler.destroy(() => new ClosedError('the spec is over'))
    this.turn()
    this.expectNothingLeft()
  }

  expectNothingLeft(): void {
    const { waiting, connections, inFlight } = this.scheduler.stats()
    const { open } = this.network
    assert.deepEqual(
      { waiting, connections, inFlight, pending: this.clock.pending, open, holds: this.clock.holds },
      { waiting: 0, connections: 0, inFlight: 0, pending: 0, open: 0, holds: 0 },
    )
    assert.equal(this.scheduler.wheel.size, 0, 'timers are left')
    assert.deepEqual(this.network.violations, [])
    const wrong = this.asked.filter((asked) => asked.ends !== (asked.cancelled ? 0 : 1))
    assert.deepEqual(
      wrong.map((asked) => `${asked.x.path} ended ${asked.ends} times`),
      [],
    )
  }
}
