import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Bench, type Running } from './run-trawl.ts'

const UNDER_WAY = 6

let bench: Bench
let port = 0
/** Answers that wait for the spec; page 0 is answered at once. */
let held: ServerResponse[] = []
let allHeld = Promise.withResolvers<void>()

beforeEach(async () => {
  bench = await Bench.make()
  held = []
  allHeld = Promise.withResolvers()
  port = await bench.serve((request, response) => {
    if (request.url === '/0') {
      response.end('0')
      return
    }
    // A large first part, so that a temporary file is there when the run is ended.
    response.writeHead(200, { 'content-length': 100_001 }).write('x'.repeat(100_000))
    held.push(response)
    if (held.length === UNDER_WAY) allHeld.resolve()
  })
})

afterEach(() => bench.dispose())

/**
 * Starts a run over a list that stays open, and waits until all its connections are in use. There
 * are fewer connections than pages: by then page 0 has come, since the last page rides on its connection.
 */
async function startHeld(more = 0): Promise<Running> {
  const args = [
    'get',
    '--input',
    '-',
    '--output-dir',
    'out',
    '--report',
    'report.jsonl',
    '--progress',
    'none',
  ]
  const running = bench.start([...args, '--max-conn', '6', '--max-conn-per-target', '6'], null)
  const lines = Array.from({ length: UNDER_WAY + 1 + more }, (_, i) => `http://127.0.0.1:${port}/${i}\n`)
  running.child.stdin!.write(lines.join(''))
  await allHeld.promise
  return running
}

/** Resolves once the command has said it. Page 0 may not be on the disk yet, and counts then, too. */
async function said(running: Running, message: RegExp): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>()
  const look = (): void => {
    if (message.test(running.messages())) resolve()
  }
  running.child.stderr!.on('data', look)
  look()
  await promise
}

describe('Ctrl-C', () => {
  it('finishes what is under way, and loses nothing', async () => {
    const running = await startHeld()
    running.child.kill('SIGINT')
    await said(running, /^interrupted: finishing [67] under way; Ctrl-C again aborts them\n/)
    for (const response of held) response.end('y')
    const { code, stderr } = await running.ended
    expect(code).toBe(130)
    expect(stderr).toContain('stopped early: interrupted\n')
    expect(stderr).toContain('7 done')
    const sizes = Object.values(await bench.files('out')).map((body) => body.length)
    expect(sizes.toSorted((a, b) => a - b)).toEqual([1, ...Array.from({ length: UNDER_WAY }, () => 100_001)])
    const report = await bench.report()
    expect(report).toHaveLength(UNDER_WAY + 1)
    expect(report.every(({ error, file }) => error === null && file !== null)).toBe(true)
  })

  it('starts nothing that waits for a connection', async () => {
    const running = await startHeld(5)
    running.child.kill('SIGINT')
    await said(running, /^interrupted: finishing 6 under way/)
    for (const response of held) response.end('y')
    const { code, stderr } = await running.ended
    expect(code).toBe(130)
    expect(stderr).toContain('7 done')
    expect(held).toHaveLength(UNDER_WAY)
    expect(await bench.report()).toHaveLength(UNDER_WAY + 1)
  })

  it('aborts when it comes again: what is whole stays, what is not goes, all is reported', async () => {
    const running = await startHeld()
    running.child.kill('SIGINT')
    await said(running, /^interrupted: finishing [67] under way/)
    running.child.kill('SIGINT')
    const { code, stderr } = await running.ended
    expect(code).toBe(130)
    expect(stderr).toContain('7 done')
    expect(Object.values(await bench.files('out'))).toEqual(['0'])
    const report = await bench.report()
    expect(report.filter(({ error }) => error === 'ERR_CLOSED')).toHaveLength(UNDER_WAY)
    expect(report).toHaveLength(UNDER_WAY + 1)
  })

  it.each([
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)('%s aborts at once', async (signal, expected) => {
    const running = await startHeld()
    running.child.kill(signal)
    expect((await running.ended).code).toBe(expected)
    expect(Object.values(await bench.files('out'))).toEqual(['0'])
    expect(await bench.report()).toHaveLength(UNDER_WAY + 1)
  })

  it('does not wait for a server that has asked for a pause', async () => {
    const refused = Promise.withResolvers<void>()
    const busy = await bench.serve((_, response) => {
      response.writeHead(429, { 'retry-after': '300' }).end(() => refused.resolve())
    })
    const args = ['--job', 'job', '--discard', '--progress', 'none', `http://127.0.0.1:${busy}/`]
    const running = bench.start(['get', ...args])
    await refused.promise
    running.child.kill('SIGINT')
    const { code, stderr } = await running.ended
    expect(code).toBe(130)
    expect(stderr).toContain('1 under way only wait for their servers: they are given up\n')
    // It is left for the next run.
    expect((await bench.run(['job', bench.path('job'), '--status'])).stdout).toContain('0 finished')
  })
})
