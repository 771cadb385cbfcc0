import { describe, expect, it } from 'vitest'
import { ClosedError } from '../../lib/core/errors.ts'
import { Stand } from './stand.ts'

/** Closes, and says whether that has come to its end. */
function close(stand: Stand): { done: boolean } {
  const state = { done: false }
  const watch = async (): Promise<void> => {
    await stand.scheduler.close()
    state.done = true
  }
  void watch()
  return state
}

function destroy(stand: Stand): void {
  stand.scheduler.destroy(() => new ClosedError('over'))
  stand.turn()
}

describe('close()', () => {
  it('resolves at once when there is nothing, also the second time', async () => {
    const stand = new Stand()
    await stand.scheduler.close()
    await stand.scheduler.close()
    expect(stand.network.closed).toBe(true)
    expect(() => stand.submit()).toThrow(ClosedError)
    stand.finish()
  })

  it('finishes what waits and what is in flight, takes nothing new, and lets idle connections go', async () => {
    const stand = new Stand({ maxConnPerTarget: 1 })
    const idle = stand.warm('b.test')
    stand.askMany(3)
    const wire = stand.wires[1]!.open()
    const closed = close(stand)
    expect(idle.alive).toBe(false)
    expect(() => stand.submit()).toThrow(ClosedError)
    wire.answer().answer()
    await stand.settle()
    expect(closed.done).toBe(false)
    wire.answer()
    await stand.settle()
    expect(closed.done).toBe(true)
    expect(stand.asked.every((asked) => asked.answered)).toBe(true)
    stand.expectNothingLeft()
  })

  it('resolves each of several times', async () => {
    const stand = new Stand()
    stand.ask()
    const all = [close(stand), close(stand), close(stand)]
    stand.serve()
    await stand.settle()
    expect(all.map(({ done }) => done)).toEqual([true, true, true])
    stand.expectNothingLeft()
  })

  it('lets those in line have their turn', async () => {
    const stand = new Stand({ maxConn: 2 })
    for (let host = 0; host < 20; host++) stand.submit({ host: `h${host}.test` })
    stand.turn()
    const closed = close(stand)
    stand.serve()
    await stand.settle()
    expect(closed.done).toBe(true)
    expect(stand.asked.every((asked) => asked.answered)).toBe(true)
    stand.expectNothingLeft()
  })

  it('drops a dial that nobody waits for', async () => {
    const stand = new Stand()
    stand.ask({ connectTimeout: 0 }).cancel()
    const closed = close(stand)
    await stand.settle()
    expect(closed.done).toBe(true)
    stand.expectNothingLeft()
  })

  it('drops a dial that nobody waits for from then on', async () => {
    const stand = new Stand()
    const wire = stand.warm()
    stand.askMany(2, { connectTimeout: 0 })
    const closed = close(stand)
    wire.answer().answer()
    await stand.settle()
    expect(closed.done).toBe(true)
    stand.expectNothingLeft()
  })

  it('does not wait for an idle connection that is of no use to who waits', async () => {
    const stand = new Stand({ maxConn: 2, keepAliveTimeout: 0 })
    const old = stand.warm()
    stand.askMany(2)
    stand.wires[1]!.open().fail('reset')
    const closed = close(stand)
    old.answer()
    stand.wires[2]!.open().answer()
    await stand.settle()
    expect(closed.done).toBe(true)
    stand.expectNothingLeft()
  })

  it('fails those whose dial fails meanwhile', async () => {
    const stand = new Stand()
    const asked = stand.ask()
    const closed = close(stand)
    stand.wires[0]!.fail('refused')
    await stand.settle()
    expect(asked.error?.code).toBe('ERR_CONNECT_TCP')
    expect(closed.done).toBe(true)
    stand.expectNothingLeft()
  })

  it('is not held up by what was cancelled in flight, for longer than mutedTimeout', async () => {
    const stand = new Stand()
    const asked = stand.ask()
    stand.wires[0]!.open()
    asked.cancel()
    const closed = close(stand)
    stand.clock.advance(1_100)
    await stand.settle()
    expect(closed.done).toBe(true)
    stand.expectNothingLeft()
  })

  it('asks each reader whose connection it waits for', () => {
    const stand = new Stand()
    const asked = stand.ask({ streamed: true })
    asked.takes = false
    const wire = stand.wires[0]!.open().data('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc')
    expect(wire.paused).toBe(true)
    close(stand)
    expect(asked.closingHeard).toBe(1)
    asked.cancel()
    stand.turn()
    expect(wire.paused).toBe(false)
    stand.finish()
  })
})

describe('destroy()', () => {
  it('dials nothing for those who stand in line', () => {
    const stand = new Stand({ maxConn: 1 })
    for (let host = 0; host < 50; host++) stand.submit({ host: `h${host}.test` })
    stand.turn()
    destroy(stand)
    expect(stand.wires).toHaveLength(1)
    stand.expectNothingLeft()
  })

  it.each<[string, (stand: Stand) => void]>([
    ['with nothing', () => undefined],
    ['before the first tick', (stand) => stand.submit()],
    ['while it dials', (stand) => stand.ask()],
    ['with an idle connection', (stand) => stand.warm()],
    [
      'with an idle connection that is about to be read once more',
      (stand) => {
        stand.warm()
        stand.clock.block(100)
        stand.submit()
      },
    ],
    [
      'in the middle of a head',
      (stand) => {
        stand.ask()
        stand.wires[0]!.open().data('HTTP/1.1 200 O')
      },
    ],
    [
      'in the middle of a body that nobody reads',
      (stand) => {
        stand.ask({ streamed: true }).takes = false
        stand.wires[0]!.open().data('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc')
      },
    ],
    [
      'with a pipeline whose front is cancelled',
      (stand) => {
        stand.warm()
        stand.askMany(4)[0]!.cancel()
      },
    ],
    [
      'while a connection drains',
      (stand) => {
        stand.warm()
        stand.askMany(4)
        stand.ask({ host: 'b.test', priority: 1 })
        stand.wires[0]!.answer()
      },
    ],
    ['with more waiting than it may serve', (stand) => stand.askMany(1_000, { queueTimeout: 5_000 })],
  ])('leaves nothing %s', (_, prepare) => {
    const stand = new Stand({ maxConn: 1, maxConnPerTarget: 1, maxPipelinedRequests: 4 })
    prepare(stand)
    destroy(stand)
    stand.expectNothingLeft()
    destroy(stand)
    stand.expectNothingLeft()
    expect(stand.asked.every((asked) => asked.done)).toBe(true)
  })

  it('leaves no timer of a target that does not dial for a while', () => {
    const stand = new Stand()
    stand.warm()
    stand.askMany(2)
    stand.wires[1]!.fail('refused')
    expect(stand.target().waiting).toBe(1)
    destroy(stand)
    stand.expectNothingLeft()
  })

  it('gives each its own error', () => {
    const stand = new Stand({ maxConnPerTarget: 1, maxPipelinedRequests: 4 })
    stand.warm()
    const all = stand.askMany(10)
    destroy(stand)
    expect(new Set(all.map(({ error }) => error)).size).toBe(10)
    expect(all.map(({ error }) => error?.code)).toEqual(Array.from({ length: 10 }, () => 'ERR_CLOSED'))
    stand.expectNothingLeft()
  })

  it('ends a close() that was waiting', async () => {
    const stand = new Stand()
    stand.ask()
    const closed = close(stand)
    destroy(stand)
    await stand.settle()
    expect(closed.done).toBe(true)
    stand.expectNothingLeft()
  })

  it('reaches what comes back to its pool because somebody cancelled on hearing of it', () => {
    const stand = new Stand({ maxConnPerTarget: 2, maxPipelinedRequests: 4 })
    stand.warm()
    const [first] = stand.askMany(2)
    const second = stand.wires[1]!.open().answer()
    const pipelined = stand.askMany(3)
    expect(second.load).toBeGreaterThan(1)
    const front = stand.asked.find((asked) => asked.x.path === second.paths[second.answered])!
    // Half an answer, too long to be dropped: cancelling it ends its connection.
    second.data('HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\nabc')
    first!.onSettled = () => front.cancel()
    destroy(stand)
    expect(pipelined.every(({ done }) => done)).toBe(true)
    stand.expectNothingLeft()
  })
})
