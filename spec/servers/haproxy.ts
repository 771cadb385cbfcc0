import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Program } from './program.ts'
import { logged, ServerProcess } from './server-process.ts'

/** A line of its log: a request that it has answered, or a connection that asked for nothing. */
export interface HaproxyEntry {
  /** The client's port: one for each connection. */
  readonly connection: string
  readonly status: number
  /** What ended it and when, as in HAProxy's manual, 8.5: `----` is a request that went well. */
  readonly end: string
  readonly method: string
  readonly path: string
}

export interface HaproxyOptions {
  /** The sections behind `defaults`. May write what they need into the folder. */
  sections(ports: { plain: number; tls: number }, folder: string): string | Promise<string>
}

export const haproxyProgram: Program = {
  name: 'haproxy',
  files: ['haproxy'],
  packages: 'haproxy',
  variable: 'HAPROXY',
}

/** A real HAProxy on loopback. */
export class Haproxy implements AsyncDisposable {
  readonly #process: ServerProcess

  private constructor(process: ServerProcess) {
    this.#process = process
  }

  /** Starts it, on ports that are free; resolves when it takes connections. */
  static async start(options: HaproxyOptions): Promise<Haproxy> {
    return new Haproxy(
      await ServerProcess.start({
        program: haproxyProgram,
        ports: 2,
        configure: async (folder, [plain, tls]) => {
          const path = join(folder, 'haproxy.cfg')
          const sections = await options.sections({ plain: plain!, tls: tls! }, folder)
          writeFileSync(path, BASE.replaceAll(/^ {4}/gm, '') + sections.replaceAll(/^ +/gm, '') + '\n')
          return ['-db', '-f', path]
        },
      }),
    )
  }

  get port(): number {
    return this.#process.ports[0]!
  }

  get tlsPort(): number {
    return this.#process.ports[1]!
  }

  /** The `count` entries that match, once they are there; what there is after 10 s. */
  logged(count: number, matches: (entry: HaproxyEntry) => boolean): Promise<readonly HaproxyEntry[]> {
    return logged(count, () => {
      const lines = readFileSync(join(this.#process.folder, 'stdout.log'), 'utf8').split('\n').filter(Boolean)
      return lines.map(readEntry).filter((entry) => matches(entry))
    })
  }

  /** Ends it and takes its folder away. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#process.stop()
  }
}

const BASE = `
    global
      log stdout format raw local0
    defaults
      mode http
      log global
      log-format "%cp %ST %ts %HM %HU"
      timeout connect 5s
      timeout client 20s
      timeout server 20s
`

function readEntry(line: string): HaproxyEntry {
  const [connection, status, end, method, path] = line.split(' ')
  return { connection: connection!, status: Number(status), end: end!, method: method!, path: path! }
}
