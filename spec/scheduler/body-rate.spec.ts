import { describe, expect, it } from 'vitest'
import { Stand } from './stand.ts'

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n'
/** 100 bytes in each second. */
const RATE = { minBodyRate: 100, minBodyRateWindow: 1_000, bodyTimeout: 0 }

/** Sends `bytes` every `gap` ms for `time` ms. */
function drip(stand: Stand, bytes: number, gap: number, time: number): void {
  for (let passed = 0; passed < time; passed += gap) {
    stand.clock.advance(gap)
    stand.wires[0]!.data('x'.repeat(bytes))
  }
}

describe('minBodyRate', () => {
  it('ends a body that comes more slowly over a whole window', () => {
    const stand = new Stand()
    const asked = stand.ask(RATE)
    stand.wires[0]!.open().data(HEAD)
    drip(stand, 9, 100, 900)
    expect(asked.done).toBe(false)
    stand.clock.advance(130)
    expect(asked.error).toMatchObject({
      code: 'ERR_TIMEOUT_BODY',
      limit: 1_000,
      message:
        '81 bytes of the body came in 1000 ms (minBodyRateWindow): fewer than 100 a second (minBodyRate)',
    })
    expect(stand.wires[0]!.state).toBe('destroyed')
    stand.finish()
  })

  it('judges each window by itself: a quick start does not pay for what follows', () => {
    const stand = new Stand()
    const asked = stand.ask(RATE)
    stand.wires[0]!.open().data(HEAD).data('x'.repeat(50_000))
    drip(stand, 1, 100, 1_000)
    expect(asked.done).toBe(false)
    drip(stand, 1, 100, 900)
    stand.clock.advance(130)
    expect(asked.error?.code).toBe('ERR_TIMEOUT_BODY')
    stand.finish()
  })

  it('lets a body pass that keeps to it, in whatever pieces', () => {
    const stand = new Stand()
    const asked = stand.ask(RATE)
    stand.wires[0]!.open().data(HEAD)
    for (let n = 0; n < 20; n++) drip(stand, 120, 900, 900)
    expect(asked.done).toBe(false)
    expect(asked.body.length).toBe(20 * 120)
    asked.cancel()
    stand.clock.advance(5_000)
    stand.finish()
  })

  it('finds silence, too', () => {
    const stand = new Stand()
    const asked = stand.ask(RATE)
    stand.wires[0]!.open().data(HEAD)
    stand.clock.advance(1_030)
    expect(asked.error?.message).toContain('0 bytes of the body came')
    stand.finish()
  })

  it('does not count the time in which nobody reads', () => {
    const stand = new Stand()
    const asked = stand.ask({ ...RATE, streamed: true })
    const wire = stand.wires[0]!.open().data(HEAD)
    drip(stand, 9, 100, 500)
    asked.takes = false
    wire.data('x')
    expect(wire.paused).toBe(true)
    stand.clock.advance(60_000)
    expect(asked.done).toBe(false)
    asked.takes = true
    asked.x.holder!.resume(asked.x)
    // The window goes on where it stood: half of it is left.
    stand.clock.advance(470)
    expect(asked.done).toBe(false)
    stand.clock.advance(60)
    expect(asked.error?.message).toContain('46 bytes of the body came in 1000 ms')
    stand.finish()
  })

  it('begins anew with each answer on a connection, and ends with it', () => {
    const stand = new Stand()
    for (let n = 0; n < 5; n++) {
      const asked = stand.ask({ ...RATE, path: '/12345' })
      if (n === 0) stand.wires[0]!.open()
      stand.wires[0]!.data('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n')
      stand.clock.advance(900)
      stand.wires[0]!.data('/12345')
      stand.wires[0]!.answered++
      expect(asked.answered).toBe(true)
      stand.clock.advance(2_000)
    }
    expect(stand.wires).toHaveLength(1)
    stand.finish()
  })

  it('is not asked of an answer that is read only to be dropped', () => {
    const stand = new Stand()
    const asked = stand.ask({ ...RATE, minBodyRateWindow: 200 })
    const wire = stand.wires[0]!.open().data('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n')
    asked.cancel()
    stand.clock.advance(500)
    expect(wire.state).toBe('open')
    wire.data('123456')
    wire.answered++
    const next = stand.ask()
    expect(next.x.holder).not.toBeNull()
    wire.answer()
    expect(next.answered).toBe(true)
    stand.finish()
  })

  it('blames nobody where this process stood still meanwhile', () => {
    const stand = new Stand()
    const asked = stand.ask(RATE)
    stand.wires[0]!.open().data(HEAD)
    stand.clock.block(5_000)
    stand.clock.advance(0)
    expect(asked.done).toBe(false)
    stand.clock.advance(1_030)
    expect(asked.error?.code).toBe('ERR_TIMEOUT_BODY')
    stand.finish()
  })

  it('sends what was behind it in the pipeline again', () => {
    const stand = new Stand({ maxConnPerTarget: 1, maxPipelinedRequests: 2 })
    const wire = stand.warm()
    const slow = stand.submit({ ...RATE, minBodyRateWindow: 200 })
    const behind = stand.submit()
    stand.turn()
    expect(wire.load).toBe(2)
    wire.data(HEAD)
    stand.clock.advance(230)
    expect(slow.error?.code).toBe('ERR_TIMEOUT_BODY')
    stand.serve()
    expect(behind.answered).toBe(true)
    stand.finish()
  })
})
