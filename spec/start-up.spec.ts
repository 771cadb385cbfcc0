import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { read } from './style/repository.ts'

const CHILD = join(import.meta.dirname, 'start-up-child.ts')
const MAIN = join(import.meta.dirname, '../lib/cli/main.ts')
const HOOK = pathToFileURL(join(import.meta.dirname, 'start-up-hook.mjs')).href

let server: Server
let url = ''

beforeAll(async () => {
  server = createServer((_, response) => response.end('page')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
})

afterAll(() => server.close())

/** What a script loads: packages, node's own modules and files of lib, each once, in order. */
async function loadedBy(script: string, ...args: string[]): Promise<string[]> {
  const child = spawn(process.execPath, ['--import', HOOK, script, ...args], {
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  })
  const [urls, errors, [code]] = await Promise.all([
    text(child.stdio[3] as Readable),
    text(child.stdio[2]!),
    once(child, 'close') as Promise<[number | null]>,
  ])
  if (code !== 0) throw new Error(`${script} ended with ${code}: ${errors}`)
  return [...new Set(urls.trim().split('\n').map(nameOf))]
}

function nameOf(loaded: string): string {
  return /\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(loaded)?.[1] ?? loaded.replace(/^.*\/lib\//, 'lib/')
}

const { dependencies } = JSON.parse(read('package.json')) as { dependencies: Record<string, string> }
const PACKAGES = Object.keys(dependencies)

function packagesIn(loaded: readonly string[]): string[] {
  return loaded.filter((name) => PACKAGES.includes(name)).toSorted()
}

it('loads no package, no TLS and no cryptography for a plain request', async () => {
  const loaded = await loadedBy(CHILD, url, '{}')
  expect(loaded).toContain('lib/client.ts')
  expect(loaded).toContain('node:net')
  expect(packagesIn(loaded)).toEqual([])
  expect(loaded.filter((name) => /^node:(tls|crypto|https?|sqlite)$/.test(name))).toEqual([])
})

it('loads tough-cookie for a client that keeps cookies', async () => {
  expect(packagesIn(await loadedBy(CHILD, url, '{"cookies":true}'))).toEqual(['tough-cookie'])
})

it('loads but the parser of its arguments for a command that fetches one URL', async () => {
  const loaded = await loadedBy(MAIN, 'get', url)
  expect(loaded).toContain('lib/cli/get-command.ts')
  expect(packagesIn(loaded)).toEqual(['commander'])
  expect(loaded).not.toContain('lib/cli/output-folder.ts')
})

it('loads nothing that fetches for a command that only tells its version', async () => {
  const loaded = await loadedBy(MAIN, '--version')
  expect(packagesIn(loaded)).toEqual(['commander'])
  expect(loaded).not.toContain('lib/cli/get-command.ts')
})
