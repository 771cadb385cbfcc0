import { describe, expect, it } from 'vitest'
import { systemClock } from '../../lib/core/clock.ts'
import type { RequestBody } from '../../lib/core/exchange.ts'
import { BodySender } from '../../lib/scheduler/body-sender.ts'

const PIECES = 10_000

/** Has all its pieces at once, as a generator over rows in memory. */
function sourceOf(piece: Uint8Array, taken: { count: number }): RequestBody {
  return {
    bytes: null,
    length: -1,
    replayable: false,
    async *open() {
      for (; taken.count < PIECES; taken.count++) yield piece
    },
  }
}

describe('a source that has every piece at once, and a socket that takes them', () => {
  it.each([
    ['small', new Uint8Array(4)],
    ['empty', new Uint8Array(0)],
  ])('leave others a turn: %s pieces', async (_, piece) => {
    const taken = { count: 0 }
    let takenByThen = -1
    await new Promise<void>((resolve, reject) => {
      const outlet = { writeBody: () => true, onBodySent: resolve, onBodyFailed: reject }
      new BodySender(sourceOf(piece, taken), outlet, systemClock).start()
      setImmediate(() => (takenByThen = taken.count))
    })
    expect(taken.count).toBe(PIECES)
    expect(takenByThen).toBeGreaterThan(0)
    expect(takenByThen).toBeLessThan(PIECES)
  })

  it('end where it is stopped in between', async () => {
    const taken = { count: 0 }
    const outlet = { writeBody: () => true, onBodySent: () => {}, onBodyFailed: () => {} }
    const sender = new BodySender(sourceOf(new Uint8Array(4), taken), outlet, systemClock)
    sender.start()
    const before = await new Promise<number>((resolve) => {
      setImmediate(() => {
        sender.stop()
        resolve(taken.count)
      })
    })
    await new Promise<void>((resolve) => systemClock.afterIo(resolve))
    expect(taken.count).toBe(before)
  })
})
