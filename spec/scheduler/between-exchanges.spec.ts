import { describe, expect, it } from 'vitest'
import { ClosedError } from '../../lib/core/errors.ts'
import { Asked } from './asked.ts'
import { Stand } from './stand.ts'

/** Whether it is over by now. */
function watch(closed: Promise<void>): { over: boolean } {
  const state = { over: false }
  void closed.then(() => (state.over = true))
  return state
}

describe('a call between two exchanges', () => {
  it('keeps the process alive, and close() waiting, until it is over', async () => {
    const stand = new Stand()
    stand.scheduler.retain()
    stand.scheduler.retain()
    expect(stand.clock.holds).toBe(1)
    const closing = watch(stand.scheduler.close())
    stand.scheduler.release()
    await stand.settle()
    expect([closing.over, stand.network.closed, stand.clock.holds]).toEqual([false, false, 1])
    stand.scheduler.release()
    await stand.settle()
    expect([closing.over, stand.network.closed]).toEqual([true, true])
    stand.expectNothingLeft()
  })

  it('may submit while the client closes, others may not; close() waits for that too', async () => {
    const stand = new Stand()
    stand.scheduler.retain()
    const closing = watch(stand.scheduler.close())
    const next = new Asked({}, '/next')
    expect(() => stand.submit()).toThrow(ClosedError)
    stand.scheduler.submit(next.x, true)
    stand.scheduler.release()
    await stand.settle()
    expect(closing.over).toBe(false)
    stand.wires[0]!.open().answer()
    await stand.settle()
    expect([next.answered, closing.over]).toEqual([true, true])
    stand.expectNothingLeft()
  })

  it.each(['destroy', 'close'] as const)('may not submit after %s is done', async (how) => {
    const stand = new Stand()
    if (how === 'close') await stand.scheduler.close()
    else stand.scheduler.destroy(() => new ClosedError('over'))
    expect(() => stand.scheduler.submit(new Asked({}, '/late').x, true)).toThrow(ClosedError)
    stand.expectNothingLeft()
  })

  it('may not submit in the middle of destroy', () => {
    const stand = new Stand()
    const [first, second] = stand.askMany(2)
    let error: unknown = null
    first!.onSettled = () => {
      try {
        stand.scheduler.submit(new Asked({}, '/again').x, true)
      } catch (caught) {
        error = caught
      }
    }
    stand.scheduler.destroy(() => new ClosedError('over'))
    stand.turn()
    expect(error).toBeInstanceOf(ClosedError)
    expect(second!.error).toBeInstanceOf(ClosedError)
    stand.expectNothingLeft()
  })

  it('finds room in a full queue, and counts as one that waits', () => {
    const stand = new Stand({ maxQueued: 2, maxConn: 1 })
    stand.warm()
    stand.ask()
    stand.scheduler.retain()
    stand.ask()
    expect(() => stand.submit()).toThrow(/maxQueued = 2/)
    stand.scheduler.submit(new Asked({}, '/next').x, true)
    stand.scheduler.release()
    expect(() => stand.submit()).toThrow(/maxQueued = 2/)
    stand.finish()
  })
})

describe('the load of a client IP', () => {
  it('is what waits or is in flight from it, over all targets', () => {
    const stand = new Stand({ maxConnPerTarget: 1, maxPipelinedRequests: 2 })
    const clientIp = '192.0.2.1'
    const load = (): number => stand.scheduler.loadOf(clientIp)
    expect(load()).toBe(0)
    stand.ask({ clientIp })
    const wire = stand.wires[0]!.open().answer()
    expect(load()).toBe(0)
    const [, , waiting] = stand.askMany(3, { clientIp })
    stand.ask({ clientIp, host: 'b.test' })
    stand.ask({ clientIp: '192.0.2.2' })
    expect(load()).toBe(4)
    waiting!.cancel()
    expect(load()).toBe(3)
    wire.answer()
    expect(load()).toBe(2)
    // Sent again: still one.
    wire.fail('reset')
    expect(load()).toBe(2)
    stand.wires.at(-1)!.open()
    stand.asked[2]!.cancel()
    expect(load()).toBe(1)
    stand.wires[1]!.fail('refused')
    expect(load()).toBe(0)
    stand.ask({ clientIp })
    stand.finish()
    expect(load()).toBe(0)
  })
})
