import { CookieJar } from 'tough-cookie'
import { Pool } from 'undici'
import { Jar } from '../../lib/cookies/jar.ts'
import { Target } from '../../lib/core/target.ts'
import { Client } from '../../lib/index.ts'
import type { Sample } from '../measure.ts'

/** Requests with a jar, or a jar alone, in a process of its own. */
export interface CookiesJob {
  readonly measure: 'requests' | 'undici requests' | 'field' | 'tough-cookie'
  /** `null`: no jar. */
  readonly jar: JarContents | null
  readonly origin: string
  readonly count: number
}

export interface JarContents {
  /** Sites that have one cookie each, and are not asked. */
  readonly others: number
  /** Cookies of the site that is asked. */
  readonly own: number
}

const CONNECTIONS = 10
const DEPTH = 10
/** At least, before they count: after fewer, undici takes twice as much. */
const WARM_REQUESTS = 25_000
const PATHS = Array.from({ length: 1_000 }, (_, n) => `?page=${n}`)

/** All cookies of a jar: what is set, and by which URL. */
function* cookiesOf(jar: JarContents, url: string): Generator<[cookie: string, url: string]> {
  for (let n = 0; n < jar.others; n++) {
    yield [`session=${n}x0123456789abcdef; Path=/; HttpOnly`, `http://www.site-${n}.example/`]
  }
  for (let n = 0; n < jar.own; n++) yield [`cookie-${n}=0123456789abcdef; Path=/; HttpOnly`, url]
}

async function requests({ jar, origin, count }: CookiesJob): Promise<Sample> {
  const client = new Client({
    cookies: jar !== null,
    maxConnPerTarget: CONNECTIONS,
    maxPipelinedRequests: DEPTH,
  })
  if (jar !== null)
    for (const [cookie, url] of cookiesOf(jar, origin)) client.cookies!.jar('').set(cookie, url)
  return inParallel(count, async (path) => {
    const response = await client.request(origin + path)
    if (response.status !== 200) throw new Error(`status ${response.status}`)
    response.text()
  })
}

/** undici keeps no cookies: its documented best for many requests, and tough-cookie, as got has it. */
async function undiciRequests({ jar, origin, count }: CookiesJob): Promise<Sample> {
  const pool = new Pool(origin, { connections: CONNECTIONS, pipelining: DEPTH, allowH2: false })
  const own = jar === null ? null : new CookieJar()
  if (jar !== null) for (const [cookie, url] of cookiesOf(jar, origin)) own!.setCookieSync(cookie, url)
  return inParallel(count, async (path) => {
    const headers = own === null ? {} : { cookie: own.getCookieStringSync(origin + path) }
    const { statusCode, body } = await pool.request({ path, method: 'GET', blocking: false, headers })
    if (statusCode !== 200) throw new Error(`status ${statusCode}`)
    await body.text()
  })
}

async function inParallel(count: number, get: (path: string) => Promise<void>): Promise<Sample> {
  const visit = async (times: number): Promise<void> => {
    let left = times
    const loop = async (): Promise<void> => {
      while (left-- > 0) await get(`/small${PATHS[left % PATHS.length]!}`)
    }
    await Promise.all(Array.from({ length: CONNECTIONS * DEPTH }, loop))
  }
  await visit(Math.max(WARM_REQUESTS, count / 4))
  return measured(count, () => visit(count))
}

/** The Cookie field of trawl's jar, as its calls ask for it: by target and path. */
async function field({ jar, origin, count }: CookiesJob): Promise<Sample> {
  const own = new Jar()
  for (const [cookie, url] of cookiesOf(jar!, origin)) own.set(cookie, url)
  const { hostname: host, port } = new URL(origin)
  const target = new Target({ scheme: 'http', host, port: Number(port) })
  return inTurn(count, (n) => own.header(target, `/small${PATHS[n % PATHS.length]!}`).length)
}

async function tough({ jar, origin, count }: CookiesJob): Promise<Sample> {
  const own = new CookieJar()
  for (const [cookie, url] of cookiesOf(jar!, origin)) own.setCookieSync(cookie, url)
  return inTurn(count, (n) => own.getCookieStringSync(`${origin}/small${PATHS[n % PATHS.length]!}`).length)
}

async function inTurn(count: number, step: (n: number) => number): Promise<Sample> {
  let length = 0
  for (let n = 0; n < count / 4; n++) length += step(n)
  return measured(count, async () => {
    for (let n = 0; n < count; n++) length += step(n)
    if (length === 0) throw new Error('no cookies')
  })
}

async function measured(count: number, run: () => Promise<void>): Promise<Sample> {
  const begun = process.cpuUsage()
  await run()
  const { user, system } = process.cpuUsage(begun)
  return { cpu: (user + system) / count }
}

const MEASURES = { requests, 'undici requests': undiciRequests, field, 'tough-cookie': tough }
const job = JSON.parse(process.argv[2]!) as CookiesJob
process.stdout.write(JSON.stringify(await MEASURES[job.measure](job)))
process.exit(0)
