import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import http from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'

/** A line of the access log. */
export interface ApacheEntry {
  readonly status: number
  readonly method: string
  readonly path: string
  /** Who was let in; '-': nobody asked, or nobody was. */
  readonly user: string
}

export interface Login {
  readonly username: string
  readonly password: string
}

const MODULES = [
  'mpm_event',
  'authn_core',
  'authn_file',
  'authz_core',
  'authz_user',
  'auth_basic',
  'auth_digest',
]
const MODULE_FOLDERS = ['/usr/lib/apache2/modules', '/usr/lib64/httpd/modules', '/usr/libexec/apache2']
const START_ATTEMPTS = 5
const START_TIMEOUT = 10_000

/** Why no Apache can be run here, and what to do about it; null when all is well. */
export function whyNoApache(): string | null {
  const remedy = 'install it with "apt-get install apache2" (Debian), or set APACHE to its path'
  if (findApache() === null) return `apache2 was not found; ${remedy}`
  return findModules() === null
    ? `the modules ${MODULES.join(', ')} of apache2 were not found; ${remedy}`
    : null
}

function findApache(): string | null {
  const named = process.env['APACHE']
  if (named !== undefined) return existsSync(named) ? named : null
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  const names = folders.flatMap((folder) => [join(folder, 'apache2'), join(folder, 'httpd')])
  return names.find((path) => existsSync(path)) ?? null
}

function findModules(): string | null {
  const folders = [...MODULE_FOLDERS, join(dirname(findApache() ?? '/'), '../modules')]
  return folders.find(hasModules) ?? null
}

function hasModules(folder: string): boolean {
  return MODULES.every((name) => existsSync(join(folder, `mod_${name}.so`)))
}

/** A line of a file of htdigest. */
export function digestLine({ username, password }: Login, realm: string): string {
  return `${username}:${realm}:${createHash('md5').update(`${username}:${realm}:${password}`).digest('hex')}`
}

/** A line of a file of htpasswd. */
export function basicLine({ username, password }: Login): string {
  return `${username}:{SHA}${createHash('sha1').update(password).digest('base64')}`
}

/** A real Apache on loopback, in the foreground, with all its files in a folder of its own. */
export class Apache {
  readonly folder: string
  readonly port: number
  #child: ChildProcess

  private constructor(folder: string, port: number, child: ChildProcess) {
    this.folder = folder
    this.port = port
    this.#child = child
  }

  /** Starts it on a free port; `configure` gives what comes behind the listening, and writes its files. */
  static async start(configure: (folder: string) => string): Promise<Apache> {
    const folder = mkdtempSync(join(tmpdir(), 'trawl-apache-'))
    // Its workers are another user where it is started by root.
    chmodSync(folder, 0o755)
    mkdirSync(join(folder, 'site'))
    for (let attempt = 1; ; attempt++) {
      const port = await freePort()
      writeFileSync(join(folder, 'apache.conf'), baseConfig(folder, port) + configure(folder))
      const apache = new Apache(folder, port, run(folder))
      if (await apache.#answers()) return apache
      const log = apache.#errors()
      await apache.#end()
      if (attempt === START_ATTEMPTS || !/Address already in use/.test(log)) {
        rmSync(folder, { recursive: true, force: true })
        throw new Error(`apache did not start:\n${log}`)
      }
    }
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /** Requests answered since the last call, in the order in which they were finished: at least `count`. */
  async logged(count: number): Promise<ApacheEntry[]> {
    const path = join(this.folder, 'access.log')
    let entries: ApacheEntry[] = []
    // It writes the line after the answer has left; asking it anything gives it time.
    for (let times = 0; times < 1_000; times++) {
      entries = readFileSync(path, 'utf8').split('\n').filter(Boolean).map(readEntry)
      if (entries.length >= count) break
      await this.#ask()
    }
    writeFileSync(path, '')
    return entries
  }

  /** Ends it and starts another on the same port: all nonces that it has given are void. */
  async restart(): Promise<void> {
    await this.#end()
    this.#child = run(this.folder)
    if (!(await this.#answers())) throw new Error(`apache did not start again:\n${this.#errors()}`)
  }

  /** Ends it and takes its folder away. */
  async stop(): Promise<void> {
    await this.#end()
    rmSync(this.folder, { recursive: true, force: true })
  }

  #errors(): string {
    const path = join(this.folder, 'error.log')
    return existsSync(path) ? readFileSync(path, 'utf8').slice(-2_000) : ''
  }

  async #answers(): Promise<boolean> {
    const until = performance.now() + START_TIMEOUT
    while (this.#child.exitCode === null && this.#child.signalCode === null && performance.now() < until) {
      try {
        await this.#ask()
        return true
      } catch {
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
    }
    return false
  }

  async #ask(): Promise<void> {
    const request = http.get({ host: '127.0.0.1', port: this.port, path: '/ping', agent: false })
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    await response.toArray()
  }

  async #end(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return
    const exited = once(this.#child, 'exit')
    this.#child.kill('SIGTERM')
    await exited
  }
}

function run(folder: string): ChildProcess {
  const conf = join(folder, 'apache.conf')
  return spawn(findApache()!, ['-X', '-d', folder, '-f', conf, '-E', join(folder, 'error.log')], {
    stdio: 'ignore',
  })
}

function baseConfig(folder: string, port: number): string {
  const modules = findModules()!
  const load = MODULES.map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`)
  const builtIn = execFileSync(findApache()!, ['-l'], { encoding: 'utf8' })
  for (const name of ['unixd', 'log_config']) {
    if (!builtIn.includes(`mod_${name}.c`)) load.push(`LoadModule ${name}_module ${modules}/mod_${name}.so`)
  }
  return `
    ${load.join('\n')}
    ${process.getuid?.() === 0 ? 'User nobody\nGroup nogroup' : ''}
    ServerName 127.0.0.1
    Listen 127.0.0.1:${port}
    PidFile ${folder}/apache.pid
    DefaultRuntimeDir ${folder}
    Mutex file:${folder}
    ErrorLog ${folder}/error.log
    LogFormat "%>s %m %U %u" short
    CustomLog ${folder}/access.log short "expr=%{REQUEST_URI} != '/ping'"
    DocumentRoot ${folder}/site
    KeepAlive On
    MaxKeepAliveRequests 0
  `
}

function readEntry(line: string): ApacheEntry {
  const [status, method, path, user] = line.split(' ')
  return { status: Number(status), method: method!, path: path!, user: user! }
}

async function freePort(): Promise<number> {
  const server = net.createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  await once(server.close(), 'close')
  return port
}
