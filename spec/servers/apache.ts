import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { findProgram, type Program } from './program.ts'
import { logged, ServerProcess } from './server-process.ts'

/** A line of the access log. */
export interface ApacheEntry {
  /** The client's port: one for each connection. */
  readonly connection: string
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
  'alias',
  'bucketeer',
  'deflate',
  'filter',
  'mime',
  'setenvif',
]
const MODULE_FOLDERS = ['/usr/lib/apache2/modules', '/usr/lib64/httpd/modules', '/usr/libexec/apache2']

export const apacheProgram: Program = {
  name: 'apache',
  files: ['apache2', 'httpd'],
  packages: 'apache2-bin',
  variable: 'APACHE',
  lacks: (path) => (findModules(path) === null ? `has not the modules ${MODULES.join(', ')}` : null),
}

function findModules(binary: string): string | null {
  const folders = [...MODULE_FOLDERS, join(dirname(binary), '../modules')]
  return folders.find((folder) => MODULES.every((name) => existsSync(join(folder, `mod_${name}.so`)))) ?? null
}

/** A line of a file of htdigest. */
export function digestLine({ username, password }: Login, realm: string): string {
  return `${username}:${realm}:${createHash('md5').update(`${username}:${realm}:${password}`).digest('hex')}`
}

/** A line of a file of htpasswd. */
export function basicLine({ username, password }: Login): string {
  return `${username}:{SHA}${createHash('sha1').update(password).digest('base64')}`
}

/** A real Apache on loopback. */
export class Apache {
  readonly #process: ServerProcess

  private constructor(process: ServerProcess) {
    this.#process = process
  }

  /** Starts it on a free port; `configure` gives what comes behind the listening, and writes its files. */
  static async start(configure: (folder: string) => string): Promise<Apache> {
    return new Apache(
      await ServerProcess.start({
        program: apacheProgram,
        ports: 1,
        configure: (folder, ports) => {
          const path = join(folder, 'apache.conf')
          mkdirSync(join(folder, 'site'), { recursive: true })
          writeFileSync(path, baseConfig(folder, ports[0]!) + configure(folder))
          return ['-X', '-d', folder, '-f', path, '-E', join(folder, 'error.log')]
        },
      }),
    )
  }

  get port(): number {
    return this.#process.ports[0]!
  }

  get origin(): string {
    return `http://127.0.0.1:${this.port}`
  }

  /**
   * Requests answered since the last call that match, in the order in which they were finished: at least
   * `count`, or what there is after 10 s.
   */
  async logged(
    count: number,
    matches: (entry: ApacheEntry) => boolean = () => true,
  ): Promise<readonly ApacheEntry[]> {
    const path = join(this.#process.folder, 'access.log')
    const entries = await logged(count, () =>
      readFileSync(path, 'utf8').split('\n').filter(Boolean).map(readEntry).filter(matches),
    )
    writeFileSync(path, '')
    return entries
  }

  /** Ends it and starts another on the same port: all nonces that it has given are void. */
  restart(): Promise<void> {
    return this.#process.restart()
  }

  /** Ends it and takes its folder away. */
  stop(): Promise<void> {
    return this.#process.stop()
  }
}

function baseConfig(folder: string, port: number): string {
  const binary = findProgram(apacheProgram)!
  const modules = findModules(binary)!
  const load = MODULES.map((name) => `LoadModule ${name}_module ${modules}/mod_${name}.so`)
  const builtIn = execFileSync(binary, ['-l'], { encoding: 'utf8' })
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
    LogFormat "%{remote}p %>s %m %U%q %u" short
    CustomLog ${folder}/access.log short
    DocumentRoot ${folder}/site
    TypesConfig /dev/null
    KeepAlive On
    MaxKeepAliveRequests 0
  `
}

function readEntry(line: string): ApacheEntry {
  const [connection, status, method, path, user] = line.split(' ')
  return { connection: connection!, status: Number(status), method: method!, path: path!, user: user! }
}
