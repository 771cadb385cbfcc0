import { once } from 'node:events'
import { access, readdir, readFile } from 'node:fs/promises'
import { createServer, type AddressInfo } from 'node:net'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { Outcome } from '../../lib/cli/outcome.ts'
import { openRecorders, type RecorderOptions, type Recorders } from '../../lib/cli/recorders.ts'
import { Client } from '../../lib/index.ts'
import { makeOutcome } from '../reports/made-outcome.ts'
import { Bench } from './run-trawl.ts'

const NONE: RecorderOptions = { har: '', trace: '', htmlReport: '', metrics: null }
const END = { elapsedMs: 10, stopped: '' }

let bench: Bench
let notes: string[]
const note = (text: string): void => void notes.push(text)

beforeEach(async () => {
  bench = await Bench.make()
  notes = []
})

afterEach(() => bench.dispose())

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}

/** Somebody else may take the port in between. */
async function openOnFreePort(
  paths: Omit<RecorderOptions, 'metrics'>,
  client: Client,
): Promise<[Recorders, port: number]> {
  for (let attempt = 1; ; attempt++) {
    const metrics = await freePort()
    try {
      return [(await openRecorders({ ...paths, metrics }, note, () => client.stats()))!, metrics]
    } catch (error) {
      if (attempt === 5 || !/is taken/.test(String(error))) throw error
    }
  }
}

describe('the records of a run', () => {
  it('are none where none is asked for', async () => {
    expect(await openRecorders(NONE, note)).toBeNull()
  })

  it('are all written of one run', async () => {
    const port = await bench.serve((request, response) => response.end(request.url))
    const [har, trace, htmlReport] = ['a.har', 'a.json', 'a.html'].map((name) => bench.path(name)) as [
      string,
      string,
      string,
    ]
    const client = new Client()
    const [recorders, metrics] = await openOnFreePort({ har, trace, htmlReport }, client)
    const response = await client.get(`http://127.0.0.1:${port}/one`)
    const { ok: _, ...made } = makeOutcome({ url: response.url, host: `127.0.0.1:${port}` })
    recorders.add({ ...made, exitCode: 0 } as Outcome)
    expect(notes).toEqual([`figures for Prometheus: http://127.0.0.1:${metrics}/metrics`])
    const figures = await (await fetch(`http://127.0.0.1:${metrics}/metrics`)).text()
    expect(figures).toContain('trawl_items_total{result="ok"} 1')
    expect(figures).toContain('trawl_connections_dialled_total 1')
    // As the command does: what it has dialled is known afterwards too.
    client.destroy()
    await recorders.close(END)
    expect(JSON.parse(await readFile(har, 'utf8'))).toMatchObject({ log: { version: '1.2' } })
    expect(JSON.parse(await readFile(trace, 'utf8'))).toHaveProperty('traceEvents')
    const page = await readFile(htmlReport, 'utf8')
    expect(page).toContain('<dd id="total-done">1<')
    expect(page).toContain('<dd id="total-dialled">1<')
    expect(page).toContain(`http://127.0.0.1:${port}/one`)
    await expect(fetch(`http://127.0.0.1:${metrics}/metrics`)).rejects.toThrow('fetch failed')
  })

  it('are refused before the run where one of them cannot be, and the others leave no trace of a page', async () => {
    const taken = createServer().listen(0, '127.0.0.1')
    await once(taken, 'listening')
    const { port } = taken.address() as AddressInfo
    const opening = openRecorders({ ...NONE, htmlReport: bench.path('a.html'), metrics: port }, note)
    await expect(opening).rejects.toMatchObject({ name: 'CliError', exitCode: 2 })
    taken.close()
    expect(await readdir(bench.folder)).toEqual([])
    for (const flag of ['har', 'trace', 'html-report']) {
      const name = flag === 'html-report' ? 'htmlReport' : flag
      const wrong = openRecorders({ ...NONE, [name]: bench.path('none/a') }, note)
      await expect(wrong).rejects.toMatchObject({ name: 'CliError', exitCode: 3 })
      await expect(wrong).rejects.toThrow(`--${flag}: cannot write ${bench.path('none/a')}: `)
    }
  })

  it('are refused where two would be one file', async () => {
    const path = bench.path('a')
    const opening = openRecorders({ ...NONE, har: path, htmlReport: `${bench.folder}/./a` }, note)
    await expect(opening).rejects.toMatchObject({ exitCode: 2 })
    await expect(opening).rejects.toThrow(/^--har and --html-report are both /)
    await expect(access(path)).rejects.toThrow('ENOENT')
  })
})
