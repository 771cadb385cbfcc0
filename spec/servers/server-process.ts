import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { findProgram, type Program } from './program.ts'

/** How a server is started, in the foreground. */
export interface Recipe {
  readonly program: Program
  /** Ports on 127.0.0.1 that it takes. */
  readonly ports: number
  /** Writes its configuration into the folder, and returns the arguments that it is started with. */
  configure(folder: string, ports: readonly number[]): readonly string[] | Promise<readonly string[]>
  /** Resolves when it serves, rejects when it does not yet. Default: it takes a connection to the first port. */
  readonly answers?: (ports: readonly number[]) => Promise<unknown>
}

const START_ATTEMPTS = 5
const START_TIMEOUT = 20_000
const LOG_TIMEOUT = 10_000
/** Where servers say what keeps them from starting. */
const LOGS = ['stderr.log', 'error.log', 'cache.log']

/** A real server on loopback, a child of the specs, with all its files in a folder of its own. */
export class ServerProcess {
  readonly folder: string
  readonly ports: readonly number[]
  readonly #recipe: Recipe
  readonly #args: readonly string[]
  #child: ChildProcess

  private constructor(recipe: Recipe, folder: string, ports: readonly number[], args: readonly string[]) {
    this.#recipe = recipe
    this.folder = folder
    this.ports = ports
    this.#args = args
    this.#child = this.#spawn()
  }

  /** Starts it, on ports that are free; resolves when it answers. */
  static async start(recipe: Recipe): Promise<ServerProcess> {
    const { name } = recipe.program
    const folder = mkdtempSync(join(tmpdir(), `trawl-${name}-`))
    // Some become a user of their own where they are started by root, who reads the site and writes the logs.
    chmodSync(folder, 0o777)
    for (let attempt = 1; ; attempt++) {
      const ports = await freePorts(recipe.ports)
      const args = await recipe.configure(folder, ports)
      const server = new ServerProcess(recipe, folder, ports, args)
      if (await server.#answers()) return server
      const log = server.#whatItSaid()
      await server.#end()
      if (attempt === START_ATTEMPTS || !/in use/i.test(log)) {
        rmSync(folder, { recursive: true, force: true })
        throw new Error(`${name} did not start:\n${log}`)
      }
      for (const file of LOGS) rmSync(join(folder, file), { force: true })
    }
  }

  get pid(): number {
    return this.#child.pid!
  }

  signal(name: 'SIGHUP'): void {
    this.#child.kill(name)
  }

  /** Ends it and starts another, on the same ports. */
  async restart(): Promise<void> {
    await this.#end()
    this.#child = this.#spawn()
    if (!(await this.#answers())) {
      throw new Error(`${this.#recipe.program.name} did not start again:\n${this.#whatItSaid()}`)
    }
  }

  /** Ends it and takes its folder away. */
  async stop(): Promise<void> {
    await this.#end()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #spawn(): ChildProcess {
    const [out, error] = ['stdout.log', 'stderr.log'].map((name) => openSync(join(this.folder, name), 'a'))
    const child = spawn(findProgram(this.#recipe.program)!, this.#args, { stdio: ['ignore', out!, error!] })
    closeSync(out!)
    closeSync(error!)
    return child
  }

  async #answers(): Promise<boolean> {
    const until = performance.now() + START_TIMEOUT
    while (this.#child.exitCode === null && this.#child.signalCode === null && performance.now() < until) {
      try {
        await (this.#recipe.answers ?? takesConnections)(this.ports)
        return true
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    return false
  }

  #whatItSaid(): string {
    const logs = LOGS.map((name) => join(this.folder, name)).filter((path) => existsSync(path))
    return logs.map((path) => readFileSync(path, 'utf8').slice(-2_000)).join('\n')
  }

  async #end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await exited
  }
}

/** Starts what stands before another server, which is stopped when that fails. */
export async function before<T>(other: { stop(): Promise<void> }, start: () => Promise<T>): Promise<T> {
  try {
    return await start()
  } catch (error) {
    await other.stop()
    throw error
  }
}

/**
 * The lines of a log, once there are `count`: a server writes a line after the answer has left. Gives what
 * there is after 10 s.
 */
export async function logged<T>(count: number, read: () => readonly T[]): Promise<readonly T[]> {
  const until = performance.now() + LOG_TIMEOUT
  for (;;) {
    const found = read()
    if (found.length >= count || performance.now() > until) return found
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

async function takesConnections(ports: readonly number[]): Promise<void> {
  const socket = net.connect(ports[0]!, '127.0.0.1')
  try {
    await once(socket, 'connect')
  } finally {
    socket.destroy()
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => net.createServer().listen(0, '127.0.0.1'))
  await Promise.all(servers.map((server) => once(server, 'listening')))
  const ports = servers.map((server) => (server.address() as AddressInfo).port)
  await Promise.all(servers.map((server) => once(server.close(), 'close')))
  return ports
}
