import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Client } from '../../lib/index.ts'
import { writeCertificate } from './certificate.ts'
import { describeWith } from './describe-with.ts'
import { Nginx, nginxProgram } from './nginx.ts'

const KEEP_ALIVE = 20

describeWith([nginxProgram], 'connections', () => {
  let nginx: Nginx
  let ca = ''

  beforeAll(async () => {
    nginx = await Nginx.start({
      servers: async ({ plain, tls }, folder) => {
        ca = await writeCertificate(folder, ['a.localhost', 'b.localhost', 'once.localhost'])
        const page = 'location / { return 200 "$host$request_uri\\n"; }'
        return `
          ssl_certificate ${folder}/cert.pem;
          ssl_certificate_key ${folder}/key.pem;
          ssl_session_cache shared:sessions:1m;
          server { listen 127.0.0.1:${plain}; listen 127.0.0.1:${tls} ssl; ${page} }
          server { listen 127.0.0.1:${plain}; listen 127.0.0.1:${tls} ssl; server_name once.localhost; keepalive_requests 1; ${page} }
          server { listen 127.0.0.1:${plain}; server_name brief.localhost; keepalive_timeout ${KEEP_ALIVE}ms; ${page} }
        `
      },
    })
  })

  afterAll(() => nginx?.stop())

  it('a server that closes idle connections at the moment of reuse costs no GET: 400 of 400', async () => {
    const client = new Client({ maxConn: 20, maxConnPerTarget: 20, resolve: () => '127.0.0.1' })
    let right = 0
    /** Twenty requests, from well before to well after the server gives up the connection of the one before. */
    const chain = async (name: number): Promise<void> => {
      for (let n = 0; n < 20; n++) {
        const path = `/race/${name}/${n}`
        const response = await client.request(`http://brief.localhost:${nginx.port}${path}`)
        if (response.text() === `brief.localhost${path}\n`) right++
        await wait(n * (KEEP_ALIVE / 10))
      }
    }
    await Promise.all(Array.from({ length: 20 }, (_, name) => chain(name)))
    await client.close()
    expect(right).toBe(400)
    // The race took place: connections were reused, and connections were lost.
    const entries = await nginx.logged(400, (entry) => entry.uri.startsWith('/race/'))
    const connections = new Set(entries.map((entry) => entry.connection)).size
    expect(connections).toBeGreaterThan(20)
    expect(connections).toBeLessThan(400)
  })

  it('the server sees the client IP of each request', async () => {
    const client = new Client({ resolve: () => '127.0.0.1' })
    const ips = ['127.0.0.2', '127.0.0.3']
    await Promise.all(
      Array.from({ length: 40 }, async (_, n) => {
        const clientIp = ips[n % 2]!
        const response = await client.request(`http://a.localhost:${nginx.port}/from/${clientIp}/${n}`, {
          clientIp,
        })
        expect(response.clientIp).toBe(clientIp)
        expect(response.remoteAddress).toContain('127.0.0.1')
      }),
    )
    await client.close()
    const entries = await nginx.logged(40, (entry) => entry.uri.startsWith('/from/'))
    expect(entries).toHaveLength(40)
    for (const entry of entries) expect(entry.uri).toContain(`/${entry.remote}/`)
  })

  it('TLS: verified, with the name of each host, and sessions resumed', async () => {
    const client = new Client({ maxConnPerTarget: 1, resolve: () => '127.0.0.1', tlsOptions: { ca } })
    for (const host of ['a.localhost', 'b.localhost', ...Array.from({ length: 5 }, () => 'once.localhost')]) {
      const response = await client.request(`https://${host}:${nginx.tlsPort}/tls`)
      expect(response.text()).toBe(`${host}/tls\n`)
    }
    await client.close()
    const entries = await nginx.logged(7, (entry) => entry.uri === '/tls')
    expect(entries.map((entry) => entry.sni)).toEqual(entries.map((entry) => entry.host))
    const once = entries.filter((entry) => entry.host === 'once.localhost')
    expect(new Set(once.map((entry) => entry.connection)).size).toBe(5)
    expect(once.map((entry) => entry.sessionReused)).toEqual([false, true, true, true, true])
  })

  it('TLS: pipelined, as in the clear', async () => {
    const client = new Client({ maxPipelinedRequests: 8, resolve: () => '127.0.0.1', tlsOptions: { ca } })
    const paths = Array.from({ length: 300 }, (_, n) => `/piped/${n}`)
    const bodies = await Promise.all(
      paths.map(async (path) => (await client.request(`https://b.localhost:${nginx.tlsPort}${path}`)).text()),
    )
    await client.close()
    expect(bodies).toEqual(paths.map((path) => `b.localhost${path}\n`))
    const entries = await nginx.logged(300, (entry) => entry.uri.startsWith('/piped/'))
    expect(entries.filter((entry) => entry.pipelined).length).toBeGreaterThan(100)
  })

  it('TLS: a certificate that nobody vouches for is refused, unless told otherwise', async () => {
    const client = new Client({ resolve: () => '127.0.0.1' })
    const url = `https://a.localhost:${nginx.tlsPort}/`
    await expect(client.request(url)).rejects.toMatchObject({ code: 'ERR_CONNECT_TLS' })
    const response = await client.request(url, { tlsOptions: { rejectUnauthorized: false } })
    expect(response.status).toBe(200)
    await client.close()
  })
})
