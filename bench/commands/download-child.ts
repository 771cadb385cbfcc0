import { closeSync, createWriteStream, openSync, statSync, writeSync } from 'node:fs'
import http from 'node:http'
import net from 'node:net'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { peakRss } from '../peak-rss.ts'

/** Downloads of one client, one after the other, in a process of its own: writes what they took as JSON, and ends. */
export interface DownloadJob {
  readonly client: string
  readonly url: string
  readonly size: number
  /** Downloads that are measured; one goes before them. */
  readonly count: number
  /** An empty folder, where each download gets a file of its own; null: to nothing. */
  readonly folder: string | null
}

/** Fetches into `path`, or to nothing and resolves with the number of bytes. */
type Download = (url: string, path: string | null) => Promise<number>

/** Each as its documentation proposes; a library is imported by the run that uses it. */
const CLIENTS: Readonly<Record<string, () => Promise<Download>>> = {
  async trawl() {
    const { Client } = await import('../../lib/index.ts')
    const client = new Client()
    return async (url, path) => {
      if (path !== null) return (await client.download(url, path)).size
      return await lengthOf((await client.stream(url)).body)
    }
  },
  async 'trawl, readInto'() {
    const { Client } = await import('../../lib/index.ts')
    const client = new Client()
    const target = new Uint8Array(262_144)
    return async (url) => {
      const response = await client.stream(url)
      let length = 0
      for (;;) {
        const count = await response.readInto(target)
        if (count === 0) return length
        length += count
      }
    }
  },
  async 'undici request'() {
    const { Agent, request } = await import('undici')
    const dispatcher = new Agent()
    return async (url, path) => {
      const { body } = await request(url, { dispatcher })
      return path === null ? await lengthOf(body) : await save(body, path)
    }
  },
  /** Its documentation calls it the faster one: the body goes to a Writable, without a Readable between. */
  async 'undici stream'() {
    const { Agent, stream } = await import('undici')
    const { Writable } = await import('node:stream')
    const dispatcher = new Agent()
    return async (url, path) => {
      let length = 0
      const drop = (): InstanceType<typeof Writable> =>
        new Writable({
          write(chunk: Buffer, _encoding, done) {
            length += chunk.length
            done()
          },
        })
      await stream(url, { dispatcher, method: 'GET' }, () =>
        path === null ? drop() : createWriteStream(path),
      )
      return path === null ? length : statSync(path).size
    }
  },
  async 'undici dispatch'() {
    const { Agent } = await import('undici')
    const agent = new Agent()
    return (url) => {
      const { origin, pathname } = new URL(url)
      let length = 0
      return new Promise((resolve, reject) => {
        agent.dispatch(
          { origin, path: pathname, method: 'GET' },
          {
            onRequestStart() {},
            onResponseStart() {},
            onResponseData(_controller, chunk) {
              length += chunk.length
            },
            onResponseEnd: () => resolve(length),
            onResponseError: (_controller, error) => reject(error),
          },
        )
      })
    }
  },
  async 'node:http'() {
    const agent = new http.Agent({ keepAlive: true })
    return async (url, path) => {
      const response = await new Promise<Readable>((resolve, reject) => {
        http.get(url, { agent }, resolve).on('error', reject)
      })
      return await take(response, path)
    }
  },
  async got() {
    const { default: got } = await import('got')
    const agent = { http: new http.Agent({ keepAlive: true }) }
    return (url, path) => take(got.stream(url, { agent }), path)
  },
  async axios() {
    const { default: axios } = await import('axios')
    const httpAgent = new http.Agent({ keepAlive: true })
    const client = axios.create({ adapter: 'http', httpAgent, responseType: 'stream' })
    return async (url, path) => await take((await client.get<Readable>(url)).data, path)
  },
  async 'built-in fetch'() {
    return async (url, path) => {
      const body = (await fetch(url)).body!
      return path === null ? await lengthOf(body) : await save(Readable.fromWeb(body), path)
    }
  },
  /** The floor: one buffer for all reads, and a file that is written while the socket waits. */
  async 'raw socket'() {
    return (url, path) => new Promise((resolve, reject) => rawSocket(url, path, resolve, reject))
  },
}

async function lengthOf(body: AsyncIterable<Uint8Array>): Promise<number> {
  let length = 0
  for await (const chunk of body) length += chunk.length
  return length
}

/** By its events, which is the cheaper way to read a stream of Node. */
function take(stream: Readable, path: string | null): Promise<number> {
  if (path !== null) return save(stream, path)
  return new Promise((resolve, reject) => {
    let length = 0
    stream.on('data', (chunk: Buffer) => (length += chunk.length))
    stream.on('end', () => resolve(length))
    stream.on('error', reject)
  })
}

async function save(stream: Readable, path: string): Promise<number> {
  await pipeline(stream, createWriteStream(path))
  return statSync(path).size
}

/** Bytes, as many as trawl reads at most at once. */
const READ_BUFFER = 262_144

function rawSocket(
  url: string,
  path: string | null,
  resolve: (length: number) => void,
  reject: (error: Error) => void,
): void {
  const { hostname, port, pathname, host } = new URL(url)
  const file = path === null ? null : openSync(path, 'w')
  let left = -1
  let length = 0
  const read = (bytes: number, buffer: Uint8Array): boolean => {
    let start = 0
    if (left === -1) {
      const head = Buffer.from(buffer.buffer, 0, bytes).toString('latin1')
      start = head.indexOf('\r\n\r\n') + 4
      left = Number(/content-length: (\d+)/i.exec(head)![1])
    }
    const count = bytes - start
    if (file !== null) writeSync(file, buffer, start, count)
    length += count
    left -= count
    if (left > 0) return true
    socket.destroy()
    if (file !== null) closeSync(file)
    resolve(length)
    return false
  }
  const onread = { buffer: Buffer.allocUnsafeSlow(READ_BUFFER), callback: read }
  const socket = net.connect({ host: hostname, port: Number(port), noDelay: true, onread })
  socket.on('error', reject)
  socket.write(`GET ${pathname} HTTP/1.1\r\nHost: ${host}\r\n\r\n`, 'latin1')
}

async function run({ client, url, size, count, folder }: DownloadJob): Promise<string> {
  const download = await CLIENTS[client]!()
  const one = async (n: number): Promise<void> => {
    const length = await download(url, folder === null ? null : join(folder, String(n)))
    if (length !== size) throw new Error(`${length} bytes instead of ${size}`)
  }
  await one(0)
  const cpuBefore = process.cpuUsage()
  const timeBefore = performance.now()
  for (let n = 1; n <= count; n++) await one(n)
  const cpu = process.cpuUsage(cpuBefore)
  const wall = (performance.now() - timeBefore) / count
  return JSON.stringify({
    cpu: (cpu.user + cpu.system) / ((count * size) / 1e6),
    wall,
    peakRss: peakRss(),
  })
}

process.stdout.write(await run(JSON.parse(process.argv[2]!) as DownloadJob))
process.exit(0)
