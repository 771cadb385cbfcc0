import { createServer } from 'node:http'
import { once } from 'node:events'
import { execFile } from 'node:child_process'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, it } from 'vitest'

const LIB = join(import.meta.dirname, '../../lib/index.ts')

/** What is loaded lazily must not fail for what others do to the process between `new Client` and the first request. */
const CHILD = `
const { Client } = await import(process.argv[1])
const client = new Client({ cookies: true })
Object.prototype.polluted = 0
console.log((await client.request(process.argv[2])).status)
await client.close()
`

it('is there for a client that keeps cookies, whatever happens to Object.prototype before its first request', async () => {
  const server = createServer((_, response) => response.end('page')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
    const args = ['--input-type=module', '-e', CHILD, LIB, url]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    expect(stdout).toBe('200\n')
  } finally {
    server.close()
  }
})
