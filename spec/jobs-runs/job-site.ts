import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Random } from '../../lib/testing/index.ts'
import { Nginx } from '../servers/nginx.ts'
import { pageOf, siteLocations, writeSite } from '../servers/site.ts'

/** What the server says about one request, in the order in which they ended: also of those that nobody waited for. */
export interface JobRequest {
  /** Without scheme and port. */
  readonly url: string
  readonly status: number
  /** Bytes of the body that were sent. */
  readonly sent: number
  readonly range: string
}

export interface JobSiteOptions {
  readonly urls: number
  readonly hosts: number
  /** One in so many URLs of a host is a large file. */
  readonly largeEvery: number
}

/** Lines of one host in a row. */
const RUN = 100
const MISSING_EVERY = 40
const LEAST = 1_000_000
const MOST = 5_000_000
/** Bytes a second of one large file: it takes its time, so that there are parts when the job is killed. */
const LARGE_RATE = '4m'
const LOG = 'job_requests.log'

/** Many small pages of known content over several hosts; some are missing, some are large. On a real nginx. */
export class JobSite implements AsyncDisposable {
  readonly nginx: Nginx
  readonly #options: JobSiteOptions
  readonly #bytes: Buffer
  /** Lines of the log. */
  #read = 0

  private constructor(nginx: Nginx, options: JobSiteOptions, bytes: Buffer) {
    this.nginx = nginx
    this.#options = options
    this.#bytes = bytes
  }

  static async start(options: JobSiteOptions): Promise<JobSite> {
    const bytes = noise(MOST)
    const { urls, hosts } = options
    const names = Array.from({ length: hosts }, (_, i) => hostName(i))
    const nginx = await Nginx.start({
      servers: ({ plain }, folder) => {
        writeSite(folder, names, Math.ceil(urls / hosts / RUN) * RUN)
        for (let i = 0; i < urls; i++) writeLarge(folder, i, options, bytes)
        return `
          log_format job escape=json
            '{"url":"$host$request_uri","status":$status,"sent":$body_bytes_sent,"range":"$http_range"}';
          server {
            listen 127.0.0.1:${plain} backlog=4096;
            server_name ${names.join(' ')};
            access_log ${folder}/${LOG} job;
            ${siteLocations(folder)}
            location /large/ { root ${folder}/$host; limit_rate ${LARGE_RATE}; }
            location / { return 404 "none\\n"; }
          }
        `
      },
    })
    return new JobSite(nginx, options, bytes)
  }

  /** A list of all its URLs. Hosts come in runs of lines. */
  writeList(path: string): void {
    const { urls } = this.#options
    const lines = Array.from({ length: urls }, (_, i) => `http://${this.urlOf(i)}\n`)
    writeFileSync(path, lines.join(''))
  }

  /** Flags of the command that lead to it. */
  get route(): readonly string[] {
    return ['--resolve', `*:${this.nginx.port}:127.0.0.1`]
  }

  /** Without scheme. */
  urlOf(i: number): string {
    const { host, path } = this.#pageOf(i)
    return `${host}:${this.nginx.port}${path}`
  }

  /** null: it is missing. */
  bodyOf(i: number): Buffer | null {
    const { host, kind, n } = this.#pageOf(i)
    if (kind === 'missing') return null
    if (kind === 'large') return largeOf(host, n, this.#bytes)
    return Buffer.from(pageOf(host, n).body)
  }

  isLarge(i: number): boolean {
    return this.#pageOf(i).kind === 'large'
  }

  /** Resolves when nobody asks any more: what a killed client had asked for is in the log. */
  async quiet(): Promise<void> {
    const until = performance.now() + 20_000
    while ((await this.nginx.activeConnections()) > 0) {
      if (performance.now() > until) throw new Error('the server has connections 20 s after its client ended')
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** What was asked since this was called last. URLs with the port, as `urlOf`. */
  newRequests(): JobRequest[] {
    const lines = readFileSync(join(this.nginx.folder, LOG), 'utf8')
      .split('\n')
      .filter(Boolean)
      .slice(this.#read)
    this.#read += lines.length
    return lines.map((line) => {
      const request = JSON.parse(line) as JobRequest
      return { ...request, url: request.url.replace('/', `:${this.nginx.port}/`) }
    })
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.nginx.stop()
  }

  #pageOf(i: number): { host: string; path: string; kind: 'page' | 'missing' | 'large'; n: number } {
    const { host, n } = placeOf(i, this.#options)
    if (isLargeNumber(n, this.#options)) return { host, path: `/large/${n}.bin`, kind: 'large', n }
    if (n % MISSING_EVERY === 39) return { host, path: `/missing/${n}`, kind: 'missing', n }
    return { host, path: pageOf(host, n).path, kind: 'page', n }
  }
}

function hostName(i: number): string {
  return `host${i}.test`
}

function placeOf(i: number, { hosts }: JobSiteOptions): { host: string; n: number } {
  const run = Math.floor(i / RUN)
  return { host: hostName(run % hosts), n: Math.floor(run / hosts) * RUN + (i % RUN) }
}

function isLargeNumber(n: number, { largeEvery }: JobSiteOptions): boolean {
  return n % largeEvery === 17
}

/** Each begins with its name, and none is as long as another. */
function largeOf(host: string, n: number, bytes: Buffer): Buffer {
  const name = Buffer.from(`${host} ${n}\n`)
  const size = new Random(n * 1_000 + Number.parseInt(host.slice('host'.length), 10)).int(LEAST, MOST - 100)
  return Buffer.concat([name, bytes.subarray(0, size)])
}

function writeLarge(folder: string, i: number, options: JobSiteOptions, bytes: Buffer): void {
  const { host, n } = placeOf(i, options)
  if (!isLargeNumber(n, options)) return
  mkdirSync(join(folder, host, 'large'), { recursive: true })
  writeFileSync(join(folder, host, 'large', `${n}.bin`), largeOf(host, n, bytes))
}

function noise(size: number): Buffer {
  const random = new Random(7)
  const bytes = Buffer.alloc(size)
  for (let at = 0; at + 4 <= size; at += 4) bytes.writeUInt32LE(Math.floor(random.next() * 0x1_0000_0000), at)
  return bytes
}
