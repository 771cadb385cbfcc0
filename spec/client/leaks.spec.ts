import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  Client,
  systemClock,
  type ClientOptions,
  type Clock,
  type ModifyRequest,
  type RequestOptions,
} from '../../lib/index.ts'
import { Sites, to, type Seen } from './sites.ts'

/** Retries wait for nothing. */
const clock: Clock = Object.create(systemClock, { random: { value: () => 0 } }) as Clock

let sites: Sites

beforeAll(async () => {
  sites = await Sites.open(2, 1)
})
afterAll(() => sites.close())
beforeEach(() => {
  sites.seen.length = 0
  sites.routes.clear()
})

/** Where a call begins. */
const from = (): string => sites.origin(0, 'www.a.test')

/** What a call has that is for `www.a.test` alone. */
interface Kind {
  readonly client?: () => ClientOptions
  readonly request?: () => RequestOptions
  /** `user:password@` of the URL. */
  readonly userInfo?: string
  /** The field that carries it. */
  readonly field: string
  /** It is for its origin, wherever the call has been meanwhile: an option, and no field. */
  readonly comesBack?: boolean
}

const SECRET = 'hunter2'
const login = { username: 'me', password: SECRET }

const KINDS: Record<string, Kind> = {
  'an Authorization field': {
    request: () => ({ headers: { authorization: SECRET } }),
    field: 'authorization',
  },
  'a Cookie field': { request: () => ({ headers: { cOOkie: `a=${SECRET}` } }), field: 'cookie' },
  'a Cookie field, with a jar': {
    client: () => ({ cookies: true }),
    request: () => ({ headers: { cookie: `a=${SECRET}` } }),
    field: 'cookie',
  },
  'a Proxy-Authorization field': {
    request: () => ({ headers: [['PROXY-AUTHORIZATION', SECRET]] }),
    field: 'proxy-authorization',
  },
  'a field of the user': {
    request: () => ({ headers: { 'x-key': [SECRET, 'two'] }, secretHeaders: ['X-Key'] }),
    field: 'x-key',
  },
  "the client's Authorization field": {
    client: () => ({ headers: { authorization: SECRET } }),
    field: 'authorization',
  },
  "the client's Cookie field": { client: () => ({ headers: { Cookie: `a=${SECRET}` } }), field: 'cookie' },
  "the client's field of the user": {
    client: () => ({ headers: { 'X-KEY': SECRET }, secretHeaders: ['x-key'] }),
    field: 'x-key',
  },
  "the URL's user and password": { userInfo: `me:${SECRET}@`, field: 'authorization' },
  'auth basic': { request: () => ({ auth: { basic: login } }), field: 'authorization', comesBack: true },
  'auth bearer': { request: () => ({ auth: { bearer: SECRET } }), field: 'authorization', comesBack: true },
  "the client's auth, by baseUrl": {
    client: () => ({ baseUrl: from(), auth: { bearer: (): string => SECRET } }),
    field: 'authorization',
    comesBack: true,
  },
  "the client's auth, by origins": {
    client: () => ({ auth: { basic: login, origins: [from()] } }),
    field: 'authorization',
    comesBack: true,
  },
}

const ELSEWHERE: Record<string, () => string> = {
  'another port': () => sites.origin(1, 'www.a.test'),
  'another scheme': () => sites.origin(2, 'www.a.test'),
  'the parent domain': () => sites.origin(0, 'a.test'),
  'a subdomain': () => sites.origin(0, 'x.www.a.test'),
  'a sibling': () => sites.origin(0, 'shop.a.test'),
  'another host': () => sites.origin(0, 'b.test'),
  'a name that begins alike': () => sites.origin(0, 'www.a.test.b.test'),
  'a name that ends alike': () => sites.origin(0, 'notwww.a.test'),
  'its address': () => sites.origin(0),
  'its name with a dot at the end': () => sites.origin(0, 'www.a.test.'),
  'a host behind its name': () => sites.origin(0, 'b.test').replace('//', '//www.a.test@'),
}

/** Tried in every way; the others by a redirect alone. */
const FAR_AND_WIDE = ['another port', 'another scheme', 'a subdomain', 'another host']

/** A call that ends at `place`. */
type Way = (client: Client, url: string, place: string, options: RequestOptions) => Promise<unknown>

const changedCopy: ModifyRequest = async (request) => ({ ...request, priority: 1 })

/** Answers 500 to the first request for `path`. */
function failOnce(path: string): void {
  sites.on(path, (_seen, response) => {
    sites.routes.delete(path)
    response.writeHead(500).end()
  })
}

const WAYS: Record<string, Way> = {
  'a redirect': (client, url, place, options) => client.get(url + to(`${place}/end`), options),
  'a 307 with its body': (client, url, place, options) =>
    client.post(url + to(`${place}/end`, 307), { ...options, body: 'x' }),
  'two redirects': (client, url, place, options) => client.get(url + to(place + to('/end', 301)), options),
  'a redirect and a retry': (client, url, place, options) => {
    failOnce('/end')
    return client.get(url + to(`${place}/end`), options)
  },
  'a redirect and a retry with modifyRequest': (client, url, place, options) => {
    failOnce('/end')
    return client.get(url + to(`${place}/end`), { ...options, modifyRequest: () => undefined })
  },
  'a redirect and a retry with another request': (client, url, place, options) => {
    failOnce('/end')
    return client.get(url + to(`${place}/end`), { ...options, modifyRequest: changedCopy })
  },
  'a retry elsewhere': (client, url, place, options) => {
    failOnce('/start')
    const modifyRequest: ModifyRequest = (request) => {
      request.url = `${place}/end`
    }
    return client.get(`${url}/start`, { ...options, modifyRequest })
  },
  'a stream': async (client, url, place, options) =>
    (await client.stream(url + to(`${place}/end`), options)).text(),
}

async function walk(client: Client, kind: Kind, way: Way, place: string): Promise<readonly Seen[]> {
  sites.seen.length = 0
  await way(client, from().replace('//', `//${kind.userInfo ?? ''}`), place, kind.request?.() ?? {})
  return [...sites.seen]
}

function carriers(seen: readonly Seen[], field: string): string[] {
  return seen.filter(({ fields }) => field in fields).map(({ origin }) => origin)
}

describe.each(Object.entries(KINDS))('%s', (_name, kind) => {
  let client: Client
  beforeAll(() => {
    const tlsOptions = { ca: sites.ca }
    client = new Client({ clock, resolve: sites.resolve, tlsOptions, ...kind.client?.() })
  })
  afterAll(() => client.close())

  it.each(Object.entries(WAYS))('stays with its origin: %s', async (_what, way) => {
    const seen = await walk(client, kind, way, from().replace('www.a.test', 'WWW.A.TEST'))
    expect(seen.length).toBeGreaterThan(1)
    expect(carriers(seen, kind.field)).toEqual(seen.map(() => from()))
  })

  it.each(Object.entries(ELSEWHERE))('does not go to %s', async (where, place) => {
    const isFarAndWide = FAR_AND_WIDE.includes(where)
    for (const way of isFarAndWide ? Object.values(WAYS) : [WAYS['a redirect']!]) {
      const seen = await walk(client, kind, way, place())
      const there = place().replace(/\/\/.*@/, '//')
      const begun = seen.filter(({ origin }) => origin === from())
      const ended = seen.filter(({ origin }) => origin === there)
      expect(begun.length + ended.length).toBe(seen.length)
      expect(ended.length).toBeGreaterThan(0)
      // A user name in the place is for the place.
      const own = place() === there ? [] : ['Basic d3d3LmEudGVzdDo=']
      const got = ended.flatMap(({ fields }) => fields[kind.field] ?? [])
      expect(got.filter((value) => !own.includes(value))).toEqual([])
      expect(JSON.stringify(ended)).not.toContain(SECRET)
      expect(JSON.stringify(ended)).not.toContain(Buffer.from(`me:${SECRET}`).toString('base64'))
      expect(carriers(begun, kind.field).length).toBe(begun.length)
    }
  })

  it(`once it has been elsewhere it ${kind.comesBack ? 'comes back' : 'does not come back'}`, async () => {
    const away = sites.origin(0, 'b.test')
    const seen = await walk(client, kind, WAYS['a redirect']!, away + to(`${from()}/home?`))
    expect(seen.length).toBe(3)
    expect(carriers(seen, kind.field)).toEqual(kind.comesBack ? [from(), from()] : [from()])
  })
})
