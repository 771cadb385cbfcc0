import { systemClock, type Clock } from '../core/clock.ts'
import { randomUUID } from '../core/crypto.ts'
import { ArgumentError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { LruMap } from '../core/lru-map.ts'
import { ownOptions } from '../core/own-options.ts'
import { AdoptedJar, type ToughCookieJar } from './adopted-jar.ts'
import { countOption } from './count-option.ts'
import { readCookieFile, writeCookieFile } from './cookie-file.ts'
import { loadToughCookie } from './tough-cookie.ts'
import { Jar } from './jar.ts'
import { readStoredCookie, type StoredCookie } from './stored-cookie.ts'

export interface CookieJarsOptions {
  /** Where expiry takes the time from; default the machine's clock. */
  clock?: Pick<Clock, 'date'> | undefined
  /**
   * Whose they are, for a cache that outlives the process: what one of these got is not for jars of another id.
   * Default: one that nobody else has, so that nothing of an earlier run is for these. Those that a client makes
   * itself (`cookies: true`) have '': a cache file that such clients share is one person's.
   */
  id?: string | undefined
  /** Most jars; default 1,000. The jar that was not used for longest goes first, and its cookies are lost. */
  maxJars?: number | undefined
  /** Most cookies in each jar; default 3,000. */
  maxCookies?: number | undefined
}

/** All jars in the form of JSON. */
export interface CookieJarsJSON {
  format: 'trawl-cookies'
  version: 1
  jars: { name: string; cookies: StoredCookie[] }[]
}

/** What a file of cookies looks like inside: `cookies.txt`, or all jars as JSON. */
export type CookieFileFormat = 'netscape' | 'json'

/**
 * The cookies of a client: one jar for each client IP or session, and the jar '' when it has neither.
 * Cookies of one jar never go out with requests of another.
 */
export class CookieJars {
  /** Whose they are: see the option. */
  readonly id: string
  readonly #clock: Pick<Clock, 'date'>
  readonly #maxCookies: number
  readonly #jars: LruMap<string, Jar>

  /** Throws ArgumentError for a limit that is none. */
  constructor(given: CookieJarsOptions = {}) {
    const options = ownOptions(given)
    loadToughCookie()
    this.id = options.id ?? randomUUID()
    this.#clock = options.clock ?? systemClock
    this.#jars = new LruMap(countOption('maxJars', options.maxJars, LIMITS.maxJars))
    this.#maxCookies = countOption('maxCookies', options.maxCookies, LIMITS.maxCookies)
  }

  /**
   * The jar of that name, a client IP or a session's key; made when there is none yet. The jar that was
   * not used for longest is forgotten, with its cookies, when there would be more than `maxJars`.
   */
  jar(name: string): Jar {
    const known = this.#jars.get(name)
    if (known !== undefined) return known
    const jar = new Jar({ clock: this.#clock, maxCookies: this.#maxCookies })
    this.#jars.set(name, jar)
    return jar
  }

  /**
   * Makes a jar of tough-cookie the one of that name: it is read and written with each request. It keeps its
   * own rules, limits and clock, and costs some 15 us a request, because who else changes it cannot be seen.
   * @throws ArgumentError when its store answers later, as one on disk or in a database does
   */
  adopt(name: string, jar: ToughCookieJar): void {
    this.#jars.set(name, new AdoptedJar(jar))
  }

  /** The jars' names, the one not used for longest first. */
  get names(): string[] {
    return [...this.#jars].map(([name]) => name)
  }

  /** How many jars there are. */
  get size(): number {
    return this.#jars.size
  }

  /** Forgets a jar; whether there was one. */
  delete(name: string): boolean {
    return this.#jars.delete(name)
  }

  /** All jars that hold cookies. */
  toJSON(): CookieJarsJSON {
    const jars: CookieJarsJSON['jars'] = []
    for (const [name, jar] of this.#jars) if (jar.size > 0) jars.push({ name, cookies: jar.toJSON() })
    return { format: 'trawl-cookies', version: 1, jars }
  }

  /**
   * Adds what `toJSON` gave to the jars of these names, and returns how many cookies that were. All or none.
   * @throws ArgumentError naming the place and the remedy
   */
  fromJSON(value: unknown): number {
    const { format, version, jars } = (value ?? {}) as Partial<Record<keyof CookieJarsJSON, unknown>>
    if (format !== 'trawl-cookies' || !Array.isArray(jars)) {
      throw new ArgumentError(
        'this is no JSON of cookie jars: it needs "format": "trawl-cookies" and "jars", as toJSON() gives it',
      )
    }
    if (version !== 1) {
      throw new ArgumentError(
        `the JSON of cookie jars has version ${describe(version)}, and 1 is known: write it anew with this release`,
      )
    }
    const read = jars.map((one, i) => readJar(one, `jars[${i}]`))
    let added = 0
    for (const { name, cookies } of read) {
      const jar = this.jar(name)
      for (const cookie of cookies) if (jar.add(cookie)) added++
    }
    return added
  }

  /**
   * Adds the cookies of a file, and returns how many that were: a Netscape cookies.txt, which goes to the jar
   * `name`, or our JSON, in which each jar has its own. All or none; expired cookies are left out.
   * @throws ArgumentError naming file, line and remedy
   */
  async load(path: string, name = ''): Promise<number> {
    const text = await readCookieFile(path)
    // An address in brackets may begin a cookies.txt.
    if (!/^(?:\xef\xbb\xbf)?\s*(?:\{|\[\s*[{\]])/.test(text)) return this.jar(name).fromNetscape(text, path)
    try {
      return this.fromJSON(
        JSON.parse(
          Buffer.from(text, 'latin1')
            .toString()
            .replace(/^\uFEFF/, ''),
        ),
      )
    } catch (error) {
      throw error instanceof ArgumentError
        ? new ArgumentError(`${path}: ${error.message}`)
        : jsonError(path, error)
    }
  }

  /**
   * Writes the cookies to a file, so that the old file or the new one is there at any time, whole, and only
   * its owner can read it. A cookies.txt holds one jar: the one of `name`, or the only one with cookies.
   *
   * @param format default by the path: JSON when it ends in `.json`
   * @throws ArgumentError when it cannot be written, or when a cookies.txt would have to hold several jars
   */
  async save(path: string, format?: CookieFileFormat, name?: string): Promise<void> {
    const chosen = format ?? (path.toLowerCase().endsWith('.json') ? 'json' : 'netscape')
    if (chosen !== 'json' && chosen !== 'netscape') {
      throw new ArgumentError(`the format ${describe(chosen)} is not known: give 'netscape' or 'json'`)
    }
    await writeCookieFile(path, () =>
      chosen === 'json'
        ? Buffer.from(`${JSON.stringify(this, null, 1)}\n`).toString('latin1')
        : this.#jarToWrite(path, name).toNetscape(),
    )
  }

  #jarToWrite(path: string, name: string | undefined): Jar {
    if (name !== undefined) {
      const jar = this.#jars.peek(name)
      if (jar !== undefined) return jar
      throw new ArgumentError(
        `cannot write "${path}": there is no jar "${name}"; \`names\` lists those there are`,
      )
    }
    const filled = [...this.#jars].map(([, jar]) => jar).filter((jar) => jar.size > 0)
    if (filled.length <= 1) return filled[0] ?? this.jar('')
    throw new ArgumentError(
      `cannot write "${path}": ${filled.length} jars have cookies, and a cookies.txt holds one: ` +
        "name the jar, or save as 'json'",
    )
  }
}

function readJar(value: unknown, at: string): { name: string; cookies: StoredCookie[] } {
  const { name, cookies } = (value ?? {}) as Record<string, unknown>
  if (typeof name !== 'string' || !Array.isArray(cookies)) {
    throw new ArgumentError(`${at} is no jar: it needs a "name" and "cookies", as toJSON() gives them`)
  }
  return { name, cookies: cookies.map((one, i) => readStoredCookie(one, `${at}.cookies[${i}]`)) }
}

/** Only the place is told: JSON.parse quotes what it could not read, and that is secret. */
function jsonError(path: string, error: unknown): ArgumentError {
  const place = /line \d+ column \d+/.exec(String(error))?.[0]
  return new ArgumentError(
    `${path}${place === undefined ? '' : `, ${place}`}: it begins like JSON, and is none: ` +
      'give a file that save() wrote, or a Netscape cookies.txt',
  )
}

function describe(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? JSON.stringify(value) : typeof value
}
