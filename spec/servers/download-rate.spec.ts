import { randomBytes } from 'node:crypto'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { Client, LIMITS } from '../../lib/index.ts'
import { HandClock } from '../net/hand-clock.ts'
import { writeCertificate } from './certificate.ts'
import { describeWith } from './describe-with.ts'
import { Nginx, nginxProgram } from './nginx.ts'

const CONTENT = randomBytes(20_000_000)
const RATE = 2_000_000
const PARTS = 4
/** Steps of 10 ms of the client's clock: many times what is needed. */
const MAX_STEPS = 20_000

describeWith([nginxProgram], 'a cap of bytes a second', () => {
  let nginx: Nginx
  let ca: string

  beforeAll(async () => {
    nginx = await Nginx.start({
      servers: async ({ plain, tls }, folder) => {
        ca = await writeCertificate(folder, ['site.test'])
        mkdirSync(join(folder, 'site'))
        writeFileSync(join(folder, 'site/large'), CONTENT)
        return `server {
          listen 127.0.0.1:${plain}; listen 127.0.0.1:${tls} ssl;
          ssl_certificate ${folder}/cert.pem; ssl_certificate_key ${folder}/key.pem;
          root ${folder}/site;
        }`
      },
    })
  })

  afterAll(() => nginx?.stop())

  it.each(['http', 'https'])(
    'is kept at any time by four connections to a real server: %s',
    async (scheme) => {
      const clock = new HandClock()
      const client = new Client({
        clock,
        maxDownloadRate: RATE,
        resolve: () => '127.0.0.1',
        tlsOptions: { ca },
        replyTimeout: 0,
        bodyTimeout: 0,
      })
      const port = scheme === 'http' ? nginx.port : nginx.tlsPort
      const size = CONTENT.length / PARTS
      const parts: Promise<Uint8Array>[] = []
      for (let at = 0; at < PARTS; at++) {
        const range = `bytes=${at * size}-${(at + 1) * size - 1}`
        parts.push(
          client
            .get(`${scheme}://site.test:${port}/large`, { headers: { range } })
            .then((response) => response.bytes()),
        )
      }
      const progress = { isDone: false }
      const whole = Promise.all(parts).finally(() => (progress.isDone = true))
      const start = clock.now()
      const spare = (RATE * LIMITS.downloadBurst) / 1000 + ((PARTS + 1) * RATE) / LIMITS.readsPerSecond
      for (let step = 1; step <= MAX_STEPS && !progress.isDone; step++) {
        await wait(1)
        const most = ((clock.now() - start) * RATE) / 1000 + spare
        expect(client.stats().bytes).toBeLessThanOrEqual(most)
        clock.advance(10)
      }
      const bodies = await whole
      expect(Buffer.concat(bodies).equals(CONTENT)).toBe(true)
      expect(client.stats().dialled).toBe(PARTS)
      expect(clock.now() - start).toBeGreaterThan(((CONTENT.length - spare) / RATE) * 1000)
      client.destroy()
    },
  )
})
