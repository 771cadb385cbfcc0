import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Client, CookieJars, type ClientOptions, type RequestOptions } from '../../lib/index.ts'
import { Sites } from './sites.ts'

let sites: Sites
let folder = ''
let files = 0

beforeAll(async () => {
  sites = await Sites.open(1)
  folder = mkdtempSync(join(tmpdir(), 'trawl-leaks-'))
})
afterAll(async () => {
  await sites.close()
  rmSync(folder, { recursive: true })
})
beforeEach(() => {
  sites.seen.length = 0
  let count = 0
  // It says that all may keep it, and varies by nothing.
  sites.on('/me', (_seen, response) => {
    response.setHeader('cache-control', 'public, max-age=1000, stale-if-error=1000')
    response.end(`answer ${++count}`)
  })
})

interface Who {
  readonly client?: ClientOptions
  readonly request?: RequestOptions
  readonly userInfo?: string
}

const jars = (name: string): CookieJars => {
  const made = new CookieJars()
  made.jar(name).set('id=1', sites.origin(0))
  return made
}
const login = (password: string): RequestOptions['auth'] => ({ basic: { username: 'me', password } })

/** Two who are not the same, and must not be given each other's answers. */
const PAIRS: readonly [what: string, one: () => Who, other: () => Who][] = [
  [
    'two sessions',
    () => ({ client: { cookies: jars('ada') }, request: { session: 'ada' } }),
    () => ({ client: { cookies: jars('ada') }, request: { session: 'grace' } }),
  ],
  ['a jar and none', () => ({ client: { cookies: jars('') } }), () => ({})],
  [
    'a jar, and cookies: false',
    () => ({ client: { cookies: jars('') } }),
    () => ({ client: { cookies: jars('') }, request: { cookies: false } }),
  ],
  [
    'two Cookie fields',
    () => ({ request: { headers: { cookie: 'id=1' } } }),
    () => ({ request: { headers: { cookie: 'id=2' } } }),
  ],
  ['a Cookie field and none', () => ({ request: { headers: { cookie: 'id=1' } } }), () => ({})],
  [
    'two Authorization fields',
    () => ({ request: { headers: { authorization: 'a' } } }),
    () => ({ request: { headers: { AUTHORIZATION: 'b' } } }),
  ],
  ['an Authorization field and none', () => ({ client: { headers: { authorization: 'a' } } }), () => ({})],
  ['two users in the URL', () => ({ userInfo: 'me:one@' }), () => ({ userInfo: 'me:two@' })],
  ['a user in the URL and none', () => ({ userInfo: 'me:one@' }), () => ({})],
  ['two passwords', () => ({ request: { auth: login('one') } }), () => ({ request: { auth: login('two') } })],
  ['a password and none', () => ({ request: { auth: login('one') } }), () => ({})],
  [
    'two tokens',
    () => ({ request: { auth: { bearer: 'one' } } }),
    () => ({ request: { auth: { bearer: 'two' } } }),
  ],
  [
    'two tokens that functions give',
    () => ({ request: { auth: { bearer: () => 'one' } } }),
    () => ({ request: { auth: { bearer: () => 'two' } } }),
  ],
  [
    'two fields that the user marks secret',
    () => ({ client: { secretHeaders: ['X-Key'] }, request: { headers: { 'x-key': 'one' } } }),
    () => ({ client: { secretHeaders: ['X-Key'] }, request: { headers: { 'X-KEY': 'two' } } }),
  ],
  [
    'such a field and none',
    () => ({ client: { secretHeaders: ['X-Key'], headers: { 'x-key': 'one' } } }),
    () => ({ client: { secretHeaders: ['X-Key'] } }),
  ],
  [
    'a field and an option of the same content',
    () => ({ request: { headers: { authorization: 'Bearer one' } } }),
    () => ({ request: { headers: { cookie: 'Bearer one' } } }),
  ],
]

const url = (who: Who): string => `${sites.origin(0).replace('//', `//${who.userInfo ?? ''}`)}/me`

async function answers(
  client: Client,
  who: Who,
  modes: readonly RequestOptions['cache'][],
): Promise<string[]> {
  const texts: string[] = []
  for (const cache of modes) {
    const response = await client.get(url(who), { ...who.request, cache })
    texts.push(`${response.status} ${response.text()}`)
  }
  return texts
}

/** All that may answer from what is stored, however old. */
const MODES = ['default', 'force-cache', 'only-if-cached'] as const

describe.each(PAIRS)('%s', (_what, one, other) => {
  it('with a cache in memory', async () => {
    const [first, second] = [one(), other()]
    await using client = new Client({ cache: true, ...first.client })
    expect(await answers(client, first, MODES)).toEqual(['200 answer 1', '200 answer 1', '200 answer 1'])
    // The second one has its own options by request, as far as there are such.
    const { cookies, headers, secretHeaders } = second.client ?? {}
    const dropped = Object.keys(first.client?.headers ?? {}).map((name) => [name, null] as const)
    const request = {
      headers: headers ?? (Object.fromEntries(dropped) as RequestOptions['headers']),
      secretHeaders,
      ...(cookies === undefined ? { cookies: false } : {}),
      ...second.request,
    }
    expect(await answers(client, { ...second, request }, ['only-if-cached', 'default', 'default'])).toEqual([
      '504 ',
      '200 answer 2',
      '200 answer 2',
    ])
    expect(await answers(client, first, MODES)).toEqual(['200 answer 1', '200 answer 1', '200 answer 1'])
  })

  it('with a cache in a file, that both clients have', async () => {
    const cache = join(folder, `${++files}.sqlite`)
    const first = new Client({ cache, ...one().client })
    expect(await answers(first, one(), MODES)).toEqual(['200 answer 1', '200 answer 1', '200 answer 1'])
    await first.close()
    await using second = new Client({ cache, ...other().client })
    expect(await answers(second, other(), ['only-if-cached', 'default'])).toEqual(['504 ', '200 answer 2'])
  })
})

async function ask(cache: string, cookies: CookieJars, mode: RequestOptions['cache']): Promise<string> {
  await using client = new Client({ cache, cookies })
  const response = await client.get(`${sites.origin(0)}/me`, { cache: mode })
  return `${response.status} ${response.text()}`
}

describe('the jars of two people, without a session, with one cache file', () => {
  it('share nothing, unless they say that they are the same', async () => {
    const file = join(folder, `${++files}.sqlite`)
    expect(await ask(file, jars(''), 'default')).toBe('200 answer 1')
    expect(await ask(file, jars(''), 'only-if-cached')).toBe('504 ')
    expect(await ask(file, new CookieJars({ id: 'ada' }), 'default')).toBe('200 answer 2')
    expect(await ask(file, new CookieJars({ id: 'ada' }), 'only-if-cached')).toBe('200 answer 2')
    expect(await ask(file, new CookieJars({ id: 'grace' }), 'only-if-cached')).toBe('504 ')
  })
})
