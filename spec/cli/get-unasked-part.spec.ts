import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Bench } from './run-trawl.ts'

let bench: Bench
let url = ''

beforeEach(async () => {
  bench = await Bench.make()
  const port = await bench.serve((request, response) => {
    const total = request.url === '/all' ? 4 : 100
    response.writeHead(206, { 'content-length': 4, 'content-range': `bytes 0-3/${total}` }).end('body')
  })
  url = `http://127.0.0.1:${port}`
})

afterEach(() => bench.dispose())

function get(...args: string[]): ReturnType<Bench['spawn']> {
  return bench.spawn([
    'get',
    '--output-dir',
    'out',
    '--report',
    'report.jsonl',
    '--progress',
    'none',
    ...args,
  ])
}

describe('a 206', () => {
  it('that nobody asked for is no file, unless it is all there is', async () => {
    const { code } = await get('--retry', '0', `${url}/part`, `${url}/all`)
    expect(code).toBe(7)
    const lines = await bench.report()
    expect(lines.find((line) => line.url.endsWith('/part'))).toMatchObject({
      error: 'ERR_PROTOCOL',
      status: 206,
      file: null,
      message: expect.stringContaining('though no range was asked for') as string,
    })
    expect(lines.find((line) => line.url.endsWith('/all'))).toMatchObject({ error: null, status: 206 })
  })

  it('that was asked for is what was wanted', async () => {
    expect((await get('-H', 'Range: bytes=0-3', `${url}/part`)).code).toBe(0)
  })
})
