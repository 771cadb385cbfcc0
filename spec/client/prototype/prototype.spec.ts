import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { openServers, type Servers } from './servers.ts'

type Told = Record<string, unknown>

/** A program of this folder, in a process of its own: what it pollutes is nobody else's. */
async function run(program: string, servers: Servers, ...args: string[]): Promise<unknown> {
  const { folder } = servers.places
  for (const file of await readdir(folder)) await rm(join(folder, file), { recursive: true })
  servers.seen.length = 0
  const path = join(import.meta.dirname, program)
  const child = spawn(process.execPath, [path, JSON.stringify(servers.places), ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const output = { stdout: '', stderr: '' }
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (text: string) => (output[name] += text))
  }
  const [code] = (await once(child, 'close')) as [number | null]
  if (code !== 0) throw new Error(`${program} ended with ${code}: ${output.stderr}`)
  return JSON.parse(output.stdout)
}

/** Without what a digest draws by lot. */
function askedFor({ seen }: Servers): string[] {
  return seen.map((line) => line.replaceAll(/(cnonce|response)="[^"]*"/g, '$1'))
}

/** Looks at what they have without an own member of that name: only a function there is a function. */
const BY_TYPE = ['cache/safe-store.ts refresh', 'call/request/body.ts pipe']

describe('Object.prototype', () => {
  it('is asked for nothing by lib: what an object does not have itself is not there', async () => {
    await using servers = await openServers()
    const reads = (await run('reads.ts', servers)) as string[]
    const ofLib = reads.filter((read) => !read.startsWith('node:'))
    expect(ofLib.map((read) => read.replace(/:\d+ /, ' '))).toEqual(BY_TYPE)
    // Nor does Node look up on it where a socket leads, or how its peer is verified.
    const ofSockets = reads
      .filter((read) => /^node:(net|internal\/tls\/\w+) by net\//.test(read))
      .join(' ')
      .split(' ')
    const names =
      'path fd handle host port lookup family localAddress socket session pskCallback rejectUnauthorized servername ' +
      'checkServerIdentity secureContext ca cert key pfx ciphers minVersion ALPNProtocols signal timeout onread'
    expect(ofSockets.length).toBeGreaterThan(3)
    expect(names.split(' ').filter((name) => ofSockets.includes(name))).toEqual([])
  }, 60_000)

  it('full of options changes nothing: neither what is sent, nor what comes of it', async () => {
    await using servers = await openServers()
    const clean = (await run('poisoned.ts', servers, 'nothing')) as Told
    const asked = askedFor(servers)
    expect(Object.keys(clean).length).toBeGreaterThan(60)
    expect(asked.length).toBeGreaterThan(60)
    const polluted = await run('poisoned.ts', servers, 'options')
    expect(polluted).toEqual(clean)
    expect(askedFor(servers)).toEqual(asked)
  }, 60_000)

  it("full of what Node's own files and streams look up may fail, and lead nowhere else", async () => {
    await using servers = await openServers()
    const clean = (await run('poisoned.ts', servers, 'nothing')) as Told
    const asked = new Set(askedFor(servers))
    const polluted = (await run('poisoned.ts', servers, 'node')) as Told
    const other = Object.entries(polluted).filter(([name, told]) => {
      const isError =
        typeof told === 'string' ? /Error/.test(told) : String((told as unknown[])[0]).startsWith('ERR_')
      return !isError && JSON.stringify(told) !== JSON.stringify(clean[name])
    })
    expect(other).toEqual([])
    expect(askedFor(servers).filter((line) => !asked.has(line))).toEqual([])
    expect(askedFor(servers).length).toBeGreaterThan(40)
  }, 60_000)
})
