import { randomBytes } from 'node:crypto'
import { statSync, existsSync, readFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { digest } from '../jobs/download-stand.ts'
import { Bench } from './run-trawl.ts'

const SIZE = 3_000_000
const CONTENT = randomBytes(SIZE)

let bench: Bench
let port = 0
/** What each request asked for. */
let asked: { path: string; range: string }[] = []
let answer: (path: string, response: ServerResponse) => void

beforeEach(async () => {
  bench = await Bench.make()
  asked = []
  port = await bench.serve((request, response) => {
    const { url: path = '' } = request
    const { range = '' } = request.headers
    asked.push({ path, range })
    response.setHeader('ETag', '"v1"')
    if (range === '') {
      answer(path, response)
      return
    }
    const start = Number(/^bytes=(\d+)-$/u.exec(range)![1])
    response.writeHead(206, {
      'Content-Range': `bytes ${start}-${SIZE - 1}/${SIZE}`,
      'Content-Length': SIZE - start,
    })
    response.end(CONTENT.subarray(start))
  })
})

afterEach(() => bench.dispose())

const urlOf = (path: string): string => `http://127.0.0.1:${port}${path}`

function args(...more: readonly string[]): string[] {
  const places = [
    '--job',
    bench.path('job'),
    '--output-dir',
    bench.path('out'),
    '--report',
    bench.path('report.jsonl'),
  ]
  return ['get', ...places, '--progress', 'none', ...more]
}

const file = (): string => bench.path('out/f.bin')
const list = (...items: readonly object[]): string =>
  items.map((each) => `${JSON.stringify(each)}\n`).join('')
const FROM_JSONL = ['--input', '-', '--input-format', 'jsonl'] as const

/** Sends two thirds, and then nothing. */
function hang(_: string, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Length': SIZE })
  response.write(CONTENT.subarray(0, 2_000_000))
}

describe('a large file of a job', () => {
  it('is gone on with after a second Ctrl-C, and after a kill', async () => {
    for (const signals of [['SIGINT', 'SIGINT'], ['SIGKILL']] as const) {
      answer = hang
      const item = list({ url: urlOf(`/${signals[0]}`), out: `${signals[0]}.bin` })
      const running = bench.start(args(...FROM_JSONL), item)
      const part = bench.path(`out/${signals[0]}.bin.trawl-part`)
      await vi.waitFor(() => expect(existsSync(part) && statSync(part).size).toBeGreaterThan(500_000), 10_000)
      for (const signal of signals) {
        running.child.kill(signal)
        const isSeen = (): boolean => signal === 'SIGKILL' || running.messages().includes('interrupted')
        await vi.waitUntil(isSeen, 10_000)
      }
      await running.ended
      expect(
        existsSync(bench.path('report.jsonl')) && readFileSync(bench.path('report.jsonl'), 'utf8'),
      ).not.toContain(signals[0])
      const again = await bench.run(args(...FROM_JSONL), item)
      expect([again.code, again.stderr]).toEqual([0, expect.any(String)])
      expect(asked.at(-1)!.range).toMatch(/^bytes=\d{6,7}-$/u)
      expect(digest(readFileSync(bench.path(`out/${signals[0]}.bin`)))).toBe(digest(CONTENT))
      const reported = (await bench.report()).filter(({ url }) => url.endsWith(`/${signals[0]}`))
      expect(reported).toHaveLength(1)
    }
  })
})

describe('the checksum of an item', () => {
  const right = `sha-256=${digest(CONTENT)}`
  const wrong = randomBytes(SIZE)

  it('has the next mirror asked where what came is something else', async () => {
    for (const size of [SIZE, 1_000]) {
      answer = (path, response) =>
        response.end((path.startsWith('/good') ? CONTENT : wrong).subarray(0, size))
      const out = `f${size}.bin`
      const checksum = `sha-256=${digest(CONTENT.subarray(0, size))}`
      const item = {
        url: urlOf(`/bad${size}`),
        mirrors: [urlOf(`/worse${size}`), urlOf(`/good${size}`), urlOf('/unused')],
        checksum,
        out,
      }
      const { code } = await bench.run(args(...FROM_JSONL), list(item))
      expect(code).toBe(0)
      expect(digest(readFileSync(bench.path(`out/${out}`)))).toBe(digest(CONTENT.subarray(0, size)))
    }
    expect(asked.some(({ path }) => path === '/unused')).toBe(false)
    expect(Object.keys(await bench.files('out')).toSorted()).toEqual(['f1000.bin', `f${SIZE}.bin`])
  })

  it('is an error of the item where no mirror has it, and leaves nothing', async () => {
    answer = (_, response) => response.end(wrong)
    const item = { url: urlOf('/a'), mirrors: [urlOf('/b')], checksum: right, out: 'f.bin' }
    const { code } = await bench.run(args(...FROM_JSONL), list(item))
    expect(code).not.toBe(0)
    expect([asked.map(({ path }) => path), existsSync(file())]).toEqual([['/a', '/b'], false])
    expect((await bench.report()).map(({ error }) => error)).toEqual(['ERR_CHECKSUM'])
    expect(await bench.files('out')).toEqual({})
  })

  it('is asked of what an answer says of itself, too', async () => {
    answer = (_, response) => {
      response.setHeader(
        'Content-Digest',
        `sha-256=:${Buffer.from(digest(wrong), 'hex').toString('base64')}:`,
      )
      response.end(CONTENT)
    }
    await bench.run(args(...FROM_JSONL), list({ url: urlOf('/a'), out: 'f.bin' }))
    expect((await bench.report()).map(({ error }) => error)).toEqual(['ERR_CHECKSUM'])
    expect(await bench.files('out')).toEqual({})
  })
})
