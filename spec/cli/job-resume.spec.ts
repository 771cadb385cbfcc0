import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Job } from '../../lib/index.ts'
import { Bench, type Ran } from './run-trawl.ts'

/** More than what is held whole with --pipeline. */
const BODY = Buffer.alloc(5_000_000, 'abcdefghij')
const SENT = 400_000

let bench: Bench
let url = ''
/** What the server does next. */
let mode: 'break' | 'refuse' | 'serve' = 'break'

beforeEach(async () => {
  bench = await Bench.make()
  mode = 'break'
  const port = await bench.serve((request, response) => {
    if (mode === 'refuse') {
      response.writeHead(404, { etag: '"v1"' }).end('gone')
      return
    }
    const from = Number(/^bytes=(\d+)-$/u.exec(request.headers.range ?? '')?.[1] ?? 0)
    const fields = { etag: '"v1"', 'content-length': BODY.length - from }
    if (from === 0) response.writeHead(200, fields)
    else
      response.writeHead(206, {
        ...fields,
        'content-range': `bytes ${from}-${BODY.length - 1}/${BODY.length}`,
      })
    if (mode === 'serve') response.end(BODY.subarray(from))
    else response.write(BODY.subarray(0, SENT), () => response.destroy())
  })
  url = `http://127.0.0.1:${port}/file`
})

afterEach(() => bench.dispose())

async function run(next: typeof mode, ...more: string[]): Promise<Ran> {
  mode = next
  const args = ['--job', 'job', '--output-dir', 'out', '--report', 'report.jsonl', '--progress', 'none']
  return bench.spawn(['get', ...args, '--retry', '0', ...more, url])
}

/** Another run, in which what has failed is tried again. */
async function runAgain(next: typeof mode, ...more: string[]): Promise<Ran> {
  await Job.retryFailed(bench.path('job'))
  return run(next, ...more)
}

const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex')

describe('a file of a job that is gone on with', () => {
  it('may be larger than what is held whole for a pipeline', async () => {
    const { code } = await run('break', '--pipeline', '4')
    expect(code).toBe(4)
    expect(await runAgain('serve', '--pipeline', '4')).toMatchObject({ code: 0 })
    const [, done] = await bench.report()
    expect(done).toMatchObject({ status: 206, error: null })
    expect(digest(await readFile(bench.path(done!.file!)))).toBe(digest(BODY))
  })

  it('is told as any other: a refusal by its status, and the file by the path that was given', async () => {
    expect((await run('break')).code).toBe(4)
    const { code, stderr } = await runAgain('refuse')
    expect([code, stderr]).toEqual([8, expect.stringContaining('answered 404 Not Found')])
    expect((await runAgain('serve')).code).toBe(0)
    const [broken, refused, done] = await bench.report()
    expect(broken).toMatchObject({ error: 'ERR_CONNECTION_CLOSED', file: null })
    expect(refused).toMatchObject({
      status: 404,
      error: null,
      message: 'answered 404 Not Found',
      file: null,
      clientIp: '127.0.0.1',
    })
    expect(done).toMatchObject({ status: 206, error: null, resumedFrom: expect.any(Number) as number })
    expect(done!.file!.startsWith('out/')).toBe(true)
    expect(digest(await readFile(join(bench.folder, done!.file!)))).toBe(digest(BODY))
  })
})
