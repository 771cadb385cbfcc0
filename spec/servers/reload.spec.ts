import { expect, it } from 'vitest'
import { Client } from '../../lib/index.ts'
import { describeWith } from './describe-with.ts'
import { Nginx, nginxProgram } from './nginx.ts'

const CONNECTIONS = 4
const RELOADS = 3
/** Far more than it takes; without it a reload without effect would never end. */
const MOST_REQUESTS = 100_000

describeWith([nginxProgram], 'a server that reloads while it is busy', () => {
  it.each([1, 8])('costs no GET, at depth %i', async (depth) => {
    const nginx = await Nginx.start({
      servers: ({ plain }) => `server { listen 127.0.0.1:${plain}; return 200 "$request_uri"; }`,
    })
    const client = new Client({ maxConnPerTarget: CONNECTIONS, maxPipelinedRequests: depth })
    const wrong: string[] = []
    let requests = 0
    let reloads = 0
    /** Goes on until every connection has been given up by the server as often as it reloads. */
    const chain = async (): Promise<void> => {
      while (client.stats().dialled < CONNECTIONS * (RELOADS + 1) && requests < MOST_REQUESTS) {
        const path = `/${requests++}`
        const body = (await client.request(`http://127.0.0.1:${nginx.port}${path}`)).text()
        if (body !== path) wrong.push(`${path}: ${body}`)
        if (reloads < RELOADS && client.stats().dialled >= CONNECTIONS * (reloads + 1)) {
          reloads++
          nginx.reload()
        }
      }
    }
    try {
      await Promise.all(Array.from({ length: CONNECTIONS * depth }, chain))
    } finally {
      await client.close()
      await nginx.stop()
    }
    expect(wrong).toEqual([])
    expect([reloads, requests < MOST_REQUESTS]).toEqual([RELOADS, true])
  })
})
