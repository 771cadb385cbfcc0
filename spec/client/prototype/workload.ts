import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import {
  Client,
  CookieJars,
  MemoryStore,
  proxyFromEnvironment,
  SqliteStore,
  type ClientOptions,
  type RequestOptions,
} from '../../../lib/index.ts'

/** Everything a program may do with a client, in order. Each step gives what became of it, as text. */
export type Step = readonly [name: string, run: () => Promise<unknown>]

/** Where its servers are. They run in another process, which nobody pollutes. */
export interface Places {
  readonly plain: number
  readonly secure: number
  /** Its certificate is its own. */
  readonly untrusted: number
  readonly proxy: number
  readonly secureProxy: number
  readonly socks: number
  readonly ca: string
  readonly folder: string
}

export class Workload {
  readonly #at: Places

  constructor(places: Places) {
    this.#at = places
  }

  get steps(): readonly Step[] {
    return [...this.#requests(), ...this.#options(), ...this.#ways(), ...this.#stores(), ...this.#jobs()]
  }

  #requests(): Step[] {
    const ask = (path: string, options?: RequestOptions, client?: ClientOptions) => () =>
      this.#ask(this.#http(path), options, client)
    return [
      ['a plain GET', ask('/')],
      ['no options', ask('/', {})],
      ['a GET of gzip', ask('/gzip')],
      ['a large body of gzip', ask('/large')],
      ['a HEAD', ask('/', { method: 'HEAD' })],
      ['a POST of text', ask('/', { method: 'POST', body: 'x' })],
      ['a POST of JSON', ask('/', { method: 'POST', json: { a: 1 } })],
      ['a POST of a form', ask('/', { method: 'POST', body: new URLSearchParams({ a: '1' }) })],
      ['a POST of pieces', ask('/', { method: 'POST', body: ['a', 'b'] })],
      ['a query', ask('/', { query: { a: 1, b: ['x', 'y'] } })],
      ['fields as an object', ask('/', { headers: { 'X-A': '1', 'X-B': ['2', '3'] } })],
      ['fields as pairs', ask('/', { headers: [['X-A', '1']] })],
      [
        'fields of the client',
        ask('/', { headers: { 'X-A': null } }, { headers: { 'X-A': '1', 'X-B': '2' } }),
      ],
      ['a redirect', ask('/to?/end')],
      [
        'a redirect to elsewhere',
        ask(`/to?${encodeURIComponent(this.#http('/end').replace('127.0.0.1', 'localhost'))}`),
      ],
      ['a redirect that is not followed', ask('/to?/end', { redirect: 'manual' })],
      ['a redirect that is an error', ask('/to?/end', { redirect: 'error' })],
      ['a status that is tried again', ask('/503', {}, { maxRetries: 1 })],
      [
        'a changed retry',
        ask('/503', { maxRetries: 1, modifyRequest: (request) => ({ ...request, method: 'HEAD' }) }),
      ],
      ['a status that is an error', ask('/404', { expectSuccess: true })],
      ['a middleware', ask('/', {}, { use: [(request, next) => next(request)] })],
      ['a judge', ask('/', { validate: () => undefined })],
      [
        'progress',
        ask('/', { method: 'PUT', body: 'x', onUploadProgress: () => 0, onDownloadProgress: () => 0 }),
      ],
      ['what is refused', ask('/', { maxBodySize: 1 })],
      ['what waits for a 100', ask('/', { method: 'PUT', body: 'x', expectContinue: true })],
      ['a signal', ask('/', { signal: new AbortController().signal })],
      ['a body that breaks off', ask('/cut', {}, { maxRetries: 0 })],
      ['a host that is refused', ask('/', {}, { denyPrivateAddresses: true, maxRetries: 0 })],
      ['an allowed host', ask('/', {}, { denyPrivateAddresses: { allow: ['127.0.0.0/8'] } })],
    ]
  }

  #options(): Step[] {
    const ask =
      (client: ClientOptions, options?: RequestOptions, path = '/') =>
      () =>
        this.#ask(this.#http(path), options, client)
    return [
      [
        'basic credentials',
        ask({}, { auth: { basic: { username: 'u', password: 'p' } } }, '/auth?Basic realm="x"'),
      ],
      [
        'a digest',
        ask(
          {},
          { auth: { digest: { username: 'u', password: 'p' } } },
          '/auth?Digest realm="x", nonce="n", qop="auth"',
        ),
      ],
      ['a token', ask({ auth: { bearer: () => 't', origins: [this.#http('').slice(0, -1)] } })],
      ['pacing', ask({ pacing: { minInterval: 1 } })],
      ['throttling', ask({ pacing: { autoThrottle: { minDelay: 1 } } })],
      ['hosts', ask({ hosts: { '127.0.0.1': { maxConnPerTarget: 1 }, '*.test': {} } })],
      ['client IPs', ask({ clientIps: ['127.0.0.1', '127.0.0.2'] })],
      ['a client IP', ask({}, { clientIp: '127.0.0.3' })],
      ['a pipeline', ask({ maxPipelinedRequests: 4 })],
      ['a resolver', ask({ resolve: () => ['127.0.0.1'] })],
      ['a base', async () => this.#ask('x', { query: [['a', 'b']] }, { baseUrl: this.#http('/base/') })],
      ['jars', ask({ cookies: true }, {}, '/cookie')],
      ['a session', ask({ cookies: new CookieJars({ maxJars: 3 }) }, { session: 's' }, '/cookie')],
      ['a minimum rate', ask({ minBodyRate: 1 })],
      ['debug', ask({ debug: false })],
    ]
  }

  #ways(): Step[] {
    const secure = this.#https('/')
    const ask =
      (url: string, options: RequestOptions, client: ClientOptions = {}) =>
      () =>
        this.#ask(url, options, {
          tlsOptions: { ca: this.#at.ca },
          proxyTlsOptions: { ca: this.#at.ca },
          ...client,
        })
    const proxy = `http://u:p@127.0.0.1:${this.#at.proxy}`
    const secureProxy = `https://127.0.0.1:${this.#at.secureProxy}`
    const socks = `socks5://u:p@127.0.0.1:${this.#at.socks}`
    return [
      ['TLS', ask(secure, {})],
      ['TLS with options of a request', ask(secure, { tlsOptions: { minVersion: 'TLSv1.2' } })],
      ['TLS with a name', ask(secure, { tlsOptions: { servername: 'a.test' } })],
      ['TLS for another name', ask(secure, { tlsOptions: { servername: 'b.test' } })],
      ['TLS that nobody trusts', ask(`https://127.0.0.1:${this.#at.untrusted}/`, {}, { maxRetries: 0 })],
      ['TLS with an own check', ask(secure, { tlsOptions: { checkServerIdentity: () => undefined } })],
      ['a proxy', ask(this.#http('/'), { proxy })],
      ['a tunnel', ask(secure, { proxy })],
      [
        'a tunnel to what nobody trusts',
        ask(`https://127.0.0.1:${this.#at.untrusted}/`, { proxy }, { maxRetries: 0 }),
      ],
      ['a secure proxy', ask(this.#http('/'), { proxy: secureProxy })],
      ['a tunnel over a secure proxy', ask(secure, { proxy: secureProxy })],
      [
        'a secure proxy that nobody trusts',
        ask(secure, { proxy: secureProxy }, { proxyTlsOptions: {}, maxRetries: 0 }),
      ],
      ['SOCKS', ask(secure, { proxy: socks })],
      ['the environment', ask(this.#http('/'), {}, { proxy: proxyFromEnvironment({ http_proxy: proxy }) })],
    ]
  }

  #stores(): Step[] {
    const twice = (client: ClientOptions) => async () => {
      const cached = new Client(client)
      const told: unknown[] = []
      for (const path of ['/cached', '/cached', '/etag', '/etag', '/vary']) {
        const response = await cached.get(this.#http(path))
        told.push([response.cache, response.text()])
      }
      await cached.close()
      return told
    }
    const file = join(this.#at.folder, 'cache')
    return [
      ['a cache in memory', twice({ cache: true })],
      ['a cache of its own', twice({ cache: new MemoryStore() })],
      ['a cache in a file', twice({ cache: file })],
      ['a cache of an open file', async () => twice({ cache: new SqliteStore(`${file}.2`) })()],
      [
        'jars as files and JSON',
        async () => {
          const jars = new CookieJars()
          jars.jar('').set({ name: 'a', value: 'b' }, 'http://a.test/')
          await jars.save(join(this.#at.folder, 'jars.json'))
          const again = new CookieJars()
          await again.load(join(this.#at.folder, 'jars.json'))
          await again.save(join(this.#at.folder, 'jars.txt'))
          await again.load(join(this.#at.folder, 'jars.txt'))
          return again.jar('').get('a', 'http://a.test/')
        },
      ],
    ]
  }

  #jobs(): Step[] {
    const { ca } = this.#at
    return [
      [
        'fetch',
        async () => {
          const client = new Client()
          const one = await client.fetch(this.#http('/'))
          const two = await client.fetch(this.#http('/'), {
            method: 'POST',
            body: 'x',
            headers: { 'X-A': '1' },
          })
          const told = [one.status, await one.text(), two.status, await two.text()]
          await client.close()
          return told
        },
      ],
      [
        'a stream',
        async () => {
          const client = new Client({ tlsOptions: { ca } })
          const response = await client.stream(this.#https('/gzip'))
          const text = await response.text()
          await client.close()
          return [response.status, text]
        },
      ],
      [
        'an extended client',
        async () => {
          const client = new Client({ headers: { 'X-A': '1' } })
          const api = client.extend({ baseUrl: this.#http('/api/'), headers: { 'X-B': '2' } })
          const text = (await api.get('x')).text()
          await client.close()
          return text
        },
      ],
      [
        'a map',
        async () => {
          const client = new Client()
          const told: unknown[] = []
          const urls = [this.#http('/a'), { url: this.#http('/b'), headers: { 'X-A': '1' } }]
          for await (const each of client.map(urls, (response) => response.text(), { ordered: true })) {
            told.push(each.ok, each.value)
          }
          await client.close()
          return told
        },
      ],
      [
        'a download',
        async () => {
          const client = new Client()
          const path = join(this.#at.folder, 'file')
          const { size, resumedFrom, retries } = await client.download(this.#http('/etag'), path, {
            fsync: false,
          })
          await client.close()
          return [size, resumedFrom, retries, await readFile(path, 'latin1')]
        },
      ],
    ]
  }

  async #ask(url: string, options?: RequestOptions, client: ClientOptions = {}): Promise<unknown> {
    const own = new Client(client)
    try {
      const response = options === undefined ? await own.get(url) : await own.request(url, options)
      const { status, redirects, retries } = response
      return [status, redirects.length, retries, response.bytes().length, response.text().slice(0, 200)]
    } catch (error) {
      const { code, message } = error as { code?: string; message: string }
      return [code, message]
    } finally {
      await own.close()
    }
  }

  #http(path: string): string {
    return `http://127.0.0.1:${this.#at.plain}${path}`
  }

  #https(path: string): string {
    return `https://127.0.0.1:${this.#at.secure}${path}`
  }
}
