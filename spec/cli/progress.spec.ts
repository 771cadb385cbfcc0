import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Progress, type ProgressCounts, type ProgressStream } from '../../lib/cli/progress.ts'
import { makeHost } from './make-outcome.ts'
import { Screen } from './terminal.ts'

let written = ''
let counts: ProgressCounts
let reads = 0

function read(): ProgressCounts {
  reads++
  return counts
}

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance', 'Date'], now: 1_700_000_000_000 })
  written = ''
  reads = 0
  const now = { connections: 2, bytes: 0, retrying: 0, pausedTargets: 0, hosts: [], clientIps: [] }
  counts = { done: 0, total: 100, ok: 0, failed: 0, ...now }
})

afterEach(() => {
  vi.useRealTimers()
})

function stream(): ProgressStream {
  const pass = new PassThrough()
  pass.on('data', (chunk: Buffer) => {
    written += chunk.toString()
  })
  return pass
}

describe('progress', () => {
  it('is a plain line after a second, and then every ten', async () => {
    const progress = new Progress(stream(), 'plain', read)
    await progress.start()
    vi.advanceTimersByTime(999)
    expect(written).toBe('')
    counts = { ...counts, done: 10, ok: 10, bytes: 1_024 }
    vi.advanceTimersByTime(1)
    expect(written).toBe('10/100, 10 ok, 0 failed, 10.0 req/s, 1.0 KiB/s, 2 conn, ETA 9 s\n')
    progress.note('a message')
    vi.advanceTimersByTime(9_999)
    expect(written.split('\n')).toHaveLength(3)
    vi.advanceTimersByTime(1)
    expect(written.split('\n')).toHaveLength(4)
    progress.stop()
    vi.advanceTimersByTime(60_000)
    expect(written.split('\n')).toHaveLength(4)
    expect(vi.getTimerCount()).toBe(0)
  })

  it('is a live view on a terminal, below the messages, and gone at the end', async () => {
    const screen = new Screen(80, 24)
    const progress = new Progress(screen.stream, 'bar', read)
    await progress.start()
    counts = { ...counts, done: 50, ok: 49, failed: 1, hosts: [makeHost('a.test'), makeHost('b.test')] }
    vi.advanceTimersByTime(200)
    const lines = [
      '[####################....................]  50%  50/100  ETA 1 s',
      '49 ok  1 failed  250 req/s  0 B/s  2 conn',
    ]
    expect((await screen.lines()).slice(0, 2)).toEqual(lines)
    progress.note('a message')
    expect((await screen.lines()).slice(0, 3)).toEqual(['a message', ...lines])
    expect(await screen.lines()).toHaveLength(6)
    progress.print('statistics:\n  of two lines')
    expect((await screen.lines()).slice(1, 4)).toEqual(['statistics:', '  of two lines', lines[0]])
    progress.stop()
    vi.advanceTimersByTime(60_000)
    screen.stream.write('summary\n')
    expect(await screen.lines()).toEqual(['a message', 'statistics:', '  of two lines', 'summary'])
    expect(screen.stream.listenerCount('resize')).toBe(0)
    expect(vi.getTimerCount()).toBe(0)
    screen.dispose()
  })

  it('is laid out anew as soon as the terminal has another size, with nothing read for it', async () => {
    const screen = new Screen(80, 24)
    const progress = new Progress(screen.stream, 'bar', read)
    await progress.start()
    counts = { ...counts, hosts: [makeHost('a.test'), makeHost('b.test')] }
    vi.advanceTimersByTime(200)
    const readBefore = reads
    for (const columns of [40, 120, 60, 80]) {
      await screen.resize(columns, 24)
      const lines = await screen.lines()
      expect(lines).toHaveLength(5)
      expect(lines.filter((line) => line.startsWith('a.test'))).toHaveLength(1)
    }
    expect(reads).toBe(readBefore)
    progress.stop()
    expect(await screen.lines()).toEqual([])
    screen.dispose()
  })

  it('is one JSON object a line for programs, messages too', async () => {
    const progress = new Progress(stream(), 'json', read)
    await progress.start()
    const hosts = [makeHost('a.test', { pausedMs: 1_999.5, perSecond: 9.99 })]
    counts = { ...counts, done: 10, ok: 9, failed: 1, bytes: 2_048, hosts }
    vi.advanceTimersByTime(1_000)
    progress.note('a "message"')
    progress.stop()
    const lines = written.split('\n')
    expect(lines.map((line) => (line === '' ? null : (JSON.parse(line) as unknown)))).toEqual([
      {
        type: 'progress',
        time: '2023-11-14T22:13:21.000Z',
        elapsedMs: 1_000,
        done: 10,
        total: 100,
        ok: 9,
        failed: 1,
        retrying: 0,
        requestsPerSecond: 10,
        bytesPerSecond: 2_048,
        bytes: 2_048,
        connections: 2,
        pausedTargets: 0,
        etaMs: 9_000,
        hosts: [
          {
            host: 'a.test',
            done: 9,
            failed: 1,
            inFlight: 6,
            waiting: 30,
            pausedMs: 2_000,
            requestsPerSecond: 10,
          },
        ],
        clientIps: [],
      },
      { type: 'note', time: '2023-11-14T22:13:21.000Z', text: 'a "message"' },
      null,
    ])
  })

  it('leaves states out while whoever reads is behind, but no message', async () => {
    const slow = new PassThrough({ highWaterMark: 10 })
    const progress = new Progress(slow, 'plain', read)
    await progress.start()
    vi.advanceTimersByTime(100_000)
    progress.note('a message')
    progress.stop()
    const text = String(slow.read())
    expect(text.match(/0\/100/g)).toHaveLength(1)
    expect(text).toMatch(/a message\n$/)
  })

  it('is silent when told to, messages apart, and still keeps the process alive', async () => {
    const progress = new Progress(stream(), 'none', read)
    await progress.start()
    const readBefore = reads
    vi.advanceTimersByTime(60_000)
    expect(reads).toBe(readBefore)
    expect(vi.getTimerCount()).toBe(1)
    progress.note('a message')
    progress.stop()
    expect(written).toBe('a message\n')
    expect(vi.getTimerCount()).toBe(0)
  })
})
