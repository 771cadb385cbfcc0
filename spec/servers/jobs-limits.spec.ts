import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { Bench, type Ran } from '../cli/run-trawl.ts'
import { describeWith } from './describe-with.ts'
import { Nginx, nginxProgram } from './nginx.ts'

const SIZE = 200_000
/** nginx's clock moves on between events only, ms. */
const SLACK = 30

interface Entry {
  readonly host: string
  readonly uri: string
  readonly status: number
  /** ms: when it was read, and when its answer had been sent. */
  readonly began: number
  readonly ended: number
}

/** The smallest time between the starts of two requests. */
function leastGap(entries: readonly Entry[]): number {
  const starts = entries.map(({ began }) => began).toSorted((a, b) => a - b)
  return Math.min(...starts.slice(1).map((start, i) => start - starts[i]!))
}

describeWith([nginxProgram], 'a job with a limit', () => {
  let nginx: Nginx
  let bench: Bench
  let before = 0

  const readLog = (): Entry[] => {
    const lines = readFileSync(join(nginx.folder, 'limits.log'), 'utf8').split('\n').filter(Boolean)
    return lines.map((line) => {
      const { at, took, ...rest } = JSON.parse(line) as Entry & { at: number; took: number }
      const ended = Math.round(at * 1000)
      return { ...rest, began: ended - Math.round(took * 1000), ended }
    })
  }
  const log = (): Entry[] => readLog().slice(before)
  const urls = (count: number, path: string, hosts: number): string[] =>
    Array.from({ length: count }, (_, n) => `http://host${n % hosts}.test:${nginx.port}${path}${n}\n`)
  const run = (lines: readonly string[], ...flags: string[]): Promise<Ran> => {
    writeFileSync(bench.path('urls.txt'), lines.join(''))
    const places = ['--input', 'urls.txt', '--job', 'job', '--output-dir', 'out', '--report', 'report.jsonl']
    const route = ['--resolve', `*:${nginx.port}:127.0.0.1`, '--progress', 'none']
    return bench.spawn(['get', ...places, ...route, ...flags])
  }
  beforeAll(async () => {
    nginx = await Nginx.start({
      servers: ({ plain }, folder) => {
        writeFileSync(join(folder, 'large.bin'), Buffer.alloc(SIZE, 'x'))
        return `
          log_format limits escape=json
            '{"host":"$host","uri":"$request_uri","status":$status,"at":$msec,"took":$request_time}';
          server {
            listen 127.0.0.1:${plain};
            server_name ~.;
            access_log ${folder}/limits.log limits;
            location /page/ { return 200 "$host$request_uri\\n"; }
            location /large/ { root ${folder}; rewrite ^ /large.bin break; }
            location /slow/ { root ${folder}; limit_rate 2k; rewrite ^ /large.bin break; }
            location /busy/ { add_header Retry-After 1 always; return 503; }
            location / { return 404; }
          }
        `
      },
    })
  })
  beforeEach(async () => {
    bench = await Bench.make()
    before = readLog().length
  })
  afterEach(() => bench.dispose())
  afterAll(() => nginx?.stop())

  it('--rate: no more in all, whatever the hosts', async () => {
    const { code, stderr } = await run(urls(12, '/page/', 4), '--rate', '10/s')
    expect([code, stderr]).toEqual([0, expect.stringContaining('12 ok, 0 failed')])
    expect(leastGap(log())).toBeGreaterThanOrEqual(100 - SLACK)
  })

  it('--rate-per-host: no more to each', async () => {
    const { code } = await run(urls(18, '/page/', 3), '--rate-per-host', '5/s')
    expect(code).toBe(0)
    const hosts = Map.groupBy(log(), ({ host }) => host)
    expect([...hosts.values()].map((entries) => entries.length)).toEqual([6, 6, 6])
    for (const entries of hosts.values()) expect(leastGap(entries)).toBeGreaterThanOrEqual(200 - SLACK)
  })

  it('--limit-rate: bytes a second of all together', async () => {
    const { code } = await run(urls(6, '/large/', 3), '--limit-rate', '400k')
    expect(code).toBe(0)
    // 1.2 MB at 400 KB a second; by the client's clock, as sockets take all that nginx has at once.
    const longest = Math.max(...(await bench.report()).map(({ totalMs }) => totalMs ?? 0))
    expect(longest).toBeGreaterThan(1_500)
    expect(Object.values(await bench.files('out')).map((body) => body.length)).toEqual(
      Array.from({ length: 6 }, () => SIZE),
    )
  })

  it('--max-failures: ends, says so, and goes on with what is left', async () => {
    const lines = [...urls(50, '/none/', 1), ...urls(50, '/page/', 1)]
    const first = await run(lines, '--max-failures', '10', '--max-conn', '5')
    expect(first.code).toBe(13)
    expect(first.stderr).toMatch(/stopped early: 1\d failed, and --max-failures is 10/)
    const asked = log().length
    expect(asked).toBeLessThanOrEqual(15)
    const second = await run(lines)
    expect(second.code).toBe(8)
    expect(log()).toHaveLength(100)
    expect(await bench.report()).toHaveLength(100)
  })

  it('--max-total-time: ends what is under way, and goes on later', async () => {
    const lines = [...urls(20, '/page/', 4), ...urls(4, '/slow/', 4)]
    const first = await run(lines, '--max-total-time', '4')
    expect(first.code).toBe(10)
    expect(first.stderr).toContain('stopped early: --max-total-time (4 s) is over')
    expect(await bench.report()).toHaveLength(20)
    expect(
      Object.keys(await bench.files('out')).filter((name) => !name.includes('.trawl-part')),
    ).toHaveLength(20)
    const second = await run(lines, '--max-total-time', '2')
    expect(second.stderr).toContain('20 done before (20 ok, 0 failed), 0 in this run: 20 in all')
    expect(log().filter(({ uri }) => uri.startsWith('/page/'))).toHaveLength(20)
  })

  it('--stall-limit: a host that only refuses is given up, and the others are done', async () => {
    const lines = Array.from({ length: 30 }, (_, n) => `http://busy.test:${nginx.port}/busy/${n}\n`)
    const { code, stderr } = await run([...lines, ...urls(20, '/page/', 4)], '--stall-limit', '2')
    expect(stderr).toContain('20 ok, 30 failed')
    expect(stderr).toMatch(/ERR_LIMIT: \d+\n.*stallLimit/)
    expect(code).toBe(7)
    const busy = log().filter(({ host }) => host === 'busy.test')
    // Else each would have been asked for four times.
    expect(busy.length).toBeLessThan(2 * lines.length)
  })
})
