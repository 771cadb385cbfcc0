import { createServer, type AddressInfo, type Server } from 'node:net'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Client } from '../../lib/index.ts'
import { HarFile } from '../../lib/reports/har-file.ts'
import { TraceFile } from '../../lib/reports/trace-file.ts'
import { ReportFolder } from '../reports/report-folder.ts'
import { faultsOf, rowsOf, type TraceEvent } from '../reports/trace-events.ts'
import { writeCertificate } from './certificate.ts'
import { describeWith } from './describe-with.ts'
import { Nginx, nginxProgram } from './nginx.ts'

const PAGES = 40
const DEPTH = 4

interface Entry {
  readonly startedDateTime: string
  readonly time: number
  readonly request: { readonly url: string; readonly headersSize: number }
  readonly response: {
    readonly status: number
    readonly redirectURL: string
    readonly bodySize: number
    readonly content: { readonly size: number; readonly mimeType: string }
    readonly _error?: string
  }
  readonly timings: Readonly<Record<string, number>>
  readonly serverIPAddress?: string
  readonly connection?: string
  readonly _clientIp?: string
}

/** A server that takes a request, and ends the connection without an answer. */
async function startLosing(): Promise<{ server: Server; url: string }> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.once('data', () => socket.resetAndDestroy())
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/lost` }
}

describeWith([nginxProgram], 'a HAR and a trace of a run', () => {
  let nginx: Nginx
  let losing: Server
  const folder = new ReportFolder()
  const notes: string[] = []
  const note = (text: string): unknown => notes.push(text)
  let entries: Entry[] = []
  let events: TraceEvent[] = []
  let origin = ''
  let secure = ''
  let lostUrl = ''
  const before = Date.now()

  beforeAll(async () => {
    let ca = ''
    nginx = await Nginx.start({
      servers: async ({ plain, tls }, path) => {
        ca = await writeCertificate(path, ['site.test'])
        return `
          ssl_certificate ${path}/cert.pem;
          ssl_certificate_key ${path}/key.pem;
          server {
            listen 127.0.0.1:${plain}; listen 127.0.0.1:${tls} ssl; server_name site.test;
            location /page/ { default_type text/html; return 200 "$request_uri\\n"; }
            location /moved { return 301 /page/moved; }
            location / { return 404 "none\\n"; }
          }
        `
      },
    })
    origin = `http://site.test:${nginx.port}`
    secure = `https://site.test:${nginx.tlsPort}`
    const { server, url } = await startLosing()
    losing = server
    lostUrl = url
    const har = await HarFile.open(folder.file('run.har'), { note })
    const trace = await TraceFile.open(folder.file('run.json'), { note })
    const client = new Client({
      resolve: (host) => (host === 'site.test' ? '127.0.0.1' : undefined),
      maxConnPerTarget: 2,
      maxPipelinedRequests: DEPTH,
      tlsOptions: { ca },
      maxRetries: 1,
    })
    await client.get(`${origin}/moved`)
    await Promise.all(Array.from({ length: PAGES }, (_, n) => client.get(`${origin}/page/${n}`)))
    await client.get(`${origin}/none`)
    await client.get(`${secure}/page/tls`, { clientIp: '127.0.0.3' })
    await Promise.allSettled([client.get(lostUrl)])
    await client.close()
    await har.close()
    await trace.close()
    const { log } = folder.json('run.har') as { log: { entries: Entry[] } }
    entries = log.entries
    events = (folder.json('run.json') as { traceEvents: TraceEvent[] }).traceEvents
  })

  afterAll(async () => {
    folder[Symbol.dispose]()
    losing?.close()
    await nginx?.stop()
  })

  const entryOf = (url: string): Entry => entries.find(({ request }) => request.url === url)!

  it('nothing went wrong with them', () => {
    expect(notes).toEqual([])
  })

  it('the HAR has as many entries as the server has answered, by its own log', async () => {
    const answered = await nginx.logged(PAGES + 4, ({ uri }) => uri !== '')
    const shown = entries.filter(({ response }) => response.status !== 0)
    expect(
      shown
        .map(({ request, response }) => [response.status, new URL(request.url).pathname].join(' '))
        .toSorted(),
    ).toEqual(answered.map(({ status, uri }) => [status, uri].join(' ')).toSorted())
    // Head and body of what nginx has read are what the HAR says was sent.
    const byPath = new Map(shown.map((entry) => [new URL(entry.request.url).pathname, entry]))
    for (const { uri, length, connection } of answered) {
      const entry = byPath.get(uri)!
      expect(entry.request.headersSize).toBe(length)
      const mates = answered.filter((other) => other.connection === connection)
      const same = mates.map((other) => byPath.get(other.uri)!)
      expect(new Set(same.map((mate) => mate.connection))).toEqual(new Set([entry.connection]))
    }
  })

  it('the HAR tells redirects, what is not there, and what was lost, attempt by attempt', () => {
    expect(entryOf(`${origin}/moved`).response).toMatchObject({
      status: 301,
      redirectURL: `${origin}/page/moved`,
    })
    expect(entryOf(`${origin}/none`).response).toMatchObject({
      status: 404,
      bodySize: 5,
      content: { size: 5 },
    })
    const lost = entries.filter(({ request }) => request.url === lostUrl)
    expect(lost.length).toBeGreaterThan(1)
    for (const { response, connection } of lost) {
      expect(response).toMatchObject({ status: 0, _error: 'ERR_CONNECTION_CLOSED' })
      expect(connection).toBeDefined()
    }
    expect(new Set(lost.map(({ connection }) => connection)).size).toBe(lost.length)
  })

  it('the HAR tells where each went, and where its time did', () => {
    const tls = entryOf(`${secure}/page/tls`)
    expect(tls).toMatchObject({ serverIPAddress: '127.0.0.1', _clientIp: '127.0.0.3' })
    expect(tls.timings['connect']).toBeGreaterThanOrEqual(tls.timings['ssl']!)
    expect(tls.timings['ssl']).toBeGreaterThan(0)
    const first = entryOf(`${origin}/moved`)
    expect(first.timings['connect']).toBeGreaterThan(0)
    expect(first.timings['ssl']).toBe(-1)
    const now = Date.now()
    for (const { startedDateTime, time, timings } of entries) {
      const { ssl: _, ...parts } = timings
      const sum = Object.values(parts).reduce((total, part) => total + Math.max(0, part), 0)
      expect(sum).toBeCloseTo(time, 1)
      expect(Date.parse(startedDateTime)).toBeGreaterThanOrEqual(before)
      expect(Date.parse(startedDateTime)).toBeLessThanOrEqual(now)
    }
  })

  it('the trace shows each exchange once, in rows where none overlap', () => {
    expect(faultsOf(events)).toEqual([])
    const shown = events.filter(({ cat }) => cat === 'exchange')
    expect(shown.map(({ args }) => String(args!['url'])).toSorted()).toEqual(
      entries.map(({ request }) => request.url).toSorted(),
    )
  })

  it('the trace shows as many in flight on a connection as there may be, and no more', () => {
    const rows = rowsOf(events).filter(({ process, row }) => process === origin && row.includes('in flight'))
    const names = rows.map(({ row }) => row)
    // The first connection is there before all the pages wait; the second may come late.
    const all = [1, 2].flatMap((place) => [1, 2, 3, 4].map((nth) => `#${place} in flight ${nth}`))
    expect(all).toEqual(expect.arrayContaining(names))
    expect(names.slice(0, DEPTH)).toEqual(all.slice(0, DEPTH))
    const dialled = rowsOf(events).filter(({ row }) => row === '#1 connection')
    for (const { slices } of dialled) expect(slices.map(({ name }) => name)).toContain('tcp')
    const { slices } = dialled.find(({ process }) => process.startsWith(secure))!
    expect(slices.map(({ name }) => name)).toContain('tls or proxy')
  })
})
