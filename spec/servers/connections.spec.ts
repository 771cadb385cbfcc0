import { afterAll, beforeAll, expect, it } from 'vitest'
import { Client } from '../../lib/index.ts'
import { writeCertificate } from './certificate.ts'
import { describeWith } from './describe-with.ts'
import { Nginx, nginxProgram } from './nginx.ts'

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
        `
      },
    })
  })

  afterAll(() => nginx?.stop())

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

  it('TLS: a certificate that nobody vouches for is refused, unless told otherwise', async () => {
    const client = new Client({ resolve: () => '127.0.0.1' })
    const url = `https://a.localhost:${nginx.tlsPort}/`
    await expect(client.request(url)).rejects.toMatchObject({ code: 'ERR_CONNECT_TLS' })
    const response = await client.request(url, { tlsOptions: { rejectUnauthorized: false } })
    expect(response.status).toBe(200)
    await client.close()
  })
})
