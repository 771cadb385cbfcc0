import { setTimeout as wait } from 'node:timers/promises'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Client, type RequestError } from '../../lib/index.ts'
import { Apache, apacheProgram } from './apache.ts'
import { describeWith } from './describe-with.ts'
import { Haproxy, haproxyProgram } from './haproxy.ts'
import { Lighttpd, lighttpdProgram } from './lighttpd.ts'
import { Nginx, nginxProgram } from './nginx.ts'
import type { Program } from './program.ts'
import { before } from './server-process.ts'
import { Squid, squidProgram } from './squid.ts'

/** ms after which the servers close what is idle, where they can be told so little. */
const TIMEOUT = 20

interface Origin extends AsyncDisposable {
  readonly url: string
  readonly proxy?: string
  /** What was posted, by the server's own log: at least `count`, or all after 10 s. */
  posted(count: number): Promise<readonly string[]>
}

function isPost(path: string): boolean {
  return path.includes('?POST')
}

interface Idle {
  readonly name: string
  readonly programs: readonly Program[]
  /** Chains of requests, and how long request `n` of a chain waits for the one before, ms. */
  readonly chains: number
  readonly requests: number
  readonly pause: (chain: number, n: number) => number
  readonly start: () => Promise<Origin>
}

/** From well before to well after the server gives up the connection. */
const short = { chains: 20, requests: 20, pause: (_: number, n: number) => n * (TIMEOUT / 10) }
/** For servers that count in seconds: lighttpd 1.4.69 looks once a second, and closes what is idle for longer than 1 s. */
const long = { chains: 40, requests: 2, pause: (chain: number) => 200 + chain * 85 }

async function startNginx(timeout: string): Promise<Nginx> {
  return Nginx.start({
    servers: ({ plain }) =>
      `server { listen 127.0.0.1:${plain}; keepalive_timeout ${timeout}; location / { return 200 "$uri"; } }`,
  })
}

const SERVERS: readonly Idle[] = [
  {
    name: 'nginx',
    programs: [nginxProgram],
    ...short,
    start: async () => {
      const nginx = await startNginx(`${TIMEOUT}ms`)
      return {
        url: `http://127.0.0.1:${nginx.port}`,
        posted: async (count) => (await nginx.logged(count, ({ uri }) => isPost(uri))).map(({ uri }) => uri),
        [Symbol.asyncDispose]: () => nginx.stop(),
      }
    },
  },
  {
    name: 'Apache',
    programs: [apacheProgram],
    ...short,
    start: async () => {
      const apache = await Apache.start((folder) => {
        for (let n = 0; n < 20; n++) writeFileSync(join(folder, `site/${n}`), `/${n}`)
        return `KeepAliveTimeout ${TIMEOUT}ms`
      })
      return {
        url: apache.origin,
        posted: async (count) =>
          (await apache.logged(count, ({ path }) => isPost(path))).map(({ path }) => path),
        [Symbol.asyncDispose]: () => apache.stop(),
      }
    },
  },
  {
    name: 'HAProxy',
    programs: [haproxyProgram],
    ...short,
    start: async () => {
      const haproxy = await Haproxy.start({
        sections: ({ plain }) => `
          frontend front
            bind 127.0.0.1:${plain}
            timeout http-keep-alive ${TIMEOUT}ms
            http-request return status 200 content-type text/plain lf-string %[path]
        `,
      })
      return {
        url: `http://127.0.0.1:${haproxy.port}`,
        posted: async (count) =>
          (await haproxy.logged(count, ({ path }) => isPost(path))).map(({ path }) => path),
        [Symbol.asyncDispose]: () => haproxy[Symbol.asyncDispose](),
      }
    },
  },
  {
    name: 'lighttpd',
    programs: [lighttpdProgram],
    ...long,
    start: async () => {
      const lighttpd = await Lighttpd.start((folder) => {
        for (let n = 0; n < 20; n++) writeFileSync(join(folder, `${n}`), `/${n}`)
        return 'server.max-keep-alive-idle = 1\n'
      })
      return {
        url: `http://127.0.0.1:${lighttpd.port}`,
        posted: async (count) =>
          (await lighttpd.logged(count, ({ path }) => isPost(path))).map(({ path }) => path),
        [Symbol.asyncDispose]: () => lighttpd.stop(),
      }
    },
  },
  {
    name: 'squid',
    programs: [squidProgram, nginxProgram],
    ...long,
    start: async () => {
      const nginx = await startNginx('60s')
      const more = 'client_idle_pconn_timeout 1 second'
      const squid = await before(nginx, () => Squid.start({ hosts: [], more }))
      return {
        url: `http://127.0.0.1:${nginx.port}`,
        proxy: `http://127.0.0.1:${squid.port}`,
        posted: async (count) => (await nginx.logged(count, ({ uri }) => isPost(uri))).map(({ uri }) => uri),
        [Symbol.asyncDispose]: async () => {
          await squid[Symbol.asyncDispose]()
          await nginx.stop()
        },
      }
    },
  },
]

for (const { name, programs, chains, requests, pause, start } of SERVERS) {
  describeWith(programs, `idle connections: ${name}`, () => {
    it('closed by the server at the moment of reuse: each GET is answered, no POST arrives twice', async () => {
      await using origin = await start()
      const total = chains * requests
      const posts = total / 2
      let gets = 0
      let answered = 0
      let dialled = 0
      /** By a client of its own: of several idle connections it would take the one that was used last. */
      const run = async (chain: number): Promise<void> => {
        await using client = new Client({ proxy: origin.proxy, maxConnPerTarget: 1, maxRetries: 0 })
        for (let n = 0; n < requests; n++) {
          if (n > 0) await wait(pause(chain, n))
          const method = chain % 2 === 0 ? 'GET' : 'POST'
          try {
            const url = `${origin.url}/${n}?${method}-${chain}`
            const response = await client.request(url, { method, body: method === 'POST' ? 'posted' : null })
            if (response.status !== 200 || response.text() !== `/${n}`) throw new Error(response.text())
            if (method === 'GET') gets++
            else answered++
          } catch (error) {
            if (method === 'GET' || (error as RequestError).code !== 'ERR_CONNECTION_CLOSED') throw error
          }
        }
        dialled += client.stats().dialled
      }
      await Promise.all(Array.from({ length: chains }, (_, chain) => run(chain)))
      expect(gets).toBe(total - posts)
      const posted = await origin.posted(answered)
      expect(new Set(posted).size).toBe(posted.length)
      expect(posted.length).toBeGreaterThanOrEqual(answered)
      // The race took place: connections were reused, and connections were lost.
      expect(dialled).toBeGreaterThan(chains)
      expect(dialled).toBeLessThan(total)
    })
  })
}
