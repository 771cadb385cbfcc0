import { access, constants, stat, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import type { Writable } from 'node:stream'
import { ArgumentError, CookieJars, LIMITS } from '../index.ts'
import { CliError, usageError } from './cli-error.ts'
import type { CookieArgs } from './cookie-args.ts'
import { EXIT } from './exit-codes.ts'
import { FileError, reasonOf, systemCode } from './file-error.ts'
import { CLI_LIMITS } from './limits.ts'

const SPECIAL = /^__(?:host|secure)-/iu

/** The cookies of a run: read when it starts, written when it ends. One jar for each client IP. */
export class CookieFiles {
  readonly jars: CookieJars
  readonly #args: CookieArgs
  /** The jars' names; '' where the system chooses the client IP. */
  readonly #names: readonly string[]
  readonly #pairs: readonly string[]
  /** Origins that have the pairs of -b. */
  readonly #given = new Set<string>()

  private constructor(args: CookieArgs, clientIps: readonly string[]) {
    this.#args = args
    this.#names = clientIps.length === 0 ? [''] : clientIps
    this.#pairs = args.data === '' ? [] : args.data.split('; ')
    this.jars = new CookieJars({
      maxJars: Math.max(LIMITS.maxJars, clientIps.length + 1),
      maxCookies: CLI_LIMITS.maxCookies,
    })
  }

  /** Throws a CliError for what cannot be read, or will not be writable. `note`: tells the user. */
  static async open(
    args: CookieArgs,
    clientIps: readonly string[],
    note: (text: string) => void,
  ): Promise<CookieFiles> {
    const cookies = new CookieFiles(args, clientIps)
    cookies.#checkPairs()
    await cookies.#checkJarFile()
    for (const path of args.files) await cookies.#load(path, note)
    return cookies
  }

  /** Puts what -b gave where requests to this URL find it: in the jars, so that both are sent. */
  give(url: URL): void {
    if (this.#pairs.length === 0 || this.#given.has(url.origin)) return
    // Giving them again does no harm, remembering all hosts of a list would.
    if (this.#given.size >= CLI_LIMITS.maxHosts) this.#given.clear()
    this.#given.add(url.origin)
    for (const name of this.#names) {
      for (const pair of this.#pairs) {
        if (SPECIAL.test(pair) && url.protocol === 'http:') continue
        this.jars.jar(name).set(cookieOf(pair, url), `${url.origin}/`)
      }
    }
  }

  /** Writes them where -c says. Throws a FileError. */
  async save(stdout: Writable): Promise<void> {
    const { jarFile } = this.#args
    if (jarFile === '') return
    this.#takeBack()
    try {
      if (jarFile === '-') stdout.write(this.#text(), 'latin1')
      // Whoever names a device means it, /dev/null above all, and no file in its place.
      else if (await isDevice(jarFile)) await writeFile(jarFile, this.#text(), 'latin1')
      else await this.jars.save(jarFile)
    } catch (error) {
      throw error instanceof ArgumentError
        ? new FileError('ERR_FILE', error.message, error.cause)
        : new FileError('ERR_FILE', `cannot write the cookies to ${jarFile}: ${reasonOf(error)}`, error)
    }
  }

  /** Only where there is one jar. */
  #text(): string {
    return this.jars.jar(this.#names[0]!).toNetscape()
  }

  /** What -b gave was not set by a server: it is not written, as in curl. */
  #takeBack(): void {
    for (const name of this.#names) {
      const jar = this.jars.jar(name)
      for (const { name: key, value, domain, path, expires } of this.#pairs.length === 0
        ? []
        : jar.cookies()) {
        if (expires === null && this.#pairs.includes(`${key}=${value}`))
          jar.remove({ domain, path, name: key })
      }
    }
  }

  #checkPairs(): void {
    const jar = new CookieJars().jar('')
    const url = new URL('https://localhost/')
    for (const [i, pair] of this.#pairs.entries()) {
      try {
        jar.set(cookieOf(pair, url), url)
      } catch (error) {
        throw usageError(
          `-b: cookie ${i + 1} is refused; give name=value, and a file for anything else`,
          error,
        )
      }
    }
  }

  async #checkJarFile(): Promise<void> {
    const { jarFile } = this.#args
    if (jarFile === '') return
    if (this.#names.length > 1 && !jarFile.toLowerCase().endsWith('.json')) {
      throw usageError(
        `-c ${jarFile}: each of the ${this.#names.length} client IPs has cookies of its own, ` +
          'and a cookies.txt holds one set; give a file that ends in .json',
      )
    }
    if (jarFile === '-') return
    try {
      const there = await stat(jarFile).catch(() => null)
      if (there?.isDirectory() === true) throw Object.assign(new Error(), { code: 'EISDIR' })
      await access(there === null || there.isFile() ? dirname(jarFile) : jarFile, constants.W_OK)
    } catch (error) {
      const reason = systemCode(error) === 'ENOENT' ? 'its folder does not exist' : reasonOf(error)
      throw new CliError(
        EXIT.file,
        `cannot write the cookies to ${jarFile}: ${reason}; choose another -c`,
        error,
      )
    }
  }

  async #load(path: string, note: (text: string) => void): Promise<void> {
    try {
      await this.jars.load(path)
    } catch (error) {
      if (!(error instanceof ArgumentError)) throw error
      if (systemCode(error.cause) !== 'ENOENT') throw new CliError(EXIT.file, `-b: ${error.message}`, error)
      // As in curl, where the first run has no file yet.
      if (path !== this.#args.jarFile) note(`there is no cookie file ${path}; starting without its cookies`)
    }
    this.#share()
  }

  /** Cookies of no client IP are for each of them. */
  #share(): void {
    if (this.#names[0] === '') return
    for (const cookie of this.jars.jar('').cookies()) {
      for (const name of this.#names) this.jars.jar(name).add(cookie)
    }
    this.jars.delete('')
  }
}

/** As a server would have set it; a prefix promises what else is there. */
function cookieOf(pair: string, { protocol }: URL): string {
  return `${pair}; Path=/${SPECIAL.test(pair) && protocol === 'https:' ? '; Secure' : ''}`
}

async function isDevice(path: string): Promise<boolean> {
  const there = await stat(path).catch(() => null)
  return there !== null && !there.isFile()
}
