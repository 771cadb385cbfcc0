import { once } from 'node:events'
import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { version } from '../../lib/index.ts'
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

/** Types as a strict consumer sees them: what it reads has the types it expects. */
const CONSUMER_TS = `
import { Client, version } from 'trawl'
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

  it('has a source for each source map', async () => {
    const maps = installed.files.filter((path) => path.endsWith('.js.map'))
    expect(maps.length).toBeGreaterThan(10)
    for (const path of maps) {
      const text = await readFile(join(installed.folder, 'node_modules/trawl', path), 'utf8')
      const { sources } = JSON.parse(text) as { sources: string[] }
      for (const source of sources) expect(installed.files).toContain(join(path, '..', source))
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

  it('has its testing part', async () => {
    const script = "import * as t from 'trawl/testing'; console.log(Object.keys(t).length > 0)"
    expect(await installed.run(node, ['--input-type=module', '-e', script])).toBe('true\n')
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
})
