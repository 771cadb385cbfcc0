import { spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { describe, expect, it, vi } from 'vitest'
import { Journal } from '../../../lib/jobs/journal/journal.ts'
import { entriesOf, JobFolder } from './journal-stand.ts'

const CHILD = join(import.meta.dirname, 'journal-child.ts')

/** A process of journal-child.ts, and the lines that it has said. */
class Child {
  readonly process: ChildProcessWithoutNullStreams
  readonly said: string[] = []

  constructor(mode: string, folder: JobFolder, limit = '') {
    const command = `${limit} exec "$0" "$@"`
    this.process = spawn('sh', ['-c', command, process.execPath, CHILD, mode, folder.path])
    this.process.stderr.pipe(process.stderr)
    createInterface(this.process.stdout).on('line', (line) => this.said.push(line))
  }

  async says(pattern: RegExp): Promise<string> {
    const find = (): string => {
      const found = this.said.find((line) => pattern.test(line))
      if (found === undefined) throw new Error(`nothing like ${pattern} was said`)
      return found
    }
    return vi.waitFor(find, { timeout: 30_000, interval: 2 })
  }

  async kill(): Promise<void> {
    const over = once(this.process, 'close')
    this.process.kill('SIGKILL')
    await over
  }
}

describe('a process that has a journal', () => {
  it(
    'killed at some moment, again and again: nothing that was added is lost',
    { timeout: 120_000 },
    async () => {
      using folder = new JobFolder()
      let added = 0
      for (const wanted of [1, 50, 333, 1_000, 2_000]) {
        const child = new Child('add', folder)
        await child.says(/^open/)
        await expect.poll(() => child.said.length, { timeout: 30_000, interval: 1 }).toBeGreaterThan(wanted)
        await child.kill()
        const before = Number(child.said.find((line) => line.startsWith('open'))!.slice(5))
        // What was said was added; those after it may have been.
        const said = child.said.filter((line) => line.startsWith('added')).length
        expect(before).toBeGreaterThanOrEqual(added)
        added = before + said
      }
      const contents = await Journal.read(folder.path)
      expect(contents.status).toMatchObject({ failed: 0, damaged: 0, runs: 5 })
      expect(contents.counts.ok).toBeGreaterThanOrEqual(added)
      const numbers = (await entriesOf(contents)).map(({ line }) => (JSON.parse(line) as { n: number }).n)
      expect(numbers).toEqual(Array.from({ length: contents.counts.ok }, (_, n) => n))
    },
  )

  it('keeps all others out while it lives, and no longer', { timeout: 60_000 }, async () => {
    using folder = new JobFolder()
    expect(Journal.isTaken(folder.path)).toBe(false)
    const child = new Child('hold', folder)
    await child.says(/^open/)
    expect(Journal.isTaken(folder.path)).toBe(true)
    await expect(folder.open()).rejects.toMatchObject({
      code: 'ERR_FILE_BUSY',
      message: expect.stringMatching(
        new RegExp(`^process ${child.process.pid} on .+ is working on `),
      ) as string,
    })
    expect((await Journal.read(folder.path)).status.runs).toBe(1)
    writeFileSync(join(folder.path, 'owner'), 'process 1 on a\u001b[31m')
    await expect(folder.open()).rejects.toThrow(/^another process is working on/)
    await child.kill()
    expect(Journal.isTaken(folder.path)).toBe(false)
    const journal = await folder.open()
    expect(Journal.isTaken(folder.path)).toBe(true)
    await expect(folder.open()).rejects.toMatchObject({ code: 'ERR_FILE_BUSY' })
    expect(Journal.isTaken(folder.path)).toBe(true)
    await journal.close()
    expect(Journal.isTaken(folder.path)).toBe(false)
    await (await folder.open()).close()
  })

  it.skipIf(process.platform !== 'linux')(
    'at its limit of file size: it says so, leaves no half line, and goes on when there is room',
    { timeout: 60_000 },
    async () => {
      using folder = new JobFolder()
      // In blocks of 512 bytes.
      const child = new Child('fill', folder, 'ulimit -S -f 41;')
      const failed = await child.says(/^failed/)
      expect(failed).toMatch(/^failed at \d+: cannot write .+: it is too large for this file system/)
      const whole = await Journal.read(folder.path)
      expect(whole.counts.ok).toBe(Number(/\d+/.exec(failed)![0]))
      // What did not fit was cut off.
      expect(folder.read()).toHaveLength(whole.status.size)
      expect(whole.status.size).toBeLessThanOrEqual(41 * 512)
      child.process.stdin.write('again\n')
      await expect.poll(() => child.said.filter((line) => line === failed).length).toBe(2)
      await once(spawn('prlimit', ['--pid', String(child.process.pid), '--fsize=unlimited:']), 'close')
      child.process.stdin.end('again\n')
      await child.says(/^all/)
      await child.says(/^closed/)
      const contents = await Journal.read(folder.path)
      expect(contents.status).toMatchObject({ ok: 1_000, failed: 0, damaged: 0 })
      expect(await entriesOf(contents)).toHaveLength(1_000)
    },
  )
})
