import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import {
  createReadStream,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'

/** One line of the access log: what the server says about one request it has answered. */
export interface AccessEntry {
  readonly host: string
  readonly method: string
  readonly uri: string
  readonly status: number
  /** The server's number of the connection, and the request's place on it, from 1. */
  readonly connection: number
  readonly nth: number
  /** Bytes of the request, head and body. */
  readonly length: number
  /** Whether the request was already in the server's buffer when its turn came. */
  readonly pipelined: boolean
  readonly remote: string
  readonly tls: string
  readonly sni: string
  readonly sessionReused: boolean
}

export interface NginxOptions {
  /** The `server { … }` blocks, for these ports on 127.0.0.1. May write what they need into the folder. */
  servers(ports: { plain: number; tls: number }, folder: string): string | Promise<string>
  /** Log every accept, read and close: exact, and about 3 KB a request. */
  readonly trace?: boolean
  /** Write the access log. Default true. */
  readonly accessLog?: boolean
  /** Default 4,096. */
  readonly maxConnections?: number
}

const LOG_FORMAT = JSON.stringify({
  host: '$host',
  method: '$request_method',
  uri: '$request_uri',
  status: '$status',
  connection: '$connection',
  nth: '$connection_requests',
  length: '$request_length',
  pipelined: '$pipe',
  remote: '$remote_addr',
  tls: '$ssl_protocol',
  sni: '$ssl_server_name',
  sessionReused: '$ssl_session_reused',
})
const START_ATTEMPTS = 5
const START_TIMEOUT = 10_000

/** Why no nginx can be run here, and what to do about it; null when all is well. */
export function whyNoNginx(): string | null {
  const binary = findNginx()
  const remedy = 'install it with "apt-get install nginx-light" (Debian), or set NGINX to its path'
  if (binary === null) return `nginx was not found; ${remedy}`
  const built = execFileSync('sh', ['-c', '"$0" -V 2>&1', binary], { encoding: 'utf8' })
  const missing = ['--with-debug', '--with-http_stub_status_module', '--with-http_dav_module'].filter(
    (module) => !built.includes(module),
  )
  return missing.length === 0 ? null : `${binary} was built without ${missing.join(', ')}; ${remedy}`
}

function findNginx(): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  const named = process.env['NGINX']
  const candidates = named === undefined ? folders.map((folder) => join(folder, 'nginx')) : [named]
  return candidates.find((path) => existsSync(path)) ?? null
}

/** A real nginx on loopback, in the foreground, with all its files in a folder of its own. */
export class Nginx {
  readonly folder: string
  readonly port: number
  readonly tlsPort: number
  /** Where it tells its status: connections to here are the spec's own. */
  readonly statusPort: number
  readonly #child: ChildProcess

  private constructor(folder: string, ports: readonly number[], child: ChildProcess) {
    this.folder = folder
    this.port = ports[0]!
    this.tlsPort = ports[1]!
    this.statusPort = ports[2]!
    this.#child = child
  }

  /** Starts it, on ports that are free; resolves when it answers. */
  static async start(options: NginxOptions): Promise<Nginx> {
    const folder = mkdtempSync(join(tmpdir(), 'trawl-nginx-'))
    for (let attempt = 1; ; attempt++) {
      const ports = await freePorts(3)
      const path = join(folder, 'nginx.conf')
      writeFileSync(path, await configure(options, folder, ports))
      const errorLog = join(folder, 'error.log')
      const child = spawn(findNginx()!, ['-p', folder, '-e', errorLog, '-c', path], { stdio: 'ignore' })
      const nginx = new Nginx(folder, ports, child)
      if (await nginx.#answers()) return nginx
      const log = existsSync(errorLog) ? readFileSync(errorLog, 'utf8').slice(-2_000) : ''
      await nginx.#end()
      if (attempt === START_ATTEMPTS || !/Address already in use/.test(log)) {
        rmSync(folder, { recursive: true, force: true })
        throw new Error(`nginx did not start:\n${log}`)
      }
      rmSync(errorLog)
    }
  }

  get pid(): number {
    return this.#child.pid!
  }

  /** Connections that are open by the server's own count, the one that asks left out. */
  async activeConnections(): Promise<number> {
    const request = http.get({ host: '127.0.0.1', port: this.statusPort, path: '/', agent: false })
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    const text = (await response.toArray()).join('')
    return Number(/Active connections: (\d+)/.exec(text)![1]) - 1
  }

  /** Requests answered until now, in the order in which they were finished. */
  accessLog(): AccessEntry[] {
    const text = readFileSync(join(this.folder, 'access.log'), 'utf8')
    return text.trimEnd().split('\n').filter(Boolean).map(readEntry)
  }

  /**
   * The `count` entries that match, once they are there: nginx writes the line after the answer has
   * left. Gives what there is when it has been asked a thousand times since.
   */
  async logged(count: number, matches: (entry: AccessEntry) => boolean): Promise<AccessEntry[]> {
    for (let times = 0; times < 1000; times++) {
      const found = this.accessLog().filter((entry) => matches(entry))
      if (found.length >= count) return found
      await this.activeConnections()
    }
    return this.accessLog().filter((entry) => matches(entry))
  }

  /** The lines of the trace, in the order in which things happened. */
  async *trace(): AsyncGenerator<string> {
    yield* createInterface({ input: createReadStream(join(this.folder, 'trace.log')) })
  }

  /** Lets new workers take over; the old ones finish what they have, and close. */
  reload(): void {
    this.#child.kill('SIGHUP')
  }

  /** Ends it and takes its folder away. */
  async stop(): Promise<void> {
    await this.#end()
    rmSync(this.folder, { recursive: true, force: true })
  }

  async #answers(): Promise<boolean> {
    const until = performance.now() + START_TIMEOUT
    while (this.#child.exitCode === null && this.#child.signalCode === null && performance.now() < until) {
      try {
        await this.activeConnections()
        return true
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    return false
  }

  async #end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await exited
  }
}

async function configure(options: NginxOptions, folder: string, ports: readonly number[]): Promise<string> {
  for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'])
    mkdirSync(join(folder, name), { recursive: true })
  const [plain, tls, status] = ports as [number, number, number]
  const maxConnections = options.maxConnections ?? 4_096
  const servers = await options.servers({ plain, tls }, folder)
  return `
    ${process.getuid?.() === 0 ? 'user root;' : ''}
    daemon off;
    worker_processes 1;
    pid ${folder}/nginx.pid;
    error_log ${options.trace === true ? `${folder}/trace.log debug_event debug_http` : `${folder}/error.log warn`};
    worker_rlimit_nofile ${maxConnections + 100};
    events { worker_connections ${maxConnections}; }
    http {
      client_body_temp_path ${folder}/body;
      proxy_temp_path ${folder}/proxy;
      fastcgi_temp_path ${folder}/fastcgi;
      uwsgi_temp_path ${folder}/uwsgi;
      scgi_temp_path ${folder}/scgi;
      log_format trawl escape=json '${LOG_FORMAT}';
      access_log ${options.accessLog === false ? 'off' : `${folder}/access.log trawl`};
      default_type text/plain;
      # Room for a whole pipeline, so that the trace shows all of it as it arrives.
      client_header_buffer_size 16k;
      large_client_header_buffers 4 16k;
      server { listen 127.0.0.1:${status}; access_log off; location / { stub_status; } }
      ${servers}
    }
  `
}

function readEntry(line: string): AccessEntry {
  const raw = JSON.parse(line) as Record<string, string>
  return {
    host: raw['host']!,
    method: raw['method']!,
    uri: raw['uri']!,
    status: Number(raw['status']),
    connection: Number(raw['connection']),
    nth: Number(raw['nth']),
    length: Number(raw['length']),
    pipelined: raw['pipelined'] === 'p',
    remote: raw['remote']!,
    tls: raw['tls']!,
    sni: raw['sni']!,
    sessionReused: raw['sessionReused'] === 'r',
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => net.createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
