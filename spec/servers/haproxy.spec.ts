import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import net, { type AddressInfo } from 'node:net'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Client } from '../../lib/index.ts'
import { writeCertificate } from './certificate.ts'
import { describeWith } from './describe-with.ts'
import { Haproxy, haproxyProgram } from './haproxy.ts'

/** A relay that lets the first connection pass, and the others when it is opened. */
class Gate implements AsyncDisposable {
  readonly #server: net.Server
  readonly #held: (() => void)[] = []
  readonly #sockets = new Set<net.Socket>()
  #isShut = false

  private constructor(port: number) {
    this.#server = net.createServer((client) => {
      const server = net.connect(port, '127.0.0.1')
      const pass = (): void => void client.pipe(server).pipe(client)
      if (this.#isShut) this.#held.push(pass)
      else pass()
      this.#isShut = true
      for (const socket of [client, server]) this.#sockets.add(socket.on('error', () => client.destroy()))
    })
  }

  static async to(port: number): Promise<Gate> {
    const gate = new Gate(port)
    await once(gate.#server.listen(0, '127.0.0.1'), 'listening')
    return gate
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  open(): void {
    for (const pass of this.#held) pass()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await once(this.#server.close(), 'close')
  }
}

describeWith([haproxyProgram], 'what HAProxy does by itself', () => {
  let origin: Server
  let answer: RequestListener
  let backend = ''

  beforeEach(async () => {
    answer = (_, response) => response.end('done')
    origin = createServer((request, response) => answer(request, response)).listen(0, '127.0.0.1')
    await once(origin, 'listening')
    backend = `server origin 127.0.0.1:${(origin.address() as AddressInfo).port}`
  })

  afterEach(async () => {
    origin.closeAllConnections()
    await once(origin.close(), 'close')
  })

  it('503 to those that wait too long for a backend that is busy: they are tried again', async () => {
    await using haproxy = await Haproxy.start({
      sections: ({ plain }) => `
        listen all
          bind 127.0.0.1:${plain}
          timeout queue 50ms
          ${backend} maxconn 1
      `,
    })
    const held: (() => void)[] = []
    answer = (_, response) => void held.push(() => response.end('done'))
    await using client = new Client({ maxConnPerTarget: 3, retryStatuses: [503] })
    const all = [1, 2, 3].map((n) => client.get(`http://127.0.0.1:${haproxy.port}/${n}`))
    const refused = await haproxy.logged(2, (entry) => entry.status === 503)
    expect(refused.map(({ end }) => end)).toEqual(['sQ', 'sQ'])
    answer = (_, response) => response.end('done')
    for (const end of held) end()
    const responses = await Promise.all(all)
    expect(responses.map((response) => [response.status, response.text()])).toEqual(
      Array.from({ length: 3 }, () => [200, 'done']),
    )
    expect(responses.filter((response) => response.retries > 0)).toHaveLength(2)
  })

  it('option httpclose: a connection for each request', async () => {
    await using haproxy = await Haproxy.start({
      sections: ({ plain }) => `
        listen all
          bind 127.0.0.1:${plain}
          option httpclose
          ${backend}
      `,
    })
    await using client = new Client({ maxConnPerTarget: 2, maxPipelinedRequests: 8 })
    const all = Array.from({ length: 20 }, (_, n) => client.get(`http://127.0.0.1:${haproxy.port}/${n}`))
    for (const response of await Promise.all(all)) expect(response.text()).toBe('done')
    const entries = await haproxy.logged(20, ({ status }) => status === 200)
    expect(entries).toHaveLength(20)
    expect(new Set(entries.map(({ connection }) => connection)).size).toBe(20)
  })

  it.each([
    ['with a length', { 'Content-Length': '100' }],
    ['chunked', {}],
  ])('a body %s that stops coming: it is cut off, and no short success', async (_, headers) => {
    await using haproxy = await Haproxy.start({
      sections: ({ plain }) => `
        listen all
          bind 127.0.0.1:${plain}
          timeout server 1s
          ${backend}
      `,
    })
    answer = (_request, response) => void response.writeHead(200, headers).write('the beginning')
    await using client = new Client({ maxRetries: 0 })
    const pending = client.get(`http://127.0.0.1:${haproxy.port}/`)
    await expect(pending).rejects.toMatchObject({ code: 'ERR_CONNECTION_CLOSED' })
    const [entry] = await haproxy.logged(1, ({ status }) => status === 200)
    expect(entry!.end).toBe('sD')
  })

  it('408 on a connection that asks for nothing: it answers no request', async () => {
    let ca = ''
    await using haproxy = await Haproxy.start({
      sections: async ({ plain, tls }, folder) => {
        ca = await writeCertificate(folder, ['site.test'])
        writeFileSync(join(folder, 'both.pem'), `${ca}\n${readFileSync(join(folder, 'key.pem'), 'utf8')}`)
        return `
          listen all
            bind 127.0.0.1:${plain}
            bind 127.0.0.1:${tls} ssl crt ${folder}/both.pem
            timeout http-request 500ms
            timeout http-keep-alive 20s
            ${backend}
        `
      },
    })
    await using gate = await Gate.to(haproxy.tlsPort)
    await using client = new Client({ maxConnPerTarget: 2, resolve: () => '127.0.0.1', tlsOptions: { ca } })
    const url = `https://site.test:${gate.port}/`
    // The first connection has answered both before the second has shaken hands.
    const responses = await Promise.all([client.get(url), client.get(url)])
    expect(responses.map((response) => response.text())).toEqual(['done', 'done'])
    expect(client.stats()).toMatchObject({ dialled: 2, connections: 2 })
    gate.open()
    const [entry] = await haproxy.logged(1, ({ status }) => status === 408)
    expect(entry!.end).toBe('cR')
    await expect.poll(() => client.stats().connections).toBe(1)
    expect((await client.get(url)).text()).toBe('done')
    expect(client.stats()).toMatchObject({ dialled: 2, requests: 3, errors: 0 })
  })
})
