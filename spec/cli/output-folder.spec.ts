import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { DiskPace } from '../../lib/cli/disk-pace.ts'
import { CLI_LIMITS } from '../../lib/cli/limits.ts'
import { OutputFolder } from '../../lib/cli/output-folder.ts'

let base = ''

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'trawl-spec-'))
})

afterEach(async () => {
  await rm(base, { recursive: true, force: true })
})

/** All files below the folder and what is in them, temporary ones included. */
async function contents(): Promise<Record<string, string>> {
  const entries = await readdir(base, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name))
  const pairs = files.toSorted().map(async (file) => [relative(base, file), await readFile(file, 'utf8')])
  return Object.fromEntries(await Promise.all(pairs)) as Record<string, string>
}

async function store(folder: OutputFolder, url: string, body: string): Promise<string> {
  const file = await folder.place(new URL(url))
  await file.write(Buffer.from(body))
  return relative(base, await file.commit())
}

/** Of a disk that is never waited for. */
class SlowDisk extends DiskPace {
  override mayWait(): boolean {
    return false
  }
}

describe.each([
  ['is waited for', DiskPace],
  ['is too slow for that', SlowDisk],
])('a disk that %s:', (_how, Pace) => {
  const open = (path: string, force: boolean): Promise<OutputFolder> =>
    OutputFolder.open(path, force ? 'replace' : 'refuse', new Pace())

  describe('an output folder', () => {
    it('takes each body in a file of its own', async () => {
      const folder = await open(join(base, 'new', 'out'), false)
      expect(await store(folder, 'https://a/x/1?q', 'one')).toBe('new/out/a/x/1@q')
      expect(await store(folder, 'https://a/x/', '')).toBe('new/out/a/x/~index')
      expect(await contents()).toEqual({ 'new/out/a/x/1@q': 'one', 'new/out/a/x/~index': '' })
    })

    it('shows a file under its name only when it is whole', async () => {
      const folder = await open(base, false)
      const file = await folder.place(new URL('https://a/x'))
      const half = 'h'.repeat(CLI_LIMITS.writeSize)
      await file.write(Buffer.from(half))
      const before = Object.entries(await contents())
      expect(before).toEqual([[expect.stringMatching(/^a\/~part-/), half]])
      expect(file.write(Buffer.from('rest'))).toBeUndefined()
      await file.commit()
      expect(await contents()).toEqual({ 'a/x': `${half}rest` })
    })

    it('refuses the second of two URLs that are the same, however close it follows', async () => {
      const folder = await open(base, false)
      const [first, second] = await Promise.allSettled([
        folder.place(new URL('https://a/x')),
        folder.place(new URL('https://a/x')),
      ])
      expect(first.status).toBe('fulfilled')
      expect(second).toMatchObject({ reason: { code: 'ERR_FILE_EXISTS' } })
      expect(String((second as PromiseRejectedResult).reason)).toContain('the URL is twice in the list')
    })

    it.runIf(process.platform === 'linux')('refuses a folder that takes no others, at once', async () => {
      await expect(open('/proc/trawl-spec/pages', false)).rejects.toThrow(
        'cannot write to the output folder /proc/trawl-spec/pages: it does not exist; choose another',
      )
    })

    it('refuses a folder below a link that leads nowhere', async () => {
      await symlink(join(base, 'nowhere'), join(base, 'link'))
      await expect(open(join(base, 'link', 'pages'), false)).rejects.toThrow(
        `cannot write to the output folder ${join(base, 'link', 'pages')}: `,
      )
    })

    it('leaves nothing of a body that broke off', async () => {
      const folder = await open(base, false)
      const file = await folder.place(new URL('https://a/x'))
      await file.write(Buffer.alloc(CLI_LIMITS.writeSize))
      await file.discard()
      expect(await contents()).toEqual({})
      expect(await store(folder, 'https://a/x', 'again')).toBe('a/x')
    })

    it('keeps what exists, and says so before anything is fetched', async () => {
      const folder = await open(base, false)
      await store(folder, 'https://a/x', 'old')
      await expect(folder.place(new URL('https://a/x'))).rejects.toMatchObject({
        code: 'ERR_FILE_EXISTS',
        message: `${join(base, 'a/x')} exists and is kept; --force replaces it`,
        fatal: false,
      })
      expect(await contents()).toEqual({ 'a/x': 'old' })
    })

    it('keeps a file that came while its own was on the way', async () => {
      const folder = await open(base, false)
      const file = await folder.place(new URL('https://a/x'))
      await mkdir(join(base, 'a'))
      await writeFile(join(base, 'a/x'), 'somebody else')
      await file.write(Buffer.from('mine'))
      await expect(file.commit()).rejects.toMatchObject({ code: 'ERR_FILE_EXISTS' })
      expect(await contents()).toEqual({ 'a/x': 'somebody else' })
    })

    it('takes one URL once at a time', async () => {
      const folder = await open(base, false)
      const first = await folder.place(new URL('https://a/x'))
      await expect(folder.place(new URL('https://a/x#y'))).rejects.toMatchObject({
        code: 'ERR_FILE_EXISTS',
        message: `${join(base, 'a/x')} is being written: the URL is twice in the list`,
      })
      await first.discard()
      await (await folder.place(new URL('https://a/x'))).discard()
    })

    it('replaces files when told to, as a whole', async () => {
      await store(await open(base, false), 'https://a/x', 'old')
      const folder = await open(base, true)
      const file = await folder.place(new URL('https://a/x'))
      await file.write(Buffer.alloc(CLI_LIMITS.writeSize, 'n'))
      expect((await contents())['a/x']).toBe('old')
      await file.commit()
      expect(await contents()).toEqual({ 'a/x': 'n'.repeat(CLI_LIMITS.writeSize) })
    })
  })

  describe('a name that is a file and a folder', () => {
    it.each([false, true])('loses neither, the file first (force: %s)', async (force) => {
      const folder = await open(base, force)
      expect(await store(folder, 'https://a/x', 'x')).toBe('a/x')
      expect(await store(folder, 'https://a/x/y', 'y')).toBe('a/x~d/y')
      expect(await store(folder, 'https://a/x/y/z', 'z')).toBe('a/x~d/y~d/z')
      expect(await contents()).toEqual({ 'a/x': 'x', 'a/x~d/y': 'y', 'a/x~d/y~d/z': 'z' })
    })

    it.each([false, true])('loses neither, the folder first (force: %s)', async (force) => {
      const folder = await open(base, force)
      expect(await store(folder, 'https://a/x/y', 'y')).toBe('a/x/y')
      expect(await store(folder, 'https://a/x', 'x')).toBe('a/x~f')
      expect(await contents()).toEqual({ 'a/x/y': 'y', 'a/x~f': 'x' })
    })

    it.each([false, true])('loses neither, both on the way (force: %s)', async (force) => {
      const folder = await open(base, force)
      const file = await folder.place(new URL('https://a/x'))
      const below = await folder.place(new URL('https://a/x/y'))
      await file.write(Buffer.from('x'))
      await below.write(Buffer.from('y'))
      await below.commit()
      await file.commit()
      const late = await folder.place(new URL('https://a/z/y'))
      expect(await store(folder, 'https://a/z', 'z')).toBe('a/z')
      await late.write(Buffer.from('zy'))
      await late.commit()
      expect(await contents()).toEqual({ 'a/x/y': 'y', 'a/x~f': 'x', 'a/z': 'z', 'a/z~d/y': 'zy' })
    })

    it('is found again by a second run', async () => {
      const first = await open(base, false)
      for (const url of ['https://a/x', 'https://a/x/y', 'https://a/z/y', 'https://a/z']) {
        await store(first, url, url)
      }
      const second = await open(base, false)
      for (const url of ['https://a/z', 'https://a/z/y', 'https://a/x/y', 'https://a/x']) {
        await expect(second.place(new URL(url))).rejects.toMatchObject({ code: 'ERR_FILE_EXISTS' })
      }
    })
  })

  describe('a folder that cannot be written', () => {
    it('is refused at once, with path, reason and remedy', async () => {
      await writeFile(join(base, 'file'), '')
      await expect(open(join(base, 'file'), false)).rejects.toMatchObject({
        exitCode: 3,
        message: `cannot write to the output folder ${join(base, 'file')}: it is not a folder; choose another --output-dir, or change its permissions`,
      })
      await expect(open(join(base, 'file', 'x'), false)).rejects.toMatchObject({
        message: expect.stringContaining('a part of its path is not a folder') as string,
      })
    })
  })
})
