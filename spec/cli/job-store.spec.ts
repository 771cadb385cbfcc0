import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { BodySink } from '../../lib/cli/body-sink.ts'
import { DiskPace } from '../../lib/cli/disk-pace.ts'
import { JobStore } from '../../lib/cli/job-store.ts'
import { CLI_LIMITS } from '../../lib/cli/limits.ts'
import { OutputFolder, type Existing } from '../../lib/cli/output-folder.ts'
import { Client, type StreamResponse } from '../../lib/index.ts'
import { digest, errorOf, FileServer } from '../jobs/download-stand.ts'

const URL_A = new URL('https://a.test/file.bin')
const SMALL = Buffer.from('a small body')
const HOUR = 3_600_000

let folder = ''
let client: Client

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trawl-store-'))
  client = new Client()
})

afterEach(async () => {
  client.destroy()
  rmSync(folder, { recursive: true, force: true })
})

/** A disk that is never waited for. */
const slowPace = (): DiskPace => {
  const pace = new DiskPace()
  pace.failed()
  return pace
}

interface How {
  existing?: Existing
  since?: number
  fsync?: boolean
  pace?: DiskPace
}

/** As each process of a job has one. */
async function openStore({
  existing = 'refuse',
  since = Date.now(),
  fsync = false,
  pace,
}: How = {}): Promise<JobStore> {
  return new JobStore(await OutputFolder.open(folder, existing, pace), existing, since, fsync)
}

async function answer(server: FileServer): Promise<StreamResponse> {
  return client.stream(server.url)
}

/** Stores a body in pieces, as it comes. */
async function put(
  sink: BodySink,
  response: StreamResponse,
  isThere: () => boolean = () => false,
): Promise<string> {
  sink.begin!(response, URL_A)
  for await (const chunk of response.body) {
    await sink.write(chunk)
    if (isThere()) throw new Error('half a file has its name')
  }
  return sink.commit()
}

const names = (sub = 'a.test'): string[] => readdirSync(join(folder, sub)).toSorted()
const content = (name = 'a.test/file.bin'): string => digest(readFileSync(join(folder, name)))

/** A file that stood there so long before the job. */
function leaveFile(age: number, name = 'a.test/file.bin'): string {
  const path = join(folder, name)
  mkdirSync(join(path, '..'), { recursive: true })
  writeFileSync(path, 'old')
  utimesSync(path, new Date(), new Date(Date.now() - age))
  return path
}

describe('the files of a job', () => {
  it('are stored whole and alone, small ones and large ones, on quick disks and slow ones, forced there or not', async () => {
    for (const size of [0, 1, CLI_LIMITS.writeSize - 1, CLI_LIMITS.writeSize, 3_000_000]) {
      await using server = await FileServer.start(size)
      for (const pace of [new DiskPace(), slowPace()]) {
        for (const fsync of [false, true]) {
          const store = await openStore({ fsync, pace })
          const sink = await store.place(URL_A, '')
          const path = await put(sink, await answer(server), () =>
            existsSync(join(folder, 'a.test/file.bin')),
          )
          await store.sync()
          expect(path).toBe(join(folder, 'a.test/file.bin'))
          expect([names(), content()]).toEqual([['file.bin'], digest(server.content)])
          rmSync(join(folder, 'a.test'), { recursive: true })
        }
      }
    }
  })

  it('are refused, kept or replaced where they are older than the job', async () => {
    await using server = await FileServer.start(SMALL)
    for (const pace of [new DiskPace(), slowPace()]) {
      const path = leaveFile(HOUR)
      const refusing = await openStore({ pace })
      expect(await errorOf(Promise.resolve(refusing.place(URL_A, '')))).toMatchObject({
        code: 'ERR_FILE_EXISTS',
        message: `${path} is older than the job and is kept; move it away, or count it as done by --skip-existing`,
      })
      const skipping = await openStore({ existing: 'skip', pace })
      const kept = await skipping.place(URL_A, '')
      expect([kept.thereAt, await kept.commit()]).toEqual([path, path])
      await kept.discard()
      expect(readFileSync(path, 'utf8')).toBe('old')
      const replacing = await openStore({ existing: 'replace', pace })
      await put(await replacing.place(URL_A, ''), await answer(server))
      expect([names(), readFileSync(path, 'utf8')]).toEqual([['file.bin'], String(SMALL)])
    }
  })

  it('are made anew where they are younger: a killed run has left them, and no entry', async () => {
    await using server = await FileServer.start(SMALL)
    for (const existing of ['refuse', 'skip', 'replace'] as const) {
      for (const pace of [new DiskPace(), slowPace()]) {
        const path = leaveFile(1000)
        const store = await openStore({ existing, since: Date.now() - HOUR, pace })
        await put(await store.place(URL_A, ''), await answer(server))
        expect([names(), readFileSync(path, 'utf8')]).toEqual([['file.bin'], String(SMALL)])
      }
    }
  })

  it('are written by one at a time', async () => {
    await using server = await FileServer.start(SMALL)
    for (const pace of [new DiskPace(), slowPace()]) {
      const store = await openStore({ pace })
      const first = await store.place(URL_A, 'same.bin')
      const other = new URL('https://b.test/')
      expect(await errorOf(Promise.resolve(store.place(other, './same.bin')))).toMatchObject({
        code: 'ERR_FILE_EXISTS',
      })
      await first.discard()
      const second = await store.place(other, 'same.bin')
      await put(second, await answer(server))
      expect(readFileSync(join(folder, 'same.bin'), 'utf8')).toBe(String(SMALL))
      rmSync(join(folder, 'same.bin'))
    }
  })

  it('are not made anew where another item of this run has made them', async () => {
    for (const pace of [new DiskPace(), slowPace()]) {
      const since = Date.now() - HOUR
      const refusing = await openStore({ since, pace })
      const skipping = await openStore({ existing: 'skip', since, pace })
      // Later than the store, whatever the step of the file system's clock.
      const path = leaveFile(-1000)
      const { code, message } = await errorOf(Promise.resolve(refusing.place(URL_A, '')))
      expect([code, message]).toEqual([
        'ERR_FILE_EXISTS',
        `${path} was written in this run already, for another item; give each a name of its own by out=`,
      ])
      expect((await skipping.place(URL_A, '')).thereAt).toBe(path)
      expect(readFileSync(path, 'utf8')).toBe('old')
      rmSync(path)
    }
  })

  it('never have the names of the files of the job itself', async () => {
    const job = join(folder, 'job')
    mkdirSync(job)
    symlinkSync('job', join(folder, 'link'))
    for (const pace of [new DiskPace(), slowPace()]) {
      const store = new JobStore(await OutputFolder.open(folder, 'refuse', pace), 'refuse', 0, false, job)
      for (const out of [
        'job/journal.jsonl',
        'link/LOCK',
        'job/owner',
        'job/command.json',
        'job/waiting-1',
      ]) {
        const { code, message } = await errorOf(Promise.resolve(store.place(URL_A, out)))
        expect([code, message]).toEqual(['ERR_FILE', expect.stringContaining('a file of the job itself')])
      }
      const sink = await store.place(URL_A, 'other/journal.jsonl')
      await sink.discard()
    }
  })

  it('stand where the list says, and never elsewhere', async () => {
    await using server = await FileServer.start(SMALL)
    const store = await openStore()
    const right: [out: string, path: string][] = [
      ['x.bin', 'x.bin'],
      ['a/b\\c', 'a/b/c'],
      ['./a//d/', 'a/d'],
      ['...', '...'],
      ['é b', 'é b'],
    ]
    for (const [out, path] of right) {
      await put(await store.place(URL_A, out), await answer(server))
      expect(readFileSync(join(folder, path), 'utf8')).toBe(String(SMALL))
    }
    const wrong = [
      '..',
      '../x',
      'a/../../x',
      'a/..',
      'a\\..\\..\\x',
      '/etc/x',
      '\\x',
      '\\\\host\\share',
      'C:x',
      'c:\\x',
      'C:/x',
      'a\0b',
      '.',
      './',
      '/',
    ]
    const before = readdirSync(join(folder, '..')).length
    for (const out of wrong) {
      const place = async (): Promise<BodySink> => store.place(URL_A, out)
      const { code, message } = await errorOf(place())
      expect([code, message]).toEqual(['ERR_FILE', expect.stringContaining(JSON.stringify(out))])
    }
    expect(readdirSync(join(folder, '..')).length).toBe(before)
    expect(readdirSync(folder).toSorted()).toEqual(['...', 'a', 'x.bin', 'é b'])
  })

  it('never have the names of parts of others', async () => {
    const store = await openStore()
    for (const out of ['x.trawl-part', 'a/x.TRAWL-PART.json', 'x.trawl-part.json.new']) {
      expect(await errorOf(Promise.resolve(store.place(URL_A, out)))).toMatchObject({ code: 'ERR_FILE' })
    }
    const url = new URL('https://a.test/x.trawl-part.json')
    expect(await errorOf(Promise.resolve(store.place(url, '')))).toMatchObject({ code: 'ERR_FILE' })
  })

  it('go around folders, and around files where they need folders', async () => {
    await using server = await FileServer.start(SMALL)
    mkdirSync(join(folder, 'a.test/file.bin'), { recursive: true })
    const store = await openStore()
    await put(await store.place(new URL('https://a.test/x'), ''), await answer(server))
    expect(await put(await store.place(URL_A, ''), await answer(server))).toBe(
      join(folder, 'a.test/file.bin~f'),
    )
    const below = new URL('https://a.test/x/y')
    expect(await put(await store.place(below, ''), await answer(server))).toBe(join(folder, 'a.test/x~d/y'))
  })

  it('do not follow a link that stands where a part belongs', async () => {
    await using server = await FileServer.start(SMALL)
    const store = await openStore()
    const outside = join(folder, 'outside')
    writeFileSync(outside, 'mine')
    mkdirSync(join(folder, 'a.test'))
    symlinkSync(outside, join(folder, 'a.test/file.bin.trawl-part'))
    await put(await store.place(URL_A, ''), await answer(server))
    expect([readFileSync(outside, 'utf8'), content()]).toEqual(['mine', digest(SMALL)])
    expect(names()).toEqual(['file.bin'])
  })

  it('leave nothing when they are given up', async () => {
    await using server = await FileServer.start(1_000_000)
    const store = await openStore()
    for (const end of ['restart', 'discard'] as const) {
      const sink = await store.place(URL_A, '')
      const response = await answer(server)
      sink.begin!(response, URL_A)
      await sink.write(Buffer.alloc(400_000))
      expect(names()).toEqual(['file.bin.trawl-part'])
      await sink[end]()
      expect(names()).toEqual([])
      await sink.discard()
      await response.discard()
    }
    const again = await store.place(URL_A, '')
    expect(again.partAt).toBe('')
  })
})

const SIZE = 3_000_000

/** What a process has stored of it when it is killed, or the connection breaks. */
async function begin(server: FileServer, url = new URL(server.url)): Promise<BodySink> {
  const store = await openStore({ since: Date.now() - HOUR })
  const sink = await store.place(new URL(server.url), 'file.bin')
  const response = await client.stream(server.url)
  sink.begin!(response, url)
  let taken = 0
  for await (const chunk of response.body) {
    await sink.write(chunk)
    taken += chunk.length
    if (taken > 1_500_000) break
  }
  return sink
}

describe('a large file of a job that broke off', () => {
  it('is gone on with by a Range when it is left', async () => {
    await using server = await FileServer.start(SIZE)
    const sink = await begin(server)
    const left = await sink.leave!()
    expect(left).toBe(join(folder, 'file.bin'))
    const result = await client.download(server.url, left)
    expect(result.resumedFrom).toBeGreaterThan(1_000_000)
    expect(server.ranges.at(-1)).toBe(`bytes=${result.resumedFrom}-`)
    expect([readdirSync(folder), content('file.bin')]).toEqual([['file.bin'], digest(server.content)])
    sink.finished!()
  })

  it('is gone on with by a later process after a kill', async () => {
    await using server = await FileServer.start(SIZE)
    await using other = await FileServer.start(SIZE)
    // The next process is another one: this one does nothing further, and its locks go with it.
    const sink = await begin(server)
    const parts = readdirSync(folder).map((name) => [name, readFileSync(join(folder, name))] as const)
    expect(parts.map(([name]) => name).toSorted()).toEqual([
      'file.bin.trawl-part',
      'file.bin.trawl-part.json',
    ])
    for (const pace of [new DiskPace(), slowPace()]) {
      const store = await openStore({ since: Date.now() - HOUR, pace })
      const next = await store.place(new URL(server.url), 'file.bin')
      expect(next.partAt).toBe(join(folder, 'file.bin'))
      next.finished!()
    }
    await sink.leave!()
    const { resumedFrom } = await client.download(server.url, join(folder, 'file.bin'))
    expect(resumedFrom).toBeGreaterThan(1_000_000)
    expect(content('file.bin')).toBe(digest(server.content))
    expect(other.asked).toEqual([])
  })

  it('is not taken for a part of what another URL has', async () => {
    await using server = await FileServer.start(SIZE)
    await using mirror = await FileServer.start(SIZE)
    // The item's URL was answered by its mirror, which gives the same validator to other bytes.
    const sink = await begin(mirror, new URL(mirror.url))
    const left = await sink.leave!()
    const { resumedFrom } = await client.download(server.url, left)
    expect([resumedFrom, content('file.bin')]).toEqual([0, digest(server.content)])
    sink.finished!()
  })

  it('does not lend its record to a small body that comes instead', async () => {
    await using server = await FileServer.start(SIZE)
    await using small = await FileServer.start(SMALL)
    const sink = await begin(server)
    await sink.leave!()
    expect(await sink.restart()).toBe(true)
    const response = await answer(small)
    sink.begin!(response, new URL(small.url))
    for await (const chunk of response.body) await sink.write(chunk)
    await sink.commit()
    expect([readdirSync(folder), content('file.bin')]).toEqual([['file.bin'], digest(SMALL)])
  })

  it('is not left where no validator names its version', async () => {
    await using server = await FileServer.start(SIZE)
    server.etag = null
    const sink = await begin(server)
    expect(await sink.leave!()).toBe('')
    expect(readdirSync(folder)).toEqual([])
    await sink.discard()
  })

  it('is not left when nothing of it is on the disk yet', async () => {
    const store = await openStore()
    await using server = await FileServer.start(SMALL)
    const sink = await store.place(URL_A, '')
    const response = await answer(server)
    sink.begin!(response, URL_A)
    await sink.write(SMALL)
    expect(await sink.leave!()).toBe('')
    await sink.discard()
    await response.discard()
    expect(readdirSync(folder)).toEqual([])
  })
})
