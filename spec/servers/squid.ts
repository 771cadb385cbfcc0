import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, createServer, type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

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
}

const START_ATTEMPTS = 5
const START_TIMEOUT = 20_000

/** Why no squid can be run here, and what to do about it; null when all is well. */
export function whyNoSquid(): string | null {
  if (findSquid() !== null) return null
  return 'squid was not found; install it with "apt-get install squid" (Debian), or set SQUID to its path'
}

function findSquid(): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  const named = process.env['SQUID']
  const candidates = named === undefined ? folders.map((folder) => join(folder, 'squid')) : [named]
  return candidates.find((path) => existsSync(path)) ?? null
}

/** A real squid on loopback, in the foreground, with all its files in a folder of its own. */
export class Squid implements AsyncDisposable {
  readonly port: number
  readonly #folder: string
  readonly #child: ChildProcess

  private constructor(folder: string, port: number, child: ChildProcess) {
    this.#folder = folder
    this.port = port
    this.#child = child
  }

  /** Starts it, on a port that is free; resolves when it takes connections. */
  static async start(options: SquidOptions): Promise<Squid> {
    const folder = mkdtempSync(join(tmpdir(), 'trawl-squid-'))
    // Started by root it becomes a user of its own, who writes the logs.
    chmodSync(folder, 0o777)
    for (let attempt = 1; ; attempt++) {
      const port = await freePort()
      writeFileSync(join(folder, 'squid.conf'), configure(options, folder, port))
      const child = spawn(findSquid()!, ['-N', '-f', join(folder, 'squid.conf')], { stdio: 'ignore' })
      const squid = new Squid(folder, port, child)
      if (await squid.#answers()) return squid
      const path = join(folder, 'cache.log')
      const log = existsSync(path) ? readFileSync(path, 'utf8').slice(-2_000) : ''
      await squid.#end()
      if (attempt === START_ATTEMPTS || !/in use/.test(log)) {
        rmSync(folder, { recursive: true, force: true })
        throw new Error(`squid did not start:\n${log}`)
      }
      rmSync(path)
    }
  }

  /** Requests and tunnels that have ended, in the order in which they did. */
  accessLog(): ProxyEntry[] {
    const path = join(this.#folder, 'access.log')
    if (!existsSync(path)) return []
    const entries = readFileSync(path, 'utf8').trimEnd().split('\n').filter(Boolean).map(readEntry)
    // The look whether it answers asks for nothing.
    return entries.filter((entry) => entry.method !== '-')
  }

  /**
   * The `count` entries that match, once they are there: a line comes after its answer, a tunnel's after
   * its end. Gives what there is after 10 s.
   */
  async logged(count: number, matches: (entry: ProxyEntry) => boolean): Promise<ProxyEntry[]> {
    const until = performance.now() + 10_000
    for (;;) {
      const found = this.accessLog().filter((entry) => matches(entry))
      if (found.length >= count || performance.now() > until) return found
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }

  /** Ends it and takes its folder away. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#end()
    rmSync(this.#folder, { recursive: true, force: true })
  }

  async #answers(): Promise<boolean> {
    const until = performance.now() + START_TIMEOUT
    while (this.#child.exitCode === null && this.#child.signalCode === null && performance.now() < until) {
      const socket = connect(this.port, '127.0.0.1')
      try {
        await once(socket, 'connect')
        return true
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 20))
      } finally {
        socket.destroy()
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
    coredump_dir ${folder}
    cache deny all
    memory_cache_shared off
    netdb_filename none
    pinger_enable off
    hosts_file ${folder}/hosts
    shutdown_lifetime 0 seconds
    visible_hostname squid.test
    pipeline_prefetch 8
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

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}
