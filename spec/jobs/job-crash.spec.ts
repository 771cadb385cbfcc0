import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { Job } from '../../lib/index.ts'
import { JobStand } from './job-stand.ts'

const CHILD = join(import.meta.dirname, 'job-child.ts')
/** As in the child: what can be under way when it is killed. */
const UNDER_WAY = 8

function start(stand: JobStand, count: number, how = ''): ChildProcess {
  const args = ['--expose-gc', CHILD, stand.origin, String(count), stand.dir, how]
  return spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
}

describe('a process with a job', () => {
  it(
    'killed again and again: all is done at least once, and what is finished never again',
    { timeout: 60_000 },
    async () => {
      await using stand = await JobStand.make()
      const count = 1_500
      const done: string[] = []
      const kills = [40, 300, 301, 900]
      for (const most of [...kills, Infinity]) {
        const finishedBefore = new Set(done.length === 0 ? [] : stand.finished)
        const asked = stand.asked.length
        const child = start(stand, count)
        const output = text(child.stdout!)
        const seen = new Promise<void>((resolve) => {
          child.stdout!.on('data', () => {
            if (stand.asked.length >= most) resolve()
          })
        })
        await Promise.race([seen, once(child, 'exit')])
        child.kill('SIGKILL')
        const lines = await output
        done.push(...lines.trim().split('\n'))
        const again = stand.asked.slice(asked).filter((path) => finishedBefore.has(path))
        expect(again).toEqual([])
      }
      expect(new Set(done).size).toBe(count)
      expect(done.length - count).toBeLessThanOrEqual(kills.length * UNDER_WAY)
      expect(stand.finished).toHaveLength(count)
      expect(new Set(stand.finished).size).toBe(count)
      expect(await Job.status(stand.dir)).toMatchObject({
        ok: count,
        failed: 0,
        damaged: 0,
        runs: kills.length + 1,
      })
    },
  )

  it(
    'of 20,000 URLs takes no more memory at its end than at its beginning',
    { timeout: 120_000 },
    async () => {
      await using stand = await JobStand.make()
      const output = await text(start(stand, 20_000, 'quiet').stdout!)
      const { heaps, ...progress } = JSON.parse(output) as { heaps: number[]; rss: number }
      expect(progress).toMatchObject({ ok: 20_000, failed: 0, duplicates: 0, total: 20_000 })
      expect(new Set(stand.asked).size).toBe(20_000)
      expect(heaps).toHaveLength(4)
      // 15,000 items later: one of them kept, with its response, has 1 KB and more. Their keys have 12 bytes each.
      expect(heaps[3]! - heaps[0]!).toBeLessThan(3_000_000)
      expect(progress.rss).toBeLessThan(400_000_000)
    },
  )
})
