import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { createReadStream, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { type Program, whyNot } from './program.ts'
import { logged, ServerProcess } from './server-process.ts'

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

export const nginxProgram: Program = {
  name: 'nginx',
  files: ['nginx'],
  packages: 'nginx-light',
  variable: 'NGINX',
  lacks: (path) => {
    const built = execFileSync('sh', ['-c', '"$0" -V 2>&1', path], { encoding: 'utf8' })
    const modules = ['--with-debug', '--with-http_stub_status_module', '--with-http_dav_module']
    const missing = modules.filter((module) => !built.includes(module))
    return missing.length === 0 ? null : `was built without ${missing.join(', ')}`
  },
}

/** Why no nginx can be run here, and what to do about it; null when all is well. */
export function whyNoNginx(): string | null {
  return whyNot(nginxProgram)
}

/** A real nginx on loopback. */
export class Nginx {
  readonly #process: ServerProcess

  private constructor(process: ServerProcess) {
    this.#process = process
  }

  /** Starts it, on ports that are free; resolves when it answers. */
  static async start(options: NginxOptions): Promise<Nginx> {
    return new Nginx(
      await ServerProcess.start({
        program: nginxProgram,
        ports: 3,
        configure: async (folder, ports) => {
          const path = join(folder, 'nginx.conf')
          writeFileSync(path, await configure(options, folder, ports))
          return ['-p', folder, '-e', join(folder, 'error.log'), '-c', path]
        },
        answers: (ports) => activeConnections(ports[2]!),
      }),
    )
  }

  get folder(): string {
    return this.#process.folder
  }

  get port(): number {
    return this.#process.ports[0]!
  }

  get tlsPort(): number {
    return this.#process.ports[1]!
  }

  /** Where it tells its status: connections to here are the spec's own. */
  get statusPort(): number {
    return this.#process.ports[2]!
  }

  get pid(): number {
    return this.#process.pid
  }

  /** Connections that are open by the server's own count, the one that asks left out. */
  activeConnections(): Promise<number> {
    return activeConnections(this.statusPort)
  }

  /** Requests answered until now, in the order in which they were finished. */
  accessLog(): AccessEntry[] {
    const text = readFileSync(join(this.folder, 'access.log'), 'utf8')
    return text.trimEnd().split('\n').filter(Boolean).map(readEntry)
  }

  /** The `count` entries that match, once they are there; what there is after 10 s. */
  logged(count: number, matches: (entry: AccessEntry) => boolean): Promise<readonly AccessEntry[]> {
    return logged(count, () => this.accessLog().filter((entry) => matches(entry)))
  }

  /** The lines of the trace, in the order in which things happened. */
  async *trace(): AsyncGenerator<string> {
    yield* createInterface({ input: createReadStream(join(this.folder, 'trace.log')) })
  }

  /** Lets new workers take over; the old ones finish what they have, and close. */
  reload(): void {
    this.#process.signal('SIGHUP')
  }

  /** Ends it and takes its folder away. */
  stop(): Promise<void> {
    return this.#process.stop()
  }
}

async function activeConnections(statusPort: number): Promise<number> {
  const request = http.get({ host: '127.0.0.1', port: statusPort, path: '/', agent: false })
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  const text = (await response.toArray()).join('')
  return Number(/Active connections: (\d+)/.exec(text)![1]) - 1
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
