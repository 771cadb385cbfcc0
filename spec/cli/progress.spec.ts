import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { Progress, type ProgressCounts, type ProgressStream } from '../../lib/cli/progress.ts'

let written = ''
let counts: ProgressCounts

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
  written = ''
  counts = { done: 0, total: 100, ok: 0, failed: 0, connections: 2, bytes: 0 }
})

afterEach(() => {
  vi.useRealTimers()
})

function stream(columns?: number): ProgressStream {
  const pass = new PassThrough()
  pass.on('data', (chunk: Buffer) => {
    written += chunk.toString()
  })
  return columns === undefined ? pass : Object.assign(pass, { isTTY: true, columns, rows: 24 })
}

describe('progress', () => {
  it('is a plain line after a second, and then every ten', async () => {
    const progress = new Progress(stream(), 'plain', () => counts)
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

  it('is one live line on a terminal, below the messages, and gone at the end', async () => {
    const progress = new Progress(stream(60), 'bar', () => counts)
    await progress.start()
    counts = { ...counts, done: 50, ok: 49, failed: 1 }
    vi.advanceTimersByTime(200)
    expect(written).toContain('50/100  49 ok  1 failed  250 req/s')
    written = ''
    vi.advanceTimersByTime(1_000)
    expect(written.match(/50\/100/g)).toHaveLength(5)
    progress.note('a message')
    expect(written).toContain('a message\n')
    progress.stop()
    written = ''
    vi.advanceTimersByTime(60_000)
    expect(written).toBe('')
  })

  it('is silent when told to, messages apart, and still keeps the process alive', async () => {
    const progress = new Progress(stream(), 'none', () => counts)
    await progress.start()
    vi.advanceTimersByTime(60_000)
    expect(vi.getTimerCount()).toBe(1)
    progress.note('a message')
    progress.stop()
    expect(written).toBe('a message\n')
    expect(vi.getTimerCount()).toBe(0)
  })
})
