import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { version } from '../../lib/index.ts'
import { dearBuiltinsIn, loadedBy, packagesIn } from '../loaded-by.ts'
import { read, root } from '../style/repository.ts'
import { install, type Installed, nodeOf } from './installed.ts'

/** One of each line that the package supports; 24 is the pinned one. */
const NODES = ['22.23.3', '24.21.0', '26.10.0']

/** A server on loopback and one request, with nothing but what the package brings. */
const CONSUMER = `
import { once } from 'node:events'
import { createServer } from 'node:http'
import { gzipSync } from 'node:zlib'
import { Client, version } from 'trawl'

const server = createServer((request, response) => {
  response.setHeader('Content-Encoding', 'gzip')
  response.end(gzipSync(request.method + ' ' + request.headers.host + request.url))
}).listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address()
const client = new Client({ maxConn: 2, resolve: () => '127.0.0.1' })
const response = await client.request('http://site.localhost:' + port + '/page')
const body = response.text()
await client.close()
server.close()
console.log(JSON.stringify({ version, status: response.status, body, port }))
`

const CONSUMER_CJS = `
const { Client, version } = require('trawl')
console.log(typeof Client, version)
`

/** One request, with the client's options as JSON. */
const FETCH = `
import { Client } from 'trawl'

const [, , url, json] = process.argv
const client = new Client(JSON.parse(json))
const { status } = await client.request(url)
await client.close()
if (status !== 200) throw new Error('the answer is ' + status)
`

/** What an application that has trawl in its bundle can do: look a host up, and say what it cannot. */
const APPLICATION = `
import { hostname } from 'node:os'
import { Client } from 'trawl'

const messageOf = (options, url) => new Client({ maxRetries: 0, ...options }).request(url).then(() => '', (error) => error.message)
// Port 1: nobody listens, if the name is known at all.
const messages = [await messageOf({}, 'http://' + hostname() + ':1/'), await messageOf({ cookies: true }, 'http://127.0.0.1:1/')]
console.log(JSON.stringify(messages))
`

/** What a bundle could break: names of classes, one class for all entries, and where an error says it comes from. */
const CLASSES = `
import * as trawl from 'trawl'
import { SimClock, SimNetwork } from 'trawl/testing'

const names = Object.entries(trawl).filter(([name, value]) => typeof value === 'function' && value.name !== name)
const clock = new SimClock({ seed: 1 })
const client = new trawl.Client({ clock, network: new SimNetwork({ clock }), maxRetries: 0 })
const error = await clock.settle(client.get('http://nobody.test/')).catch((reason) => reason)
let stack = ''
try {
  new trawl.Client({ maxConns: 4 })
} catch (wrong) {
  stack = wrong.stack
}
console.log(JSON.stringify({
  names,
  isConnectError: error instanceof trawl.ConnectError && error.constructor.name === 'ConnectError',
  isMapped: /at new Client .*trawl.lib.client[.]ts:/.test(stack) && !/dist/.test(stack),
}))
`

/** Types as a strict consumer sees them: what it reads has the types it expects. */
const CONSUMER_TS = `
import { Client, Job, version } from 'trawl'
import { HarFile, HtmlReport, TraceFile } from 'trawl/reports'
import * as testing from 'trawl/testing'

export async function main(signal: AbortSignal): Promise<number> {
  const client = new Client({ maxConn: 4, maxPipelinedRequests: 2, resolve: (host: string) => host })
  const response = await client.request('http://localhost/', { method: 'POST', json: { a: 1 }, signal })
  const status: number = response.status
  const type: string | null = response.headers.get('content-type')
  const text: string = response.text()
  const bytes: Uint8Array = response.bytes()
  const stream = await client.stream('http://localhost/')
  let length = text.length + bytes.length + (type ?? version).length
  for await (const chunk of stream.body) {
    const part: Uint8Array = chunk
    length += part.byteLength
  }
  for (const target of client.stats().targets) length += target.target.length + target.waiting
  const job = new Job({ dir: 'job', client, input: ['http://localhost/'], handle: (answer) => answer.status })
  for await (const result of job) {
    const value: number = result.ok ? result.value : 0
    length += value
  }
  length += [HarFile, HtmlReport, TraceFile].length
  // @ts-expect-error: an option that does not exist
  new Client({ maxConns: 4 })
  await client.close()
  return status + length + Object.keys(testing).length
}
`

const TSCONFIG = {
  compilerOptions: {
    strict: true,
    exactOptionalPropertyTypes: true,
    skipLibCheck: false,
    target: 'es2022',
    module: 'nodenext',
    noEmit: true,
    types: ['node'],
    typeRoots: [join(root, 'node_modules/@types')],
  },
  files: ['consumer.ts'],
}

let installed: Installed
const ownIn = (loaded: readonly string[]): string[] => loaded.filter((name) => name.startsWith('dist/'))
const here = (): string => join(installed.folder, 'node_modules/trawl')

beforeAll(async () => {
  installed = await install()
}, 300_000)

afterAll(() => installed?.remove())

describe('the tarball', () => {
  it('holds what a user needs and nothing else', () => {
    const allowed = /^(dist|lib|docs)\/|^(CHANGELOG\.md|README\.md|LICENSE|package\.json)$/
    expect(
      installed.files.filter((path) => !allowed.test(path) || /\.spec\.|(^|\/)spec\//.test(path)),
    ).toEqual([])
    for (const path of [
      'dist/index.js',
      'dist/index.d.ts',
      'dist/cli/main.js',
      'lib/index.ts',
      'README.md',
      'LICENSE',
    ]) {
      expect(installed.files).toContain(path)
    }
  })

  it('has each file of lib once in the build, and nothing of a package', async () => {
    const bundled: string[] = []
    for (const path of installed.files.filter((each) => each.endsWith('.js.map'))) {
      const { sources } = JSON.parse(await readFile(join(here(), path), 'utf8')) as { sources: string[] }
      bundled.push(...sources.map((source) => join(path, '..', source)))
    }
    expect(
      bundled.filter((source) => !source.startsWith('lib/') || !installed.files.includes(source)),
    ).toEqual([])
    expect(bundled.length).toBeGreaterThan(150)
    expect(bundled.toSorted()).toEqual([...new Set(bundled)].toSorted())
  })
})

describe('what the build loads', () => {
  let server: Server
  let url = ''

  beforeAll(async () => {
    server = createServer((_, response) => response.end('page')).listen(0, '127.0.0.1')
    await once(server, 'listening')
    url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  })

  afterAll(() => server.close())

  it('is two files, no package, no TLS and no cryptography for a plain request', async () => {
    await installed.write('fetch.mjs', FETCH)
    const loaded = await loadedBy(join(installed.folder, 'fetch.mjs'), url, '{}')
    expect(ownIn(loaded)).toEqual(['dist/index.js', 'dist/parts/library.js'])
    expect(loaded).toContain('node:net')
    expect(packagesIn(loaded)).toEqual([])
    expect(dearBuiltinsIn(loaded)).toEqual([])
  })

  it('is tough-cookie for a client that keeps cookies', async () => {
    await installed.write('fetch.mjs', FETCH)
    const loaded = await loadedBy(join(installed.folder, 'fetch.mjs'), url, '{"cookies":true}')
    expect(packagesIn(loaded)).toEqual(['tough-cookie'])
  })

  it('is what fetches, and not what stores, for a command that fetches one URL', async () => {
    const loaded = await loadedBy(join(here(), 'dist/cli/main.js'), 'get', url)
    expect(ownIn(loaded)).toContain('dist/parts/get-command.js')
    expect(ownIn(loaded)).not.toContain('dist/parts/output-folder.js')
    expect(packagesIn(loaded)).toEqual(['commander', 'p-queue'])
    expect(dearBuiltinsIn(loaded)).toEqual([])
  })

  it('is nothing that fetches for a command that only tells its version', async () => {
    const loaded = await loadedBy(join(here(), 'dist/cli/main.js'), '--version')
    expect(ownIn(loaded)).not.toContain('dist/parts/get-command.js')
    expect(packagesIn(loaded)).toEqual(['commander'])
  })

  it('is never a built-in module by import, which calls each getter of it', async () => {
    const files = installed.files.filter((path) => path.endsWith('.js') && path.startsWith('dist/'))
    for (const path of files) {
      expect(await readFile(join(here(), path), 'utf8')).not.toMatch(/^import .*["']node:/m)
    }
  })
})

describe.each(NODES)('on Node %s', (nodeVersion) => {
  let node: string

  beforeAll(async () => {
    node = await nodeOf(nodeVersion)
  }, 300_000)

  it('is the Node it says', async () => {
    expect((await installed.run(node, ['--version'])).trim()).toBe(`v${nodeVersion}`)
  })

  it('is imported and fetches', async () => {
    await installed.write('consumer.mjs', CONSUMER)
    const result = JSON.parse(await installed.run(node, ['consumer.mjs'])) as Record<string, unknown>
    expect(result).toEqual({
      version,
      status: 200,
      body: `GET site.localhost:${String(result['port'])}/page`,
      port: expect.any(Number),
    })
  })

  it('is required', async () => {
    await installed.write('consumer.cjs', CONSUMER_CJS)
    expect(await installed.run(node, ['consumer.cjs'])).toBe(`function ${version}\n`)
  })

  it('has a testing part that shares its classes, by their names, and errors that name the source', async () => {
    await installed.write('classes.mjs', CLASSES)
    const result: unknown = JSON.parse(await installed.run(node, ['--enable-source-maps', 'classes.mjs']))
    expect(result).toEqual({ names: [], isConnectError: true, isMapped: true })
  })

  it('runs as a command', async () => {
    expect((await installed.run('npx', ['--no-install', 'trawl', '--version'], node)).trim()).toBe(version)
  })

  it('runs the code of the README', async () => {
    const server = createServer((request, response) => response.end(`this is ${request.url}`))
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const site = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    try {
      await installed.write('readme.ts', /```ts\n([\s\S]*?)```/.exec(read('README.md'))![1]!)
      const lines = (await installed.run(node, ['readme.ts', `${site}/a`, `${site}/bc`])).trim().split('\n')
      expect(lines.toSorted()).toEqual([`200 ${site}/a 10`, `200 ${site}/bc 11`])
    } finally {
      server.close()
    }
  })
})

describe('the declarations', () => {
  it('compile in a strict project that checks its libraries', async () => {
    await installed.write('consumer.ts', CONSUMER_TS)
    await installed.write('tsconfig.json', JSON.stringify(TSCONFIG))
    expect(await installed.run(join(root, 'node_modules/.bin/tsc'), ['-p', 'tsconfig.json'])).toBe('')
  })

  it('works in the bundle of an application, and says which package it misses there', async () => {
    await installed.write('application.js', APPLICATION)
    const { rolldown } = await import('rolldown')
    const bundle = await rolldown({ input: join(installed.folder, 'application.js'), platform: 'node' })
    const folder = await mkdtemp(join(tmpdir(), 'trawl-bundled-'))
    try {
      await bundle.write({ dir: folder, format: 'esm', entryFileNames: '[name].mjs' })
      const told = await installed.run('node', [join(folder, 'application.mjs')])
      const [lookup, cookies] = JSON.parse(told) as [string, string]
      expect(lookup).not.toMatch(/module|package/i)
      expect(cookies).toContain('the package tough-cookie is not where trawl is')
    } finally {
      await rm(folder, { recursive: true })
    }
  })
})
