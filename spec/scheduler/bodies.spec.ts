import { describe, expect, it } from 'vitest'
import { RequestBodyError } from '../../lib/core/errors.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { madeBody, piecesOf, wholeBody, type Wish } from './asked.ts'
import { Stand } from './stand.ts'
import type { HandWire } from './hand-network.ts'

/** Asks, opens, and lets the body begin. */
async function send(wish: Wish): Promise<{ stand: Stand; wire: HandWire; asked: ReturnType<Stand['ask']> }> {
  const stand = new Stand()
  const asked = stand.ask({ method: 'PUT', ...wish })
  const wire = stand.wires[0]!.open()
  await stand.settle()
  return { stand, wire, asked }
}

async function* failing(): AsyncGenerator<Uint8Array, void, undefined> {
  yield* piecesOf(['abc'])
  throw new Error('disk full')
}

function bodyOf(wire: HandWire): string {
  return wire.written.slice(wire.written.indexOf('\r\n\r\n') + 4)
}

describe('a request body', () => {
  it.each([0, 1, LIMITS.coalesceSize])('of %i bytes goes out in one write with its head', async (size) => {
    const { stand, wire, asked } = await send({ body: wholeBody('é'.repeat(size)) })
    expect(wire.writes).toBe(1)
    expect(bodyOf(wire)).toBe('é'.repeat(size))
    wire.answer()
    expect(asked.answered).toBe(true)
    stand.finish()
  })

  it('that is larger goes out in pieces, each when the socket has room', async () => {
    const size = 3 * LIMITS.sendPiece + 1
    const stand = new Stand()
    const asked = stand.ask({ method: 'PUT', body: wholeBody('x'.repeat(size)) })
    const wire = stand.wires[0]!
    wire.full = true
    wire.open()
    for (let pieces = 1; pieces <= 4; pieces++) {
      await stand.settle()
      expect(wire.writes).toBe(1 + pieces)
      wire.full = true
      wire.owner.onDrain()
    }
    await stand.settle()
    expect(bodyOf(wire)).toHaveLength(size)
    wire.answer()
    expect(asked.answered).toBe(true)
    stand.finish()
  })

  it('that is made goes out chunked, or as announced; empty pieces end nothing', async () => {
    const chunked = await send({ body: madeBody(piecesOf(['one', '', 'four'])) })
    expect(bodyOf(chunked.wire)).toBe('3\r\none\r\n4\r\nfour\r\n0\r\n\r\n')
    chunked.stand.finish()
    const announced = await send({ body: madeBody(piecesOf(['one', '', 'four']), { length: 7 }) })
    expect(bodyOf(announced.wire)).toBe('onefour')
    announced.stand.finish()
  })

  it('whose source fails fails its exchange, and ends the connection', async () => {
    const { stand, wire, asked } = await send({ body: madeBody(failing()) })
    expect(asked.error).toBeInstanceOf(RequestBodyError)
    expect(asked.error?.cause).toMatchObject({ message: 'disk full' })
    expect(wire.alive).toBe(false)
    expect(bodyOf(wire)).toBe('3\r\nabc\r\n')
    stand.finish()
  })

  it('that is answered before it is whole is not sent on, and its connection is not used again', async () => {
    let asks = 0
    async function* endless(): AsyncGenerator<Uint8Array, void, undefined> {
      for (;;) {
        asks++
        yield Buffer.from('x')
        await new Promise<void>((resolve) => {
          setImmediate(resolve)
        })
      }
    }
    const { stand, wire, asked } = await send({ body: madeBody(endless()) })
    wire.answer()
    expect(asked.answered).toBe(true)
    expect(wire.alive).toBe(false)
    await stand.settle()
    const before = asks
    await stand.settle()
    expect(asks).toBe(before)
    stand.finish()
  })
})

describe('Expect: 100-continue', () => {
  const wish: Wish = { body: wholeBody('the body'), expectContinue: 1_000 }

  it('sends the body when the server says so', async () => {
    const { stand, wire, asked } = await send(wish)
    expect(bodyOf(wire)).toBe('')
    wire.data('HTTP/1.1 100 Continue\r\n\r\n')
    await stand.settle()
    expect(bodyOf(wire)).toBe('the body')
    wire.answer()
    expect(asked.answered).toBe(true)
    expect(wire.alive).toBe(true)
    stand.finish()
  })

  it('sends it without a word after its time', async () => {
    const { stand, wire, asked } = await send(wish)
    stand.clock.advance(990)
    await stand.settle()
    expect(bodyOf(wire)).toBe('')
    stand.clock.advance(30)
    await stand.settle()
    expect(bodyOf(wire)).toBe('the body')
    wire.data('HTTP/1.1 100 Continue\r\n\r\n').answer()
    expect(asked.answered).toBe(true)
    stand.finish()
  })

  it('never sends it after a final answer, and the connection goes', async () => {
    const { stand, wire, asked } = await send(wish)
    wire.data('HTTP/1.1 417 Expectation Failed\r\nContent-Length: 3\r\n\r\n')
    stand.clock.advance(2_000)
    await stand.settle()
    wire.data('no.')
    expect(asked.head?.status).toBe(417)
    expect(asked.ends).toBe(1)
    expect(asked.error).toBe(null)
    expect(bodyOf(wire)).toBe('')
    expect(wire.alive).toBe(false)
    stand.finish()
  })
})

describe('waits for the server', () => {
  it('requestTimeout: it takes no byte of the request', async () => {
    const stand = new Stand()
    const asked = stand.ask({ method: 'PUT', body: wholeBody('x'.repeat(1_000_000)), requestTimeout: 300 })
    const wire = stand.wires[0]!
    wire.full = true
    wire.open()
    await stand.settle()
    stand.clock.advance(290)
    wire.owner.onDrain()
    await stand.settle()
    stand.clock.advance(290)
    expect(asked.done).toBe(false)
    stand.clock.advance(40)
    expect(asked.error?.code).toBe('ERR_TIMEOUT_SEND')
    stand.finish()
  })

  it('requestTimeout: it takes no byte of a request behind others, which it answers meanwhile', async () => {
    const stand = new Stand({ maxConnPerTarget: 1, maxPipelinedRequests: 4 })
    const wire = stand.warm()
    const [before] = stand.askMany(1)
    wire.full = true
    const body = wholeBody('x'.repeat(1_000_000))
    const asked = stand.ask({ method: 'PUT', body, requestTimeout: 300, replyTimeout: 0 })
    await stand.settle()
    wire.answer()
    expect(before!.answered).toBe(true)
    stand.clock.advance(290)
    expect(asked.done).toBe(false)
    stand.clock.advance(40)
    expect(asked.error?.code).toBe('ERR_TIMEOUT_SEND')
    stand.finish()
  })

  it('requestTimeout: not even the head', () => {
    const stand = new Stand()
    const asked = stand.ask({ method: 'POST', requestTimeout: 300, replyTimeout: 0 })
    const wire = stand.wires[0]!
    wire.full = true
    wire.open()
    stand.clock.advance(340)
    expect(asked.error?.code).toBe('ERR_TIMEOUT_SEND')
    stand.finish()
  })

  it("a body that is made slowly is nobody's fault", async () => {
    const stand = new Stand({ keepAliveTimeout: 50 })
    stand.warm()
    const gates: (() => void)[] = []
    async function* slow(): AsyncGenerator<Uint8Array, void, undefined> {
      for (const text of ['one', 'two']) {
        await new Promise<void>((resolve) => {
          gates.push(resolve)
        })
        yield Buffer.from(text)
      }
    }
    const wish = { method: 'POST', body: madeBody(slow()), requestTimeout: 100, replyTimeout: 100 }
    const asked = stand.ask(wish)
    for (let gate = 0; gate < 2; gate++) {
      await stand.settle()
      stand.clock.advance(5_000)
      expect(asked.done).toBe(false)
      gates[gate]!()
    }
    await stand.settle()
    stand.clock.advance(90)
    expect(asked.done).toBe(false)
    stand.clock.advance(40)
    expect(asked.error?.code).toBe('ERR_TIMEOUT_HEAD')
    stand.finish()
  })

  it('replyTimeout: from the request, or the end of the answer before it', () => {
    const stand = new Stand({ maxConnPerTarget: 1, maxPipelinedRequests: 4 })
    const wire = stand.warm()
    const [front, behind] = stand.askMany(2, { replyTimeout: 300 })
    stand.clock.advance(280)
    wire.answer()
    expect(front!.answered).toBe(true)
    stand.clock.advance(280)
    expect(behind!.done).toBe(false)
    stand.clock.advance(40)
    expect(behind!.error?.code).toBe('ERR_TIMEOUT_HEAD')
    stand.finish()
  })

  it('replyTimeout: a 1xx does not put it off', () => {
    const stand = new Stand()
    const asked = stand.ask({ replyTimeout: 300 })
    const wire = stand.wires[0]!.open()
    stand.clock.advance(200)
    wire.data('HTTP/1.1 102 Processing\r\n\r\n')
    stand.clock.advance(130)
    expect(asked.error?.code).toBe('ERR_TIMEOUT_HEAD')
    expect(asked.informational).toEqual([102])
    stand.finish()
  })

  it('bodyTimeout: from the last byte, and while its reader is silent', () => {
    const stand = new Stand()
    const asked = stand.ask({ bodyTimeout: 300, streamed: true })
    const wire = stand.wires[0]!.open().data('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n')
    for (let bytes = 0; bytes < 5; bytes++) {
      stand.clock.advance(280)
      wire.data('x')
    }
    asked.takes = false
    wire.data('x')
    expect(wire.paused).toBe(true)
    stand.clock.advance(280)
    asked.x.holder!.taken(asked.x)
    stand.clock.advance(280)
    expect(asked.done).toBe(false)
    stand.clock.advance(40)
    expect(asked.error?.message).toContain('nobody read the body')
    stand.finish()
  })

  it('0 turns each of them off', () => {
    const stand = new Stand()
    const asked = stand.ask({ requestTimeout: 0, replyTimeout: 0, bodyTimeout: 0, connectTimeout: 0 })
    stand.clock.advance(100_000)
    const wire = stand.wires[0]!.open()
    stand.clock.advance(100_000)
    wire.data(`HTTP/1.1 200 OK\r\nContent-Length: ${asked.x.path.length}\r\n\r\n`)
    wire.answered++
    stand.clock.advance(100_000)
    wire.data(asked.x.path)
    expect(asked.answered).toBe(true)
    stand.finish()
  })
})
