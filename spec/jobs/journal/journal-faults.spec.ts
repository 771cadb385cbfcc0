import * as fs from 'node:fs'
import { chmodSync, mkdirSync } from 'node:fs'
import { open, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { LIMITS } from '../../../lib/core/limits.ts'
import { Journal } from '../../../lib/jobs/journal/journal.ts'
import { entriesOf, HandClock, JobFolder } from './journal-stand.ts'

vi.mock('node:fs', async (load) => {
  const real = await load<typeof fs>()
  return {
    ...real,
    writeSync: vi.fn<typeof fs.writeSync>(real.writeSync),
    ftruncateSync: vi.fn<typeof fs.ftruncateSync>(real.ftruncateSync),
  }
})

const real = await vi.importActual<typeof fs>('node:fs')
const writeSync = vi.mocked(fs.writeSync as (...args: unknown[]) => number)
const ftruncateSync = vi.mocked(fs.ftruncateSync)

type Write = (fd: number, bytes: Buffer, from: number, length: number, position: number) => number

/** Of all open files. */
const probe = await open(import.meta.filename)
const datasync = vi.spyOn(Object.getPrototypeOf(probe) as FileHandle, 'datasync')
await probe.close()

const realWrite = real.writeSync as Write

function systemError(code: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: as the system says it`), { code })
}

/** A disk with room for so many bytes, which takes what fits and fails then. */
function fillDisk(room: number, code = 'ENOSPC'): void {
  let left = room
  writeSync.mockImplementation(((fd, bytes, from, length, position) => {
    if (left === 0) throw systemError(code)
    const count = realWrite(fd, bytes, from, Math.min(length, left), position)
    left -= count
    return count
  }) as Write as never)
}

beforeEach(() => {
  writeSync.mockImplementation(realWrite as never)
  ftruncateSync.mockImplementation(real.ftruncateSync)
  datasync.mockReset()
})

describe('a journal that cannot be written', () => {
  it('full after any byte: the entry is not finished, the file is whole, and later it goes on', async () => {
    const line = '{"url":"http://a.example/"}'
    const size = line.length + 37
    for (let room = 0; room < size; room++) {
      using folder = new JobFolder()
      const journal = await folder.open()
      const [first, second] = [journal.makeKey('first'), journal.makeKey('second')]
      journal.add(first, true, '{}')
      const before = folder.read()
      fillDisk(room)
      expect(() => journal.add(second, false, line)).toThrow('the disk is full; what came so far is kept')
      expect(folder.read().equals(before)).toBe(true)
      expect(journal.keys.state(second)).toBe('unknown')
      expect(journal.counts).toEqual({ ok: 1, failed: 0 })
      expect(() => journal.startRun({})).toThrow('the disk is full')
      expect(journal.status.runs).toBe(0)
      // Exactly as much as it needs.
      fillDisk(size)
      expect(journal.add(second, false, line)).toBe(true)
      expect(journal.counts).toEqual({ ok: 1, failed: 1 })
      expect(folder.read()).toHaveLength(before.length + size)
      await journal.close()
      const contents = await Journal.read(folder.path)
      expect(contents.status).toMatchObject({ ok: 1, failed: 1, damaged: 0, size: folder.read().length })
      writeSync.mockImplementation(realWrite as never)
    }
  })

  it('and cannot be cut back either: the half line is gone before the next one is written', async () => {
    using folder = new JobFolder()
    const journal = await folder.open()
    fillDisk(50, 'EIO')
    ftruncateSync.mockImplementation(() => {
      throw systemError('EIO')
    })
    const key = journal.makeKey('a')
    const { size } = journal.status
    expect(() => journal.add(key, true, '{"long":"enough to be cut into two"}')).toThrow(
      'the disk reports an error',
    )
    expect(folder.read()).toHaveLength(size + 50)
    writeSync.mockImplementation(realWrite as never)
    expect(() => journal.add(key, true, '{}')).toThrow('the disk reports an error')
    // A reader takes the whole lines.
    expect((await Journal.read(folder.path)).status).toMatchObject({ size, damaged: 0 })
    ftruncateSync.mockImplementation(real.ftruncateSync)
    expect(journal.add(key, true, '{}')).toBe(true)
    expect(folder.read()).toHaveLength(size + 37)
    await journal.close()
  })

  it('in short writes, a byte at a time: it is written all the same', async () => {
    using folder = new JobFolder()
    writeSync.mockImplementation(((fd, bytes, from, _, position) =>
      realWrite(fd, bytes, from, 1, position)) as Write as never)
    const journal = await folder.open()
    journal.add(journal.makeKey('a'), true, '{"n":1}')
    await journal.close()
    expect((await entriesOf(await Journal.read(folder.path))).map(({ line }) => line)).toEqual(['{"n":1}'])
  })

  it('because nothing is taken, without an error: it does not hang', async () => {
    using folder = new JobFolder()
    const journal = await folder.open()
    writeSync.mockImplementation(() => 0)
    expect(() => journal.add(journal.makeKey('a'), true, '{}')).toThrow('nothing was written')
    await journal.close()
  })

  it('for any reason of the system: a FileError that names it', async () => {
    using folder = new JobFolder()
    const journal = await folder.open()
    for (const [code, text] of [
      ['ENOSPC', 'the disk is full'],
      ['EDQUOT', 'quota'],
      ['EROFS', 'read-only'],
      ['EACCES', 'permission denied'],
      ['EIO', 'the disk reports an error'],
    ] as const) {
      fillDisk(0, code)
      const message: unknown = expect.stringContaining(text)
      const wanted: unknown = expect.objectContaining({ code: 'ERR_FILE', path: folder.file, message })
      expect(() => journal.add(journal.makeKey('a'), true, '{}')).toThrow(wanted)
    }
    writeSync.mockImplementation(realWrite as never)
    await journal.close()
  })

  it.skipIf(process.getuid?.() === 0)('in a folder that nobody may write to', async () => {
    using folder = new JobFolder()
    await (await folder.open()).close()
    chmodSync(folder.path, 0o500)
    chmodSync(folder.file, 0o400)
    await expect(folder.open()).rejects.toMatchObject({ code: 'ERR_FILE' })
    expect((await Journal.read(folder.path)).counts.ok).toBe(0)
    chmodSync(folder.path, 0o700)
    chmodSync(folder.file, 0o600)
    chmodSync(join(folder.path, 'lock'), 0o400)
    await expect(folder.open()).rejects.toThrow(/cannot lock .+readonly/)
  })

  it('because something else stands where it belongs', async () => {
    using folder = new JobFolder()
    mkdirSync(folder.file)
    await expect(folder.open()).rejects.toThrow('it is a folder')
    const under = { fsync: false, clock: new HandClock().clock, note: () => undefined }
    await expect(Journal.open(join(CHILD_FILE, 'dir'), under)).rejects.toThrow(
      'a part of its path is not a folder',
    )
    using other = new JobFolder()
    mkdirSync(join(other.path, 'lock'))
    await expect(other.open()).rejects.toThrow(/cannot lock .+: the folder must be writable/)
    real.rmdirSync(join(other.path, 'lock'))
    await (await other.open()).close()
  })

  // Node's own mkdir, with `recursive`, never comes back from there.
  it.runIf(process.platform === 'linux')('because a folder takes no others, without end', async () => {
    const under = { fsync: false, clock: new HandClock().clock, note: () => undefined }
    await expect(Journal.open('/proc/trawl-none/job', under)).rejects.toMatchObject({ code: 'ERR_FILE' })
  })
})

const CHILD_FILE = join(import.meta.dirname, 'journal-child.ts')

describe('what a journal forces to the disk', () => {
  it('is one batch after another, at most once in a while, beside what is added', async () => {
    using folder = new JobFolder()
    const hand = new HandClock()
    const journal = await folder.open({ fsync: true, clock: hand.clock })
    expect(datasync).toHaveBeenCalledTimes(1)
    const add = (n: number): boolean => journal.add(journal.makeKey(String(n)), true, '{}')
    await journal.sync()
    hand.fire()
    datasync.mockClear()
    // What ends it is in our hand.
    const ends: (() => void)[] = []
    datasync.mockImplementation(() => new Promise((settle) => ends.push(settle)))
    add(0)
    add(1)
    expect([hand.timers, datasync.mock.calls.length]).toEqual([1, 0])
    hand.fire()
    expect([hand.timers, datasync.mock.calls.length]).toEqual([0, 1])
    add(2)
    hand.fire()
    expect(datasync).toHaveBeenCalledTimes(1)
    await expect.poll(() => ends.length).toBe(1)
    ends.shift()!()
    // What was added meanwhile has its turn without another entry.
    await expect.poll(() => hand.timers).toBe(1)
    hand.fire()
    expect(datasync).toHaveBeenCalledTimes(2)
    let isSynced = false
    const synced = journal.sync().then(() => (isSynced = true))
    await expect.poll(() => ends.length).toBe(1)
    expect(isSynced).toBe(false)
    ends.shift()!()
    await synced
    datasync.mockReset()
    // All is on the disk.
    await journal.close()
    expect(datasync).toHaveBeenCalledTimes(0)
  })

  it('is not later than after a number of entries', async () => {
    using folder = new JobFolder()
    const hand = new HandClock()
    const journal = await folder.open({ fsync: true, clock: hand.clock })
    datasync.mockClear()
    for (let n = 0; n < LIMITS.journalSyncEntries + 10; n++)
      journal.add(journal.makeKey(String(n)), true, '{}')
    expect(datasync).toHaveBeenCalledTimes(1)
    await journal.close()
  })

  it('is all before it is closed, and nothing without fsync', async () => {
    using folder = new JobFolder()
    const journal = await folder.open({ fsync: true })
    journal.add(journal.makeKey('a'), true, '{}')
    datasync.mockClear()
    await journal.close()
    await journal.close()
    expect(datasync).toHaveBeenCalledTimes(1)
    const other = await folder.open({ fsync: false })
    other.add(other.makeKey('b'), true, '{}')
    await other.sync()
    await other.close()
    expect(datasync).toHaveBeenCalledTimes(1)
  })

  it('is forced there after what its entries speak of, and not at all when that fails', async () => {
    using folder = new JobFolder()
    const hand = new HandClock()
    const steps: string[] = []
    let fault: Error | null = null
    const journal = await folder.open({
      fsync: true,
      clock: hand.clock,
      beforeSync: async () => {
        steps.push('files')
        if (fault !== null) throw fault
      },
    })
    datasync.mockImplementation(async () => void steps.push('journal'))
    steps.length = 0
    journal.add(journal.makeKey('a'), true, '{}')
    hand.fire()
    await journal.sync()
    expect(steps).toEqual(['files', 'journal'])
    fault = systemError('EIO')
    journal.add(journal.makeKey('b'), true, '{}')
    await expect(journal.sync()).rejects.toThrow('the disk reports an error')
    expect(steps).toEqual(['files', 'journal', 'files'])
    fault = null
    await journal.close()
    expect(steps).toEqual(['files', 'journal', 'files', 'files', 'journal'])
  })

  it('fails: the next entry tells, and the one after it is written', async () => {
    using folder = new JobFolder()
    const hand = new HandClock()
    const journal = await folder.open({ fsync: true, clock: hand.clock })
    const [a, b] = [journal.makeKey('a'), journal.makeKey('b')]
    journal.add(a, true, '{}')
    datasync.mockRejectedValue(systemError('ENOSPC'))
    hand.fire()
    await expect(journal.sync()).rejects.toThrow('the disk is full')
    expect(() => journal.add(b, true, '{}')).toThrow('the disk is full')
    expect(journal.keys.state(b)).toBe('unknown')
    datasync.mockReset()
    expect(journal.add(b, true, '{}')).toBe(true)
    await journal.sync()
    datasync.mockRejectedValue(systemError('EIO'))
    journal.add(journal.makeKey('c'), true, '{}')
    await expect(journal.close()).rejects.toThrow('the disk reports an error')
    expect(Journal.isTaken(folder.path)).toBe(false)
  })
})
