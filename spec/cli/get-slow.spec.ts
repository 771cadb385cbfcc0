import type { IncomingMessage, ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Bench } from './run-trawl.ts'

let bench: Bench
let port = 0

beforeEach(async () => {
  bench = await Bench.make()
  port = await bench.serve(answer)
})

afterEach(() => bench.dispose())

/** `/drip` sends a byte every 20 ms, for as long as anybody listens. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  if (request.url !== '/drip') {
    response.end('quick')
    return
  }
  response.writeHead(200, { 'content-length': 1_000_000 })
  const timer = setInterval(() => response.write('x'), 20)
  response.on('close', () => clearInterval(timer))
}

function get(path: string, ...args: string[]): ReturnType<Bench['run']> {
  const url = `http://127.0.0.1:${port}${path}`
  return bench.run(['get', url, '--retry', '0', '--progress', 'none', ...args])
}

describe('--speed-limit and --speed-time', () => {
  it.each([['--speed-limit 100k --speed-time 0.3'], ['-Y 1000 -y 0.2']])(
    'give a slow body up: %s',
    async (flags) => {
      const { code, stderr } = await get('/drip', ...flags.split(' '))
      expect(stderr).toMatch(
        /bytes of the body came in \d+ ms \(minBodyRateWindow\): fewer than \d+ a second/,
      )
      expect(code).toBe(4)
    },
  )

  it.each([['-Y 1k'], ['-y 0.1'], ['-Y 1 -y 0.1']])('let a quick one pass: %s', async (flags) => {
    expect(await get('/quick', ...flags.split(' '))).toMatchObject({ code: 0, stdout: 'quick' })
  })
})
