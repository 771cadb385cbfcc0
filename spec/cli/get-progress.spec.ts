import type { ServerResponse } from 'node:http'
import { PassThrough, Readable } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { trawl } from '../../lib/cli/trawl.ts'
import { Bench } from './run-trawl.ts'
import { Screen } from './terminal.ts'

let bench: Bench
let port = 0
/** Answers that wait for the spec. */
let held: ServerResponse[] = []
let isHeld = Promise.withResolvers<void>()

beforeEach(async () => {
  bench = await Bench.make()
  held = []
  isHeld = Promise.withResolvers()
  port = await bench.serve((request, response) => {
    if (request.url === '/hold') {
      held.push(response)
      isHeld.resolve()
    } else if (request.url === '/gone') {
      response.writeHead(404).end('no')
    } else {
      response.end('yes')
    }
  })
})

afterEach(() => bench.dispose())

function url(path: string): string {
  return `http://127.0.0.1:${port}/${path}`
}

/** What a run says that gets the signal while its only answer waits. */
async function messagesOf(mode: string): Promise<string> {
  const running = bench.start(['get', '--output-dir', 'out', '--progress', mode, url('hold')])
  await isHeld.promise
  const { promise: told, resolve } = Promise.withResolvers<void>()
  running.child.stderr!.on('data', () => {
    if (/0 done in|"finish":null/.test(running.messages())) resolve()
  })
  running.child.kill('SIGUSR1')
  await told
  held[0]!.end('yes')
  const { stderr, code } = await running.ended
  expect(code).toBe(0)
  expect(stderr).not.toContain('Debugger')
  return stderr
}

interface Line {
  readonly type: string
  readonly finish: string | null
  readonly done: number
  readonly ok: number
  readonly failed: number
  readonly statuses: Record<string, number>
  readonly errors: { readonly count: number }[]
}

function parsed(text: string): Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

describe('--progress json', () => {
  it('makes all of standard error JSON, and the summary the last line', async () => {
    const list = [url('1'), url('2'), url('gone'), 'no URL', 'http://127.0.0.1:9/'].join('\n')
    const args = ['get', '--input', '-', '--output-dir', bench.path('out'), '--retry', '0']
    const { stderr, code } = await bench.run([...args, '--progress', 'json'], list)
    expect(code).not.toBe(0)
    const lines = parsed(stderr).filter(({ type }) => type !== 'progress')
    expect(lines.map(({ type }) => type)).toEqual(['note', 'note', 'note', 'summary'])
    const summary = lines.at(-1)!
    expect(summary).toMatchObject({ finish: 'done', done: 5, ok: 2, failed: 3, files: 2 })
    expect(summary.statuses).toEqual({ 200: 2, 404: 1 })
    expect(summary.errors.map(({ count }) => count)).toEqual([1, 1])
  })

  it('has what is refused before the first request be JSON, too', async () => {
    const input = bench.path('none')
    const { stderr, code } = await bench.run(['get', '--input', input, '--discard', '--progress', 'json'])
    expect(code).toBe(3)
    expect(parsed(stderr)).toEqual([
      expect.objectContaining({
        type: 'note',
        text: expect.stringContaining(`cannot read the input ${input}`),
      }),
    ])
  })
})

describe('--progress bar', () => {
  it('leaves the messages and the summary, and nothing of the view', async () => {
    const screen = new Screen(100, 40)
    const io = {
      stdin: Readable.from([]),
      stdout: new PassThrough().resume(),
      stderr: screen.stream,
      env: {},
    }
    const paths = ['1', '2', 'gone', '3']
    const args = ['get', '--output-dir', bench.path('out'), '--progress', 'bar', ...paths.map(url)]
    await trawl(args, io)
    const lines = await screen.lines()
    expect(lines[0]).toBe(`${url('gone')}: answered 404 Not Found`)
    expect(lines[1]).toMatch(/^4 done in .*: 3 ok, 1 failed$/)
    expect(lines.slice(2).filter((line) => !line.startsWith('  '))).toEqual([])
    screen.dispose()
  })
})

describe.skipIf(process.platform === 'win32')('SIGUSR1', () => {
  it.each(['plain', 'none'])('prints statistics while --progress %s goes on', async (mode) => {
    const messages = await messagesOf(mode)
    expect(messages).toMatch(/^statistics: 0\/1, 0 ok, 0 failed, /m)
    expect(messages).toMatch(/^0 done in /m)
    expect(messages).toMatch(/^1 done in /m)
  })

  it('prints a summary so far where all is JSON', async () => {
    const summaries = parsed(await messagesOf('json')).filter(({ type }) => type === 'summary')
    expect(summaries).toMatchObject([
      { finish: null, done: 0, statuses: {} },
      { finish: 'done', done: 1, statuses: { 200: 1 } },
    ])
  })
})
