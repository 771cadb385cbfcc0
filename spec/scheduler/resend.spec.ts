import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import { madeBody, piecesOf, wholeBody } from './asked.ts'
import { Stand } from './stand.ts'
import type { HandWire } from './hand-network.ts'

const losses: [string, (wire: HandWire) => void][] = [
  ['reset', (wire) => wire.fail('reset')],
  ['FIN', (wire) => wire.fin()],
]

describe('a request whose connection is lost before a byte of its answer came', () => {
  it.each(losses)('is sent again, counted, on a connection dialled after that (%s)', (_, lose) => {
    const stand = new Stand()
    const wire = stand.warm()
    const asked = stand.ask()
    lose(wire)
    expect(asked.x.attempt).toBe(2)
    expect(stand.target().waiting).toBe(1)
    stand.wires[1]!.open().answer()
    expect(asked.answered).toBe(true)
    expect(asked.x.flight?.reused).toBe(false)
    stand.finish()
  })

  it('is not dialled for without end where each connection is closed at accept and the loop is slow', () => {
    const stand = new Stand()
    const asked = stand.ask()
    for (let dials = 1; dials <= 1 + LIMITS.maxResends; dials++) {
      const wire = stand.wires.at(-1)!
      expect(stand.wires).toHaveLength(dials)
      wire.state = 'open'
      wire.owner.onOpen(null)
      // Whatever else runs in this tick takes its time, and the FIN lies in the socket meanwhile.
      stand.clock.block(10)
      stand.clock.unread.push(() => wire.owner.onFin(true))
      stand.turn()
      expect(wire.paths).toHaveLength(1)
      for (const read of stand.clock.unread.splice(0)) read()
      stand.turn()
    }
    expect(asked.error?.code).toBe('ERR_CONNECTION_CLOSED')
    stand.finish()
  })

  it('is sent again with the fields of that sending', () => {
    const stand = new Stand()
    const wire = stand.warm()
    const asked = stand.ask()
    asked.ownFields = (attempt) => `Cookie: attempt=${attempt}\r\n`
    wire.fail('reset')
    const again = stand.wires[1]!.open()
    expect(again.written).toContain('Cookie: attempt=2\r\n\r\n')
    again.answer()
    expect(asked.answered).toBe(true)
    stand.finish()
  })

  it('is not sent on another idle connection of that time, which may be as dead', () => {
    const stand = new Stand()
    const [first, second] = stand.warmMany(2)
    const asked = stand.ask()
    const [lost, other] = second!.load === 1 ? [second!, first!] : [first!, second!]
    lost.fail('reset')
    expect(other.load).toBe(0)
    expect(stand.wires).toHaveLength(3)
    stand.wires[2]!.open().answer()
    expect(asked.answered).toBe(true)
    stand.finish()
  })

  it('but may go on a connection opened since, though an older one was used last', () => {
    const stand = new Stand({ maxConnPerTarget: 3 })
    const [old, lost] = stand.warmMany(2)
    stand.askMany(2)
    lost!.fail('reset')
    const again = stand.asked.find((asked) => asked.x.attempt === 2)!
    // A younger one has served another, and is idle; the old one was used after that.
    const young = stand.wires[2]!
    const before = stand.ask({ priority: 1 })
    const more = stand.ask({ priority: 1 })
    young.open()
    expect(young.load).toBe(1)
    stand.wires[3]?.open()
    stand.serve()
    expect([again, before, more].every((asked) => asked.answered)).toBe(true)
    expect(old!.paths).not.toContain(again.x.path)
    stand.finish()
  })

  it('takes the place of an idle connection it may not use, at maxConnPerTarget', () => {
    const stand = new Stand({ maxConnPerTarget: 2 })
    const [first, second] = stand.warmMany(2)
    stand.ask()
    const [lost, other] = second!.load === 1 ? [second!, first!] : [first!, second!]
    stand.ask()
    expect(other.load).toBe(1)
    lost.fail('reset')
    other.answer()
    stand.serve()
    expect(stand.network.maxOpenTo.get('a.test')).toBe(2)
    expect(stand.asked.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it(`is sent again ${LIMITS.maxResends} times and not more`, () => {
    const stand = new Stand()
    const asked = stand.ask()
    for (let time = 0; time <= LIMITS.maxResends; time++) {
      expect(asked.done).toBe(false)
      stand.wires[time]!.open().fail('reset')
    }
    expect(asked.error?.code).toBe('ERR_CONNECTION_CLOSED')
    expect(asked.x.attempt).toBe(LIMITS.maxResends + 1)
    expect(stand.wires).toHaveLength(LIMITS.maxResends + 1)
    expect(stand.wires.every((wire) => wire.paths.length === 1)).toBe(true)
    stand.finish()
  })

  it('waits with its queueTimeout again', () => {
    const stand = new Stand({ maxConn: 1 })
    const asked = stand.ask({ queueTimeout: 500 })
    const wire = stand.wires[0]!.open()
    stand.clock.advance(400)
    stand.ask({ host: 'b.test', priority: 1, replyTimeout: 0 })
    wire.fail('reset')
    stand.wires[1]!.open()
    stand.clock.advance(400)
    expect(asked.done).toBe(false)
    stand.clock.advance(200)
    expect(asked.error?.code).toBe('ERR_TIMEOUT_QUEUE')
    expect(asked.x.progress).toBe('waiting')
    stand.finish()
  })

  it('can be cancelled while it waits to be sent again', () => {
    const stand = new Stand()
    const asked = stand.ask()
    stand.wires[0]!.open().fail('reset')
    asked.cancel()
    stand.serve()
    expect(stand.wires[1]!.paths).toEqual([])
    expect(asked.ends).toBe(0)
    stand.finish()
  })
})

describe('sent again or not:', () => {
  it.each(losses)('a POST is written once (%s)', (_, lose) => {
    const stand = new Stand()
    const wire = stand.warm()
    const asked = stand.ask({ method: 'POST', body: wholeBody('once') })
    lose(wire)
    expect(asked.error?.code).toBe('ERR_CONNECTION_CLOSED')
    expect(asked.x.progress).toBe('sent')
    expect(stand.wires).toHaveLength(1)
    stand.finish()
  })

  it('a POST behind an answer that announces the end was never sent, and moves on', () => {
    const stand = new Stand({ maxConnPerTarget: 1 })
    stand.ask()
    const asked = stand.ask({ method: 'POST', body: wholeBody('once') })
    stand.wires[0]!.open().answer('Connection: close\r\n')
    expect(asked.x.attempt).toBe(1)
    stand.wires[1]!.open().answer()
    expect(asked.answered).toBe(true)
    stand.finish()
  })

  it.each(losses)('a PUT whose body can be had again is, whole (%s)', (_, lose) => {
    const stand = new Stand()
    const wire = stand.warm()
    const asked = stand.ask({ method: 'PUT', body: wholeBody('all of it') })
    lose(wire)
    stand.wires[1]!.open().answer()
    expect(asked.answered).toBe(true)
    expect(stand.wires[1]!.written.endsWith('\r\n\r\nall of it')).toBe(true)
    stand.finish()
  })

  it('a PUT whose body is made again, too', async () => {
    const stand = new Stand()
    let opened = 0
    const open = (): AsyncIterable<Uint8Array> => {
      opened++
      return piecesOf(['one', 'two'])
    }
    const asked = stand.ask({ method: 'PUT', body: madeBody(piecesOf([]), { replayable: true, open }) })
    stand.wires[0]!.open()
    await stand.settle()
    stand.wires[0]!.fail('reset')
    stand.wires[1]!.open()
    await stand.settle()
    expect(opened).toBe(2)
    expect(stand.wires[1]!.written.endsWith('3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n')).toBe(true)
    stand.wires[1]!.answer()
    expect(asked.answered).toBe(true)
    stand.finish()
  })

  it('a body that can be read once only is not, though its method is idempotent', async () => {
    const stand = new Stand()
    const asked = stand.ask({ method: 'PUT', body: madeBody(piecesOf(['x'])) })
    stand.wires[0]!.open()
    await stand.settle()
    stand.wires[0]!.fail('reset')
    expect(asked.error?.code).toBe('ERR_CONNECTION_CLOSED')
    expect(stand.wires).toHaveLength(1)
    stand.finish()
  })

  it.each(['H', 'HTTP/1.1 103 Early Hints\r\n\r\n', 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'])(
    'nothing of whose answer a byte was seen: %j',
    (bytes) => {
      const stand = new Stand()
      const asked = stand.ask()
      stand.wires[0]!.open().data(bytes).fail('reset')
      expect(asked.error?.code).toBe('ERR_CONNECTION_CLOSED')
      expect(asked.x.progress).toBe('answered')
      expect(stand.wires).toHaveLength(1)
      stand.finish()
    },
  )

  it('not the one that timed out, but those behind it', () => {
    const stand = new Stand({ maxConnPerTarget: 1, maxPipelinedRequests: 4 })
    const wire = stand.warm()
    const [late, ...behind] = stand.askMany(3, { replyTimeout: 300 })
    stand.clock.advance(400)
    expect(late!.error?.code).toBe('ERR_TIMEOUT_HEAD')
    expect(wire.alive).toBe(false)
    stand.serve()
    expect(behind.every((asked) => asked.answered && asked.x.attempt === 2)).toBe(true)
    stand.finish()
  })

  it('those behind an answer that cannot be read, and not the one in front', () => {
    const stand = new Stand({ maxConnPerTarget: 1, maxPipelinedRequests: 4 })
    const wire = stand.warm()
    const [front, ...behind] = stand.askMany(3)
    wire.data('HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab')
    expect(front!.error?.code).toBe('ERR_PROTOCOL')
    stand.serve()
    expect(behind.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('any number of times behind answers that announce the end: each time somebody was answered', () => {
    const stand = new Stand({ maxConnPerTarget: 1, maxPipelinedRequests: 8 })
    let wire = stand.warm()
    const all = stand.askMany(30)
    for (let left = all.length; left > 0;) {
      if (wire.load > 1) wire.answer('Connection: close\r\n')
      else wire.answer()
      left = all.filter((asked) => !asked.done).length
      if (!wire.alive && left > 0) wire = stand.wires.at(-1)!.open()
    }
    expect(all.every((asked) => asked.answered)).toBe(true)
    expect(Math.max(...all.map((asked) => asked.x.attempt))).toBeGreaterThan(LIMITS.maxResends)
    stand.finish()
  })
})
