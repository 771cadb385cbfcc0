import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import { madeBody, piecesOf, wholeBody } from './asked.ts'
import { Stand } from './stand.ts'
import type { Wish } from './asked.ts'

/** One connection, proven, with this depth. */
function pipeline(depth = 4): { stand: Stand; wire: ReturnType<Stand['warm']> } {
  const stand = new Stand({ maxConnPerTarget: 1, maxPipelinedRequests: depth })
  return { stand, wire: stand.warm() }
}

describe('depth', () => {
  it.each([1, 2, 3, 8, LIMITS.maxDepth])(
    '%i means exactly that many in flight, as a sliding window',
    (depth) => {
      const { stand, wire } = pipeline(depth)
      stand.askMany(3 * depth)
      for (let answers = 0; answers < 2 * depth; answers++) {
        expect(wire.load).toBe(depth)
        wire.answer()
      }
      stand.serve()
      expect(stand.asked.every((asked) => asked.answered)).toBe(true)
      stand.finish()
    },
  )

  it('is 1 before a connection has answered with HTTP/1.1 and keep-alive', () => {
    const stand = new Stand({ maxConnPerTarget: 1, maxPipelinedRequests: 4 })
    stand.askMany(5)
    const wire = stand.wires[0]!.open()
    expect(wire.load).toBe(1)
    wire.answered++
    wire.data('HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\n/0')
    expect(wire.load).toBe(1)
    wire.answer()
    expect(wire.load).toBe(3)
    stand.finish()
  })

  it("is bounded by the server's Keep-Alive: max", () => {
    const { stand, wire } = pipeline(8)
    stand.ask()
    wire.answer('Keep-Alive: max=3\r\n')
    stand.askMany(10)
    expect(wire.load).toBe(3)
    wire.answer('', 3)
    expect(wire.alive).toBe(false)
    stand.serve()
    expect(stand.asked.every((asked) => asked.answered)).toBe(true)
    expect(stand.asked.every((asked) => asked.x.attempt === 1)).toBe(true)
    stand.finish()
  })
})

describe('never shares a pipeline:', () => {
  it.each<[string, Wish]>([
    ['a POST', { method: 'POST' }],
    ['a streamed answer', { streamed: true }],
    ['a body that is made while it is sent', { method: 'PUT', body: madeBody(piecesOf(['x'])) }],
    ['a request that says it closes', { closes: true }],
    ['a request that waits for a 100', { method: 'PUT', body: wholeBody('x'), expectContinue: 1_000 }],
  ])('%s', async (_, wish) => {
    const { stand, wire } = pipeline()
    stand.ask()
    stand.ask(wish)
    stand.ask()
    expect(wire.paths).toEqual(['/0', '/1'])
    wire.answer()
    await stand.settle()
    expect(wire.paths).toEqual(['/0', '/1', '/2'])
    stand.finish()
  })

  it('but a POST that its user calls idempotent may, and a PUT whose body is at hand', () => {
    const { stand, wire } = pipeline()
    stand.ask({ method: 'POST', idempotent: true, body: wholeBody('one') })
    stand.ask({ method: 'PUT', body: wholeBody('two') })
    stand.ask()
    expect(wire.load).toBe(3)
    expect(wire.written).toContain('\r\n\r\nonePUT /2')
    expect(wire.written).toContain('twoGET /3')
    wire.answer('', 3)
    expect(stand.asked.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('nothing is sent behind a large body before that is sent', async () => {
    const { stand, wire } = pipeline()
    wire.full = true
    stand.ask({ method: 'PUT', body: wholeBody('x'.repeat(LIMITS.sendPiece + 1)) })
    stand.ask()
    await stand.settle()
    expect(wire.paths).toEqual(['/0', '/1'])
    wire.drain()
    await stand.settle()
    expect(wire.paths).toEqual(['/0', '/1', '/2'])
    expect(wire.written.endsWith('GET /2 HTTP/1.1\r\nHost: a.test\r\n\r\n')).toBe(true)
    wire.answer('', 2)
    expect(stand.asked.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('nothing is sent behind a front that was cancelled', () => {
    const { stand, wire } = pipeline()
    const [front] = stand.askMany(2)
    front!.cancel()
    const next = stand.ask()
    expect(wire.load).toBe(2)
    wire.answer()
    expect(wire.paths.at(-1)).toBe(next.x.path)
    stand.finish()
  })
})

describe('a broken pipeline', () => {
  const breaks: [string, (wire: ReturnType<Stand['warm']>) => void][] = [
    ['a reset', (wire) => wire.fail('reset')],
    ['a FIN that nobody announced', (wire) => wire.fin()],
    ['an answer out of protocol', (wire) => wire.data('HTTP/1.1 banana\r\n\r\n')],
    ['a reset after some answers', (wire) => wire.answer('', 3).fail('reset')],
  ]

  it.each(breaks)('is remembered: %s', (_, deed) => {
    const { stand, wire } = pipeline()
    stand.askMany(4)
    expect(wire.load).toBe(4)
    deed(wire)
    expect(stand.target().depth).toBe(1)
    stand.askMany(10)
    stand.serve()
    expect(Math.max(...stand.asked.map((asked) => asked.x.attempt))).toBe(2)
    // The target keeps its depth of 1 when its pool has gone, and gets the old one back in the end.
    stand.wires.at(-1)!.fin()
    expect(stand.target()).toMatchObject({ connections: 0, depth: 1 })
    stand.clock.advance(LIMITS.brokenPipelineTime - 1_000)
    expect(stand.target().depth).toBe(1)
    stand.warm()
    stand.clock.advance(1_000)
    expect(stand.target().depth).toBe(4)
    stand.askMany(4)
    expect(stand.wires.at(-1)!.load).toBe(4)
    stand.finish()
  })

  it('runs at depth 1, also on the connections there are', () => {
    const stand = new Stand({ maxConnPerTarget: 2, maxPipelinedRequests: 4 })
    stand.warmMany(2)
    stand.askMany(8)
    const [first, second] = stand.wires
    expect([first!.load, second!.load]).toEqual([4, 4])
    first!.fail('reset')
    second!.answer('', 4)
    // What is sent again may not go on the old one, which makes room for a new one.
    expect(second!.alive).toBe(false)
    const fresh = stand.dialling.map((wire) => wire.open().answer())
    expect(fresh.map((wire) => wire.load)).toEqual([1, 1])
    stand.serve()
    expect(stand.asked.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('is not one whose server says that it closes', () => {
    const { stand, wire } = pipeline()
    stand.askMany(4)
    wire.answer('Connection: close\r\n')
    expect(stand.target().depth).toBe(4)
    stand.serve()
    expect(stand.asked.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })

  it('is not a lone request lost to an idle connection that was just closing', () => {
    const { stand, wire } = pipeline()
    stand.askMany(3)
    wire.answer('', 3)
    stand.ask()
    wire.fail('reset')
    expect(stand.target().depth).toBe(4)
    stand.finish()
  })
})

describe('answers', () => {
  it('go to their requests in order, however they are cut', () => {
    const { stand, wire } = pipeline(8)
    stand.askMany(8)
    const paths = wire.paths.slice(1)
    const all = paths
      .map(
        (path) =>
          `HTTP/1.1 103 Early Hints\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: ${path.length}\r\n\r\n${path}`,
      )
      .join('')
    for (const byte of all) wire.data(byte)
    expect(stand.asked.every((asked) => asked.answered)).toBe(true)
    expect(stand.asked.slice(1).every((asked) => asked.informational.join() === '103')).toBe(true)
    stand.finish()
  })

  it("more than were asked for: the rest is nobody's, and the connection goes", () => {
    const { stand, wire } = pipeline()
    const all = stand.askMany(2)
    wire.data(
      'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n/1HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n/2HTTP/1.1 200',
    )
    expect(all.every((asked) => asked.answered)).toBe(true)
    expect(wire.alive).toBe(false)
    stand.finish()
  })

  it('whole ones in front of a FIN count', () => {
    const { stand, wire } = pipeline()
    const all = stand.askMany(3)
    wire.answer('', 2).fin()
    expect(all.map((asked) => asked.done)).toEqual([true, true, false])
    stand.serve()
    expect(all.every((asked) => asked.answered)).toBe(true)
    stand.finish()
  })
})
