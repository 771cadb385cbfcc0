import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { dearBuiltinsIn, loadedBy, packagesIn } from './loaded-by.ts'

const CHILD = join(import.meta.dirname, 'start-up-child.ts')
const MAIN = join(import.meta.dirname, '../lib/cli/main.ts')

let server: Server
let url = ''

beforeAll(async () => {
  server = createServer((_, response) => response.end('page')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})

afterAll(() => server.close())

it('loads no package, no TLS and no cryptography for a plain request', async () => {
  const loaded = await loadedBy(CHILD, url, '{}')
  expect(loaded).toContain('lib/client.ts')
  expect(loaded).toContain('node:net')
  expect(packagesIn(loaded)).toEqual([])
  expect(dearBuiltinsIn(loaded)).toEqual([])
})

it('loads tough-cookie for a client that keeps cookies', async () => {
  expect(packagesIn(await loadedBy(CHILD, url, '{"cookies":true}'))).toEqual(['tough-cookie'])
})

it('loads but the parser of its arguments for a command that fetches one URL', async () => {
  const loaded = await loadedBy(MAIN, 'get', url)
  expect(loaded).toContain('lib/cli/get-command.ts')
  expect(packagesIn(loaded)).toEqual(['commander', 'p-queue'])
  expect(loaded).not.toContain('lib/cli/output-folder.ts')
})

it('loads nothing that fetches for a command that only tells its version', async () => {
  const loaded = await loadedBy(MAIN, '--version')
  expect(packagesIn(loaded)).toEqual(['commander'])
  expect(loaded).not.toContain('lib/cli/get-command.ts')
})
