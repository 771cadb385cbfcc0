import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import { answerTo } from './hand-network.ts'
import type { Asked } from './asked.ts'
import { Stand } from './stand.ts'

describe('an idle connection', () => {
  it('closes after keepAliveTimeout, counted from its last answer, and does not keep the process alive', () => {
    const stand = new Stand({ keepAliveTimeout: 5_000 })
    const wire = stand.warm()
    expect(wire.referenced).toBe(false)
    stand.clock.advance(4_000)
    stand.ask()
    expect(wire.referenced).toBe(true)
    wire.answer()
    stand.clock.advance(4_900)
    expect(wire.alive).toBe(true)
    stand.clock.advance(200)
    expect(wire.alive).toBe(false)
    stand.finish()
  })

  it('closes though it was dialled for nobody and has carried nothing', () => {
    const stand = new Stand({ keepAliveTimeout: 5_000 })
    const busy = stand.warm()
    stand.askMany(2)
    busy.answer().answer()
    const wire = stand.wires[1]!.open()
    expect(wire.referenced).toBe(false)
    stand.clock.advance(5_100)
    expect(wire.alive).toBe(false)
    stand.finish()
  })

  it('stays with keepAliveTimeout 0', () => {
    const stand = new Stand({ keepAliveTimeout: 0 })
    const wire = stand.warm()
    stand.clock.advance(86_400)
    expect(wire.alive).toBe(true)
    stand.finish()
  })

  it.each([0, 60_000])(
    "closes before its server's Keep-Alive: timeout, with keepAliveTimeout %i",
    (timeout) => {
      const stand = new Stand({ keepAliveTimeout: timeout })
      const wire = stand.warm('a.test', 'Keep-Alive: timeout=5\r\n')
      stand.clock.advance(5_000 - LIMITS.keepAliveMargin - 100)
      expect(wire.alive).toBe(true)
      stand.clock.advance(130)
      expect(wire.alive).toBe(false)
      stand.finish()
    },
  )

  it('is not kept longer because its server would', () => {
    const stand = new Stand({ keepAliveTimeout: 1_000 })
    const wire = stand.warm('a.test', 'Keep-Alive: timeout=500\r\n')
    stand.clock.advance(1_100)
    expect(wire.alive).toBe(false)
    stand.finish()
  })

  it('closes when its server takes no more: Keep-Alive: max', () => {
    const stand = new Stand()
    const wire = stand.warm('a.test', 'Keep-Alive: timeout=5, max=2\r\n')
    stand.ask()
    wire.answer()
    expect(wire.alive).toBe(true)
    stand.ask()
    wire.answer()
    expect(wire.alive).toBe(false)
    stand.ask()
    stand.wires[1]!.open().answer('Keep-Alive: max=0\r\n')
    expect(stand.wires[1]!.alive).toBe(false)
    stand.finish()
  })

  it.each([
    ['HTTP/1.1 without more', 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n', true],
    ['HTTP/1.1 with close', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n', false],
    ['HTTP/1.0 without more', 'HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n', false],
    [
      'HTTP/1.0 with keep-alive',
      'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n',
      true,
    ],
  ])('is kept or not by %s', (_, answer, kept) => {
    const stand = new Stand()
    const asked = stand.ask()
    const wire = stand.wires[0]!.open().data(answer)
    expect(asked.ends).toBe(1)
    expect(asked.error).toBe(null)
    expect(wire.alive).toBe(kept)
    stand.finish()
  })

  it('is not kept after a request that says it closes', () => {
    const stand = new Stand()
    const asked = stand.ask({ closes: true })
    const wire = stand.wires[0]!.open().answer()
    expect(asked.answered).toBe(true)
    expect(wire.alive).toBe(false)
    stand.finish()
  })

  it.each([
    ['closed', (stand: Stand) => stand.wires[0]!.fin()],
    ['broken', (stand: Stand) => stand.wires[0]!.fail('reset')],
  ])('that is %s fails nobody: the next dials', (_, deed) => {
    const stand = new Stand()
    stand.warm()
    deed(stand)
    expect(stand.wires[0]!.alive).toBe(false)
    expect(stand.scheduler.stats().errors).toBe(0)
    const asked = stand.ask()
    stand.wires[1]!.open().answer()
    expect(asked.answered).toBe(true)
    stand.finish()
  })
})

describe('bytes on an idle connection', () => {
  const bytes = [answerTo('/lie'), 'H', '\0', 'HTTP/1.1 408 Request Timeout\r\nConnection: close\r\n\r\n']

  it.each(bytes)('close it: %j', (text) => {
    const stand = new Stand()
    const wire = stand.warm().data(text)
    expect(wire.alive).toBe(false)
    const asked = stand.ask()
    stand.wires[1]!.open().answer()
    expect(asked.answered).toBe(true)
    stand.finish()
  })

  it.each(bytes)('close it in the very piece that ends an answer: %j', (text) => {
    const stand = new Stand()
    const first = stand.ask()
    const wire = stand.wires[0]!.open()
    wire.data(answerTo('/0') + text)
    expect(first.answered).toBe(true)
    expect(wire.alive).toBe(false)
    stand.finish()
  })

  it.each(bytes)('that lie unread while the loop is blocked are read before it is used again: %j', (text) => {
    const stand = new Stand()
    const wire = stand.warm()
    stand.clock.block(100)
    stand.clock.unread.push(() => wire.owner.onData(Buffer.from(text, 'latin1')))
    const asked = stand.ask()
    expect(wire.alive).toBe(false)
    expect(wire.paths).toHaveLength(1)
    stand.wires[1]!.open().answer()
    expect(asked.answered).toBe(true)
    expect(asked.x.attempt).toBe(1)
    stand.finish()
  })

  // Such a read is followed by what came with it only after all that the bytes set off has run, the next request included.
  it('that came with an answer, behind a read that took all it could, do not answer who waits', () => {
    const stand = new Stand({ maxConnPerTarget: 1 })
    // With a head of about 60 bytes, and fields that fill up what is missing.
    const first = stand.ask({ path: '/'.padEnd(LIMITS.readBuffer - 60, 'x') })
    const second = stand.ask()
    const wire = stand.wires[0]!.open()
    stand.clock.unread.push(() => wire.owner.onData(Buffer.from(answerTo('/lie'), 'latin1')))
    const missing = LIMITS.readBuffer - answerTo(first.x.path, 'X: \r\n').length
    wire.data(answerTo(first.x.path, `X: ${'x'.repeat(missing)}\r\n`))
    expect(outcome(stand, first, second)).toEqual(REFUSED)
  })

  it('that came with an answer, in a second record of TLS, do not answer who waits', () => {
    const stand = new Stand({ maxConnPerTarget: 1 })
    const first = stand.ask({ host: 'tls.test' })
    const second = stand.ask({ host: 'tls.test' })
    const wire = stand.wires[0]!.open()
    // One read; between its records, all that the first set off.
    wire.owner.onData(Buffer.from(answerTo(first.x.path), 'latin1'))
    stand.clock.goOn()
    wire.owner.onData(Buffer.from(answerTo('/lie'), 'latin1'))
    stand.clock.turn()
    expect(outcome(stand, first, second)).toEqual(REFUSED)
  })

  it('a connection of TLS that is busy alone is used without reading once more', () => {
    const stand = new Stand({ maxConnPerTarget: 1 })
    const first = stand.ask({ host: 'tls.test' })
    stand.ask({ host: 'tls.test' })
    const wire = stand.wires[0]!.open()
    let reads = 0
    stand.clock.unread.push(() => reads++)
    wire.answer()
    expect(first.answered).toBe(true)
    expect([wire.load, reads]).toEqual([1, 0])
    wire.answer()
    stand.finish()
  })

  it('that came with the first answer of a new connection do not answer who waits, while another is read', () => {
    const host = 'tls.test'
    const stand = new Stand({ maxConnPerTarget: 2 })
    const old = stand.warm(host)
    const [first] = stand.askMany(4, { host })
    const fresh = stand.wires[1]!
    // In one poll: the old one becomes idle, and has to be read once more; the new one is used at once.
    old.owner.onData(Buffer.from(answerTo(first!.x.path), 'latin1'))
    old.answered++
    stand.clock.unread.push(
      () => fresh.owner.onData(Buffer.from(answerTo(fresh.paths[0]!), 'latin1')),
      () => fresh.owner.onData(Buffer.from(answerTo('/lie'), 'latin1')),
    )
    fresh.open()
    expect(fresh.alive).toBe(false)
    expect(stand.asked.some((asked) => asked.body === '/lie')).toBe(false)
    expect(stand.asked[2]!.answered).toBe(true)
    stand.serve()
    expect(stand.asked.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('a FIN that lies unread is seen as well: even a POST moves on', () => {
    const stand = new Stand()
    const wire = stand.warm()
    stand.clock.block(100)
    stand.clock.unread.push(() => wire.owner.onFin(true))
    const asked = stand.ask({ method: 'POST' })
    stand.wires[1]!.open().answer()
    expect(asked.answered).toBe(true)
    stand.finish()
  })

  it('nothing lies unread: it is used, and all that waits is served', () => {
    const stand = new Stand({ maxConnPerTarget: 2 })
    const wires = stand.warmMany(2)
    stand.clock.block(5_000)
    const all = stand.askMany(6)
    expect(wires.map((wire) => wire.load)).toEqual([1, 1])
    stand.serve()
    expect(all.every((asked) => asked.answered)).toBe(true)
    expect(stand.wires).toHaveLength(2)
    stand.finish()
  })

  it('whoever is cancelled while they are read is not sent', () => {
    const stand = new Stand()
    const wire = stand.warm()
    stand.clock.block(100)
    const asked = stand.submit()
    stand.clock.unread.push(() => asked.cancel())
    stand.turn()
    expect(wire.paths).toHaveLength(1)
    expect(stand.target()).toMatchObject({ waiting: 0, connections: 1 })
    stand.finish()
  })

  it('a connection used within this tick is not read once more', () => {
    const stand = new Stand()
    const wire = stand.warm()
    let reads = 0
    stand.clock.unread.push(() => reads++)
    stand.ask()
    expect(wire.load).toBe(1)
    expect(reads).toBe(0)
    stand.finish()
  })

  it('another target that stands in line waits for that, and then gets what is not used', () => {
    const stand = new Stand({ maxConn: 1 })
    const wire = stand.warm()
    stand.clock.block(100)
    const asked = stand.submit()
    stand.clock.unread.push(() => {
      asked.cancel()
      stand.submit({ host: 'b.test' })
    })
    stand.turn()
    expect(wire.alive).toBe(false)
    expect(stand.dialling[0]?.options.host).toBe('b.test')
    stand.finish()
  })
})

/** What became of the answer, the forged one behind it, and the connection that they came by. */
function outcome(stand: Stand, first: Asked, second: Asked): object {
  const { alive, paths } = stand.wires[0]!
  const before = { first: first.answered, second: second.done, alive, sent: paths.length }
  stand.wires[1]!.open().answer()
  stand.finish()
  return { ...before, answeredByAnother: second.answered }
}

/** The connection has gone, and the second is asked for on another one. */
const REFUSED = { first: true, second: false, alive: false, sent: 1, answeredByAnother: true }
