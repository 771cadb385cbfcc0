import { describe, expect, it } from 'vitest'
import { BodyQueue } from '../../../lib/call/response/body-queue.ts'
import { ConnectionClosedError } from '../../../lib/core/errors.ts'
import { LIMITS } from '../../../lib/core/limits.ts'

class Stand {
  readonly told: string[] = []
  readonly queue = new BodyQueue({
    onRoom: () => this.told.push('room'),
    onTaken: () => this.told.push('taken'),
    onAbandoned: () => this.told.push('abandoned'),
  })

  async next(): Promise<string> {
    const { done, value } = await this.queue.next()
    return done === true ? 'done' : Buffer.from(value).toString()
  }
}

const error = (): ConnectionClosedError => new ConnectionClosedError('it broke')

describe('a reader', () => {
  it('is given what is there, then what comes, then the end', async () => {
    const stand = new Stand()
    expect(stand.queue.begun).toBe(false)
    stand.queue.push(Buffer.from('a'))
    stand.queue.push(Buffer.from('b'))
    expect(await stand.next()).toBe('a')
    expect(await stand.next()).toBe('b')
    const waiting = stand.next()
    stand.queue.push(Buffer.from('c'))
    expect(await waiting).toBe('c')
    const last = stand.next()
    stand.queue.end()
    expect(await last).toBe('done')
    expect(await stand.next()).toBe('done')
    expect(stand.told).toEqual([])
    expect(stand.queue.begun).toBe(true)
  })

  it('is given copies: the buffer that came is used again', async () => {
    const stand = new Stand()
    const reused = Buffer.from('abc')
    stand.queue.push(reused)
    reused.fill(0)
    expect(await stand.next()).toBe('abc')
    const waiting = stand.next()
    const again = Buffer.from('def')
    stand.queue.push(again)
    again.fill(0)
    expect(await waiting).toBe('def')
  })

  it('is told of an error after all that came before it, and once', async () => {
    const stand = new Stand()
    stand.queue.push(Buffer.from('a'))
    const broken = error()
    stand.queue.fail(broken)
    stand.queue.fail(error())
    expect(await stand.next()).toBe('a')
    await expect(stand.next()).rejects.toBe(broken)
    expect(await stand.next()).toBe('done')
  })

  it('is told of an error while it waits', async () => {
    const stand = new Stand()
    const waiting = stand.next()
    const broken = error()
    stand.queue.fail(broken)
    await expect(waiting).rejects.toBe(broken)
    expect(await stand.next()).toBe('done')
  })

  it('is told of no error after the end', async () => {
    const stand = new Stand()
    stand.queue.push(Buffer.from('a'))
    stand.queue.end()
    stand.queue.fail(error())
    expect([await stand.next(), await stand.next()]).toEqual(['a', 'done'])
  })
})

describe('a full queue', () => {
  it('stops its source, and lets it go on when half is read', async () => {
    const stand = new Stand()
    const piece = Buffer.alloc(LIMITS.streamBuffer / 8)
    const answers = Array.from({ length: 8 }, () => stand.queue.push(piece))
    expect(answers).toEqual([true, true, true, true, true, true, true, false])
    expect(stand.queue.full).toBe(true)
    for (let i = 0; i < 8; i++) await stand.next()
    expect(stand.told).toEqual(['taken', 'taken', 'taken', 'taken', 'room'])
    expect(stand.queue.full).toBe(false)
  })

  it('has no room while its only piece is larger than it', async () => {
    const stand = new Stand()
    expect(stand.queue.push(Buffer.alloc(10 * LIMITS.streamBuffer))).toBe(false)
    await stand.next()
    expect(stand.told).toEqual(['room'])
  })

  it('gives a piece that somebody waits for away, however large', async () => {
    const stand = new Stand()
    const waiting = stand.next()
    expect(stand.queue.push(Buffer.alloc(2 * LIMITS.streamBuffer))).toBe(true)
    expect(await waiting).toHaveLength(2 * LIMITS.streamBuffer)
  })

  it('asks for nothing more once it has ended', async () => {
    const stand = new Stand()
    stand.queue.push(Buffer.alloc(LIMITS.streamBuffer))
    stand.queue.end()
    expect(stand.queue.full).toBe(false)
    await stand.next()
    expect(stand.told).toEqual([])
  })
})

describe('a reader that leaves', () => {
  it('gives up the rest, and says so once', async () => {
    const stand = new Stand()
    stand.queue.push(Buffer.from('a'))
    stand.queue.push(Buffer.from('b'))
    for await (const chunk of stand.queue) {
      expect(Buffer.from(chunk).toString()).toBe('a')
      break
    }
    expect(stand.told).toEqual(['abandoned'])
    await stand.queue.return()
    expect(stand.told).toEqual(['abandoned'])
    expect(await stand.next()).toBe('done')
  })

  it('ends a wait of its own', async () => {
    const stand = new Stand()
    const waiting = stand.next()
    await stand.queue.return()
    expect(await waiting).toBe('done')
  })

  it('after the end gives up nothing', async () => {
    const stand = new Stand()
    stand.queue.push(Buffer.from('a'))
    stand.queue.end()
    await stand.queue.return()
    expect(stand.told).toEqual([])
    expect(await stand.next()).toBe('done')
  })

  it('hears of no error that comes after it, or lay there unread', async () => {
    const stand = new Stand()
    await stand.queue.return()
    stand.queue.fail(error())
    expect(await stand.next()).toBe('done')
    const other = new Stand()
    other.queue.fail(error())
    await other.queue.return()
    expect(await other.next()).toBe('done')
  })
})
