import { once } from 'node:events'
import http from 'node:http'
import { createServer, type AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { MetricsServer } from '../../lib/cli/metrics-server.ts'
import { Metrics } from '../../lib/reports/metrics.ts'

const opened: { close(): unknown }[] = []

afterEach(() => {
  for (const each of opened.splice(0)) each.close()
})

async function open(port = 0): Promise<MetricsServer> {
  const server = await MetricsServer.open(port, await Metrics.open(null))
  opened.push(server)
  return server
}

/** Status and text of an answer; fetch does not let a Host be chosen. */
async function ask(url: string, options: http.RequestOptions = {}): Promise<[number, string]> {
  const request = http.request(url, { agent: false, ...options }).end()
  const [response] = (await once(request, 'response')) as [http.IncomingMessage]
  return [response.statusCode!, (await response.toArray()).join('')]
}

describe('the server of figures', () => {
  it('gives them on loopback, on a port that it tells', async () => {
    const { url } = await open()
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:[1-9]\d*\/metrics$/)
    const response = await fetch(url)
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4; charset=utf-8')
    expect(await response.text()).toContain('trawl_items_total{result="ok"} 0')
  })

  it('refuses a port that is taken, with a word that helps', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    opened.push(other)
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    await expect(open(port)).rejects.toMatchObject({
      exitCode: 2,
      message: `--metrics ${port}: the port is taken on 127.0.0.1; choose another`,
    })
  })

  it('answers nothing but GET /metrics, and no page of another name', async () => {
    const { url } = await open()
    expect(await ask(url, { headers: { host: 'localhost:9464' } })).toEqual([200, expect.any(String)])
    expect(await ask(url, { method: 'HEAD' })).toEqual([200, ''])
    expect(await ask(url, { headers: { host: 'evil.test' } })).toEqual([
      403,
      'ask for 127.0.0.1 or localhost\n',
    ])
    expect(await ask(url.replace('/metrics', '/'))).toEqual([404, 'ask for /metrics\n'])
    expect(await ask(url, { method: 'POST' })).toEqual([405, 'GET only\n'])
  })

  it('is gone when it is closed, whoever is connected', async () => {
    const server = await open()
    const { url } = server
    const request = http.get(url, { agent: new http.Agent({ keepAlive: true }) })
    const [response] = (await once(request, 'response')) as [http.IncomingMessage]
    response.resume()
    await once(response, 'end')
    server.close()
    await expect(fetch(url)).rejects.toThrow('fetch failed')
  })
})
