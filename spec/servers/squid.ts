import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Program } from './program.ts'
import { logged, ServerProcess } from './server-process.ts'

/** One line of the access log: what the proxy says about one request or tunnel that has ended. */
export interface ProxyEntry {
  readonly client: string
  /** The client's port: one for each connection. */
  readonly clientPort: number
  readonly method: string
  readonly url: string
  readonly status: number
  readonly user: string
}

export interface SquidOptions {
  /** The only user and password it lets pass, of letters, digits and colons; without them it lets all pass. */
  readonly credentials?: { readonly user: string; readonly password: string }
  /** Names that it knows, all of them 127.0.0.1. */
  readonly hosts: readonly string[]
  /** Ports that tunnels may not lead to. */
  readonly forbiddenPort?: number
  /** More lines of its configuration. */
  readonly more?: string
}

export const squidProgram: Program = {
  name: 'squid',
  files: ['squid'],
  packages: 'squid',
  variable: 'SQUID',
}

/** A real squid on loopback. */
export class Squid implements AsyncDisposable {
  readonly #process: ServerProcess

  private constructor(process: ServerProcess) {
    this.#process = process
  }

  /** Starts it, on a port that is free; resolves when it takes connections. */
  static async start(options: SquidOptions): Promise<Squid> {
    return new Squid(
      await ServerProcess.start({
        program: squidProgram,
        ports: 1,
        configure: (folder, ports) => {
          const path = join(folder, 'squid.conf')
          writeFileSync(path, configure(options, folder, ports[0]!))
          return ['-N', '-f', path]
        },
      }),
    )
  }

  get port(): number {
    return this.#process.ports[0]!
  }

  /** Requests and tunnels that have ended, in the order in which they did. */
  accessLog(): ProxyEntry[] {
    const path = join(this.#process.folder, 'access.log')
    if (!existsSync(path)) return []
    const entries = readFileSync(path, 'utf8').trimEnd().split('\n').filter(Boolean).map(readEntry)
    // The look whether it answers asks for nothing.
    return entries.filter((entry) => entry.method !== '-')
  }

  /**
   * The `count` entries that match, once they are there: a line comes after its answer, a tunnel's after
   * its end. Gives what there is after 10 s.
   */
  logged(count: number, matches: (entry: ProxyEntry) => boolean): Promise<readonly ProxyEntry[]> {
    return logged(count, () => this.accessLog().filter((entry) => matches(entry)))
  }

  /** Ends it and takes its folder away. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#process.stop()
  }
}

function configure(options: SquidOptions, folder: string, port: number): string {
  const { credentials, hosts, forbiddenPort } = options
  writeFileSync(join(folder, 'hosts'), hosts.map((host) => `127.0.0.1 ${host}\n`).join(''))
  if (credentials !== undefined) {
    // Squid asks a program: a line with both in, OK or ERR out.
    const known = `${credentials.user} ${credentials.password}`
    const program = `#!/bin/sh\nwhile read -r line; do [ "$line" = '${known}' ] && echo OK || echo ERR; done\n`
    writeFileSync(join(folder, 'check'), program)
    chmodSync(join(folder, 'check'), 0o755)
  }
  const access =
    credentials === undefined
      ? 'http_access allow all'
      : `auth_param basic program ${folder}/check
         auth_param basic children 1 startup=1
         auth_param basic realm trawl
         acl known proxy_auth REQUIRED
         http_access allow known
         http_access deny all`
  const forbidden =
    forbiddenPort === undefined
      ? ''
      : `acl forbidden port ${forbiddenPort}
         http_access deny forbidden`
  return `
    http_port 127.0.0.1:${port}
    pid_filename ${folder}/squid.pid
    cache_log ${folder}/cache.log
    logformat trawl %>a %>p %rm %ru %>Hs %[un
    access_log stdio:${folder}/access.log trawl
    buffered_logs off
    strip_query_terms off
    coredump_dir ${folder}
    cache deny all
    memory_cache_shared off
    netdb_filename none
    pinger_enable off
    hosts_file ${folder}/hosts
    shutdown_lifetime 0 seconds
    visible_hostname squid.test
    pipeline_prefetch 8
    ${options.more ?? ''}
    ${forbidden}
    ${access}
  `.replaceAll(/^ +/gm, '')
}

function readEntry(line: string): ProxyEntry {
  const [client, clientPort, method, url, status, user] = line.split(' ')
  return {
    client: client!,
    clientPort: Number(clientPort),
    method: method!,
    url: url!,
    status: Number(status),
    user: user!,
  }
}
