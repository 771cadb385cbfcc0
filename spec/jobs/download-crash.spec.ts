import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { statSync } from 'node:fs'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { Client } from '../../lib/index.ts'
import { download } from '../../lib/jobs/download.ts'
import { digest, engineOf, FileServer, Folder } from './download-stand.ts'

const SIZE = 6_000_000
const CHILD = join(import.meta.dirname, 'download-child.ts')

function start(...args: string[]): ChildProcess {
  return spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'pipe', 'inherit'] })
}

async function outcomeOf(child: ChildProcess): Promise<Record<string, unknown>> {
  return JSON.parse(await text(child.stdout!)) as Record<string, unknown>
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0
}

describe('a process that ends in the middle of a download', () => {
  it('killed: the next one fetches the tail alone', { timeout: 30_000 }, async () => {
    using folder = new Folder()
    await using server = await FileServer.start(SIZE, { stall: 4_500_000 })
    const child = start(server.url, folder.file())
    const part = folder.file('file.bin.trawl-part')
    await expect.poll(() => sizeOf(part), { timeout: 15_000 }).toBeGreaterThan(3_000_000)
    await expect.poll(() => sizeOf(`${part}.json`), { timeout: 15_000 }).toBeGreaterThan(0)
    child.kill('SIGKILL')
    await once(child, 'exit')
    const kept = sizeOf(part)

    const outcome = await outcomeOf(start(server.url, folder.file()))
    expect(outcome).toMatchObject({ size: SIZE, resumedFrom: kept, status: 206, retries: 0 })
    expect(folder.names).toEqual(['file.bin'])
    expect(digest(folder.read())).toBe(digest(server.content))
    expect(server.ranges).toEqual([undefined, `bytes=${kept}-`])
    expect(server.sent[1]).toBe(SIZE - kept)
  })

  it(
    'killed again and again: the bytes sent add up to the file, all but once',
    { timeout: 60_000 },
    async () => {
      using folder = new Folder()
      const stalls = [2_500_000, 1_500_000, 1_200_000].map((stall) => ({ stall }))
      await using server = await FileServer.start(SIZE, ...stalls)
      const part = folder.file('file.bin.trawl-part')
      const kept = [0]
      for (let run = 1; run <= stalls.length; run++) {
        const child = start(server.url, folder.file())
        // Its own request first: a part that an earlier one left is no sign of it.
        await expect.poll(() => server.ranges.length, { timeout: 15_000 }).toBe(run)
        await expect.poll(() => sizeOf(`${part}.json`), { timeout: 15_000 }).toBeGreaterThan(0)
        await expect.poll(() => sizeOf(part), { timeout: 15_000 }).toBeGreaterThan(kept.at(-1)!)
        child.kill('SIGKILL')
        await once(child, 'exit')
        kept.push(sizeOf(part))
      }
      expect(await outcomeOf(start(server.url, folder.file()))).toMatchObject({ size: SIZE })
      expect(digest(folder.read())).toBe(digest(server.content))
      expect(server.ranges).toEqual(kept.map((size) => (size === 0 ? undefined : `bytes=${size}-`)))
    },
  )

  it(
    'at its limit of file size: it says so, and what was written is gone on with',
    { timeout: 30_000 },
    async () => {
      using folder = new Folder()
      await using server = await FileServer.start(SIZE)
      const limited = spawn(
        'bash',
        ['-c', 'ulimit -f 3000; exec "$0" "$@"', process.execPath, CHILD, server.url, folder.file()],
        {
          stdio: ['ignore', 'pipe', 'inherit'],
        },
      )
      const outcome = await outcomeOf(limited)
      expect(outcome).toMatchObject({ code: 'ERR_FILE' })
      expect(outcome['message']).toContain('it is too large')
      expect(sizeOf(folder.file('file.bin.trawl-part'))).toBe(3_000 * 1_024)
      await using client = new Client()
      expect(await download(engineOf(client), server.url, folder.file())).toMatchObject({
        resumedFrom: 3_072_000,
      })
      expect(digest(folder.read())).toBe(digest(server.content))
    },
  )
})
