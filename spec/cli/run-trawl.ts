import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { PassThrough, Readable } from 'node:stream'
import { trawl } from '../../lib/cli/trawl.ts'
import type { Identity } from '../net/certificates.ts'

const MAIN = join(import.meta.dirname, '../../lib/cli/main.ts')

/** What a run of the command left behind. */
export interface Ran {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** A line of the report. */
export interface ReportLine {
  readonly url: string
  readonly finalUrl: string | null
  readonly redirects: number | null
  readonly retries: number | null
  readonly cache: string | null
  readonly line: number | null
  readonly status: number | null
  readonly error: string | null
  readonly message: string | null
  readonly bytesOnWire: number | null
  readonly bytesDecoded: number | null
  readonly headMs: number | null
  readonly totalMs: number | null
  readonly clientIp: string | null
  readonly remoteAddress: string | null
  readonly file: string | null
  readonly attempt: number | null
}

/** A running command. */
export interface Running {
  readonly child: ChildProcess
  /** What is on standard error so far. */
  readonly messages: () => string
  readonly ended: Promise<Ran>
}

/** A folder of its own and servers on loopback for one spec; `dispose` takes all of it away. */
export class Bench {
  readonly folder: string
  readonly #servers: Server[] = []
  readonly #children: ChildProcess[] = []

  private constructor(folder: string) {
    this.folder = folder
  }

  static async make(): Promise<Bench> {
    return new Bench(await mkdtemp(join(tmpdir(), 'trawl-spec-')))
  }

  path(name: string): string {
    return join(this.folder, name)
  }

  /** Serves `listener` on a free port of 127.0.0.1, over TLS where it has an identity. Resolves with the port. */
  async serve(listener: RequestListener, identity?: Identity): Promise<number> {
    const server =
      identity === undefined ? createServer(listener) : createTlsServer({ ...identity }, listener)
    this.#servers.push(server)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    return (server.address() as AddressInfo).port
  }

  /** Starts the command in the bench's folder. Its standard input is `input`, or stays open when null. */
  start(args: readonly string[], input: string | null = ''): Running {
    // Whatever proxy the machine has, it is not for these.
    const env = { ...process.env, no_proxy: '*', NO_PROXY: '*' }
    const child = spawn(process.execPath, [MAIN, ...args], { cwd: this.folder, stdio: 'pipe', env })
    this.#children.push(child)
    child.stdin.on('error', () => undefined)
    if (input !== null) child.stdin.end(input)
    const out = collect(child.stdout)
    const err = collect(child.stderr)
    const finish = async (): Promise<Ran> => {
      await once(child, 'close')
      return { code: child.exitCode, stdout: out(), stderr: err() }
    }
    return { child, messages: err, ended: finish() }
  }

  /** Runs the command as a process of its own. */
  spawn(args: readonly string[], input = ''): Promise<Ran> {
    return this.start(args, input).ended
  }

  /** Runs the command in this process, which is faster. Paths have to be whole. */
  async run(args: readonly string[], input = '', env: NodeJS.ProcessEnv = {}): Promise<Ran> {
    const io = {
      stdin: Readable.from([Buffer.from(input)]),
      stdout: new PassThrough(),
      stderr: new PassThrough(),
      env,
    }
    const out = collect(io.stdout)
    const err = collect(io.stderr)
    const code = await trawl(args, io)
    const ends = [once(io.stdout, 'end'), once(io.stderr, 'end')]
    io.stdout.end()
    io.stderr.end()
    await Promise.all(ends)
    return { code, stdout: out(), stderr: err() }
  }

  async report(): Promise<ReportLine[]> {
    const lines = (await readFile(this.path('report.jsonl'), 'utf8'))
      .split('\n')
      .filter((line) => line !== '')
    return lines.map((line) => JSON.parse(line) as ReportLine)
  }

  /** All files below a folder of the bench, and what is in them. */
  async files(name: string): Promise<Record<string, string>> {
    const base = this.path(name)
    const entries = await readdir(base, { recursive: true, withFileTypes: true })
    const paths = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
    const pairs = paths.map(async (path) => [relative(base, path), await readFile(path, 'utf8')])
    return Object.fromEntries(await Promise.all(pairs)) as Record<string, string>
  }

  async dispose(): Promise<void> {
    for (const child of this.#children) child.kill('SIGKILL')
    for (const server of this.#servers) {
      server.closeAllConnections()
      server.close()
    }
    await rm(this.folder, { recursive: true, force: true })
  }
}

/** Reads until the end, or until somebody closes it. Returns what reads what is there so far. */
function collect(stream: Readable): () => string {
  const chunks: Buffer[] = []
  stream.on('data', (chunk: Buffer) => chunks.push(chunk))
  return () => Buffer.concat(chunks).toString()
}
