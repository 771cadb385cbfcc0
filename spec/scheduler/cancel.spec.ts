import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import { madeBody, piecesOf, wholeBody } from './asked.ts'
import { answerTo, type HandWire } from './hand-network.ts'
import { Stand } from './stand.ts'

function pipeline(): { stand: Stand; wire: HandWire } {
  const stand = new Stand({ maxConnPerTarget: 1, maxPipelinedRequests: 4 })
  return { stand, wire: stand.warm() }
}

describe('cancelling a waiting exchange', () => {
  it.each([0, 1, 2])('takes it out wherever it waits: place %i of 3', (place) => {
    const stand = new Stand({ maxConnPerTarget: 1 })
    const all = stand.askMany(3)
    all[place]!.cancel()
    expect(stand.scheduler.stats().waiting).toBe(2)
    stand.serve()
    expect(all.filter((asked) => asked.answered)).toHaveLength(2)
    expect(stand.wires[0]!.paths).toHaveLength(2)
    stand.finish()
  })

  it('before its tick ends, dials nothing', () => {
    const stand = new Stand()
    stand.submit().cancel()
    stand.turn()
    expect(stand.wires).toHaveLength(0)
    stand.finish()
  })

  it('twice, or after its end, does nothing', () => {
    const stand = new Stand()
    const all = stand.askMany(2)
    all[0]!.cancel()
    all[0]!.cancel()
    stand.serve()
    const { holder } = all[1]!.x
    expect(holder).toBe(null)
    expect(stand.scheduler.stats().waiting).toBe(0)
    stand.finish()
  })

  it('in thousands leaves the rest, in order', () => {
    const stand = new Stand({ maxConnPerTarget: 1 })
    const all = stand.askMany(3_000)
    for (const [place, asked] of all.entries()) if (place % 3 !== 0) asked.cancel()
    stand.serve()
    expect(stand.wires[0]!.paths).toEqual(all.filter((_, place) => place % 3 === 0).map(({ x }) => x.path))
    stand.finish()
  })

  it('that waited too long is told at once, wherever it waits, and nobody else', () => {
    const stand = new Stand({ maxConnPerTarget: 1 })
    stand.ask({ replyTimeout: 0 })
    stand.wires[0]!.open()
    const patient = stand.ask()
    const late = stand.ask({ queueTimeout: 200 })
    stand.clock.advance(190)
    expect(late.done).toBe(false)
    stand.clock.advance(30)
    expect(late.error?.code).toBe('ERR_TIMEOUT_QUEUE')
    expect(patient.done).toBe(false)
    stand.finish()
  })
})

describe('a wait that begins between two ticks of the clock', () => {
  it('is no shorter than it may be', () => {
    const stand = new Stand({ maxConnPerTarget: 1 })
    stand.ask({ replyTimeout: 0 })
    stand.wires[0]!.open()
    // Far less than a 64th of a ms behind a turn of the timer wheel.
    stand.clock.advance(10_000 - stand.clock.now() + 0.001)
    const asked = stand.ask({ queueTimeout: 200 })
    stand.clock.advance(199.9995)
    expect(asked.done).toBe(false)
    stand.clock.advance(20)
    expect(asked.error?.code).toBe('ERR_TIMEOUT_QUEUE')
    stand.finish()
  })
})

describe('cancelling an exchange in flight', () => {
  it.each([0, 1, 2, 3])('mutes it, and shifts no answer: place %i of 4', (place) => {
    const { stand, wire } = pipeline()
    const all = stand.askMany(4)
    all[place]!.cancel()
    wire.answer('', 4)
    expect(all.map((asked) => asked.answered)).toEqual([0, 1, 2, 3].map((each) => each !== place))
    expect(wire.alive).toBe(true)
    stand.finish()
  })

  it('all of them: the connection is used again', () => {
    const { stand, wire } = pipeline()
    for (const asked of stand.askMany(4)) asked.cancel()
    wire.answer('', 4)
    const next = stand.ask()
    wire.answer()
    expect(next.answered).toBe(true)
    expect(stand.wires).toHaveLength(1)
    stand.finish()
  })

  it('all of them, while somebody waits: that one need not wait for answers nobody wants', () => {
    const { stand, wire } = pipeline()
    for (const asked of stand.askMany(4)) asked.cancel()
    const next = stand.ask()
    expect(wire.alive).toBe(false)
    stand.wires[1]!.open().answer()
    expect(next.answered).toBe(true)
    stand.finish()
  })

  it.each([
    'H',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n',
    'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n/',
  ])('in the middle of its answer: %j', (bytes) => {
    const { stand, wire } = pipeline()
    const [front, behind] = stand.askMany(2)
    wire.data(bytes)
    front!.cancel()
    const whole = `${bytes.startsWith('HTTP/1.1 100') ? bytes.slice(0, 25) : ''}${answerTo('/1')}`
    wire.data(whole.slice(bytes.length))
    wire.answered++
    wire.answer()
    expect(behind!.answered).toBe(true)
    expect(wire.alive).toBe(true)
    stand.finish()
  })

  it('from within its own head', () => {
    const { stand, wire } = pipeline()
    const [front, behind] = stand.askMany(2)
    front!.onHeadHeard = () => front!.cancel()
    wire.answer('', 2)
    expect(front!.body).toBe('')
    expect(behind!.answered).toBe(true)
    stand.finish()
  })

  it('when a neighbour ends, from within its end', () => {
    const { stand, wire } = pipeline()
    const [front, second, third] = stand.askMany(3)
    front!.onSettled = () => second!.cancel()
    wire.answer('', 3)
    expect([front!.answered, second!.ends, third!.answered]).toEqual([true, 0, true])
    stand.finish()
  })

  it('its answer is dropped up to maxMutedBytes: beyond that its neighbours are sent again', () => {
    const { stand, wire } = pipeline()
    const [front, behind] = stand.askMany(2)
    wire.data('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
    front!.cancel()
    const piece = `8000\r\n${'x'.repeat(0x8000)}\r\n`
    let bytes = 0
    while (wire.alive && bytes < 2 * LIMITS.maxMutedBytes) {
      wire.data(piece)
      bytes += 0x8000
    }
    expect(bytes).toBe(LIMITS.maxMutedBytes + 0x8000)
    stand.serve()
    expect(behind!.answered).toBe(true)
    stand.finish()
  })

  it.each([
    ['is told to be too long', `Content-Length: ${LIMITS.maxMutedBytes + 1}\r\n`],
    ['ends with its connection only', ''],
  ])('its connection goes at once when its answer %s', (_, field) => {
    for (const when of ['before', 'after'] as const) {
      const { stand, wire } = pipeline()
      const [front, behind] = stand.askMany(2)
      if (when === 'before') front!.cancel()
      wire.data(`HTTP/1.1 200 OK\r\n${field}\r\nabc`)
      if (when === 'after') front!.cancel()
      expect(wire.alive).toBe(false)
      stand.turn()
      stand.serve()
      expect(behind!.answered).toBe(true)
      stand.finish()
    }
  })

  it('its connection goes after mutedTimeout, and its neighbours are sent again', () => {
    const { stand, wire } = pipeline()
    const [front, second, third] = stand.askMany(3)
    front!.cancel()
    stand.clock.advance(LIMITS.mutedTimeout - 20)
    expect(wire.alive).toBe(true)
    stand.clock.advance(50)
    expect(wire.alive).toBe(false)
    stand.serve()
    expect([second!.answered, third!.answered]).toEqual([true, true])
    stand.finish()
  })

  it('behind others, it gets mutedTimeout from when it comes to the front', () => {
    const { stand, wire } = pipeline()
    const [front, second] = stand.askMany(2, { replyTimeout: 0 })
    second!.cancel()
    stand.clock.advance(10 * LIMITS.mutedTimeout)
    expect(wire.alive).toBe(true)
    wire.answer()
    expect(front!.answered).toBe(true)
    stand.clock.advance(LIMITS.mutedTimeout + 50)
    expect(wire.alive).toBe(false)
    stand.finish()
  })

  it('bytes that come all the time do not put mutedTimeout off', () => {
    const { stand, wire } = pipeline()
    const [front] = stand.askMany(1)
    wire.data('HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n')
    front!.cancel()
    for (let step = 0; step < 20 && wire.alive; step++) {
      stand.clock.advance(100)
      if (wire.alive) wire.data('x')
    }
    expect(wire.alive).toBe(false)
    stand.finish()
  })

  it('whose body is half sent ends its connection, and stops the body at its source', async () => {
    const stand = new Stand()
    let returned = false
    const source: AsyncIterableIterator<Uint8Array> = {
      [Symbol.asyncIterator]: () => source,
      next: () => new Promise(() => undefined),
      return: () => {
        returned = true
        return Promise.resolve({ done: true, value: undefined })
      },
    }
    const asked = stand.ask({ method: 'POST', body: madeBody(source) })
    const wire = stand.wires[0]!.open()
    await stand.settle()
    asked.cancel()
    await stand.settle()
    expect(wire.alive).toBe(false)
    expect(returned).toBe(true)
    stand.finish()
  })

  it('whose reader was slow reads on, and drops it', () => {
    const stand = new Stand()
    const asked = stand.ask({ streamed: true })
    asked.takes = false
    const wire = stand.wires[0]!.open().data('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nabc')
    wire.answered++
    expect(wire.paused).toBe(true)
    asked.cancel()
    expect(wire.paused).toBe(false)
    wire.data('def')
    const next = stand.ask()
    wire.answer()
    expect(next.answered).toBe(true)
    expect(asked.body).toBe('abc')
    stand.finish()
  })

  it('a large body that waits behind others for its turn takes them along, and they are sent again', async () => {
    const { stand, wire } = pipeline()
    wire.full = true
    const front = stand.ask()
    const large = stand.ask({ method: 'PUT', body: wholeBody('x'.repeat(LIMITS.coalesceSize + 1)) })
    await stand.settle()
    large.cancel()
    expect(wire.alive).toBe(false)
    stand.serve()
    expect(front.answered).toBe(true)
    stand.finish()
  })

  it('a made body that has been sent whole leaves its connection in use', async () => {
    const stand = new Stand()
    const asked = stand.ask({ method: 'POST', body: madeBody(piecesOf(['abc'])) })
    const wire = stand.wires[0]!.open()
    await stand.settle()
    asked.cancel()
    wire.answer()
    expect(wire.alive).toBe(true)
    stand.finish()
  })
})
