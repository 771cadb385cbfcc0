import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../lib/core/limits.ts'
import { readInput } from '../../../lib/jobs/input/read-input.ts'
import { OpenPipe, plain, readAll } from './read-all.ts'

async function itemOf(text: string): Promise<unknown> {
  const items = await readAll(text)
  expect(items).toHaveLength(1)
  expect(items[0]!.problem).toBe('')
  return items[0]!.item
}

async function problemOf(text: string): Promise<string> {
  const items = await readAll(text)
  expect(items[0]!.item).toBe(null)
  return items[0]!.problem
}

describe("aria2's input file", () => {
  it('has mirrors, separated by TABs, and options below them', async () => {
    const text = [
      'http://server/file.iso\thttp://mirror/file.iso\t\t http://third/file.iso ',
      '  dir=/iso_images',
      '# a comment',
      '',
      '\tout = file.img ',
      'http://foo/bar',
      'http://foo/baz\t',
    ].join('\n')
    expect(await readAll(text)).toEqual([
      {
        url: 'http://server/file.iso',
        line: 1,
        item: {
          url: 'http://server/file.iso',
          mirrors: ['http://mirror/file.iso', 'http://third/file.iso'],
          out: '/iso_images/file.img',
        },
        problem: '',
      },
      plain('http://foo/bar', 6),
      plain('http://foo/baz', 7),
    ])
  })

  it('has header fields, and options that stand for some', async () => {
    const text = [
      'http://a/b',
      ' header=X-A: 1',
      ' header=Accept:text/html',
      ' header=x-a: 2: 3',
      ' referer=*',
      ' user-agent=first',
      ' user-agent=me/1.0 (x=y)',
    ].join('\n')
    expect(await itemOf(text)).toEqual({
      url: 'http://a/b',
      headers: {
        'X-A': ['1', '2: 3'],
        Accept: ['text/html'],
        Referer: ['http://a/b'],
        'User-Agent': ['me/1.0 (x=y)'],
      },
    })
    expect(await itemOf('http://a/b\n header=referer: x\n referer=y\n user-agent=\n')).toEqual({
      url: 'http://a/b',
      headers: { referer: ['x'] },
    })
    expect(await problemOf('http://a/\n header=none')).toContain(
      '"none" has no name; write it as in Name: value',
    )
  })

  it('gives a folder without a name the name of the URL', async () => {
    const outs: [url: string, out: string][] = [
      ['http://a/b/c%20d.txt?x#y', 'f/c d.txt'],
      ['http://a/', 'f/index.html'],
      ['http://a/%2e%2e%2fpasswd', 'f/%2e%2e%2fpasswd'],
      ['http://a/%zz', 'f/%zz'],
      ['no url', 'f/index.html'],
    ]
    for (const [url, out] of outs) expect(await itemOf(`${url}\n dir=f/`)).toEqual({ url, out })
  })

  it('has checksums, which are looked at', async () => {
    const checksum = 'sha-1=0192ba11326fe2298c8cb4de616f4d4140213838'
    expect(await itemOf(`http://a/\n checksum=${checksum}`)).toEqual({ url: 'http://a/', checksum })
    expect(await problemOf('http://a/\n checksum=adler32=03da0195')).toContain('"adler32" is not known')
  })

  it('tells of each option that is ignored, once', async () => {
    const notes: string[] = []
    const text = 'http://a/\n split=5\n gid=1\nhttp://b/\n split=6\n'
    expect(await readAll(text, { note: (note) => notes.push(note) })).toEqual([
      plain('http://a/', 1),
      plain('http://b/', 4),
    ])
    expect(notes).toEqual([
      "the option split of aria2's input file is ignored",
      "the option gid of aria2's input file is ignored",
    ])
  })

  it('tells of so many options only', async () => {
    const notes: string[] = []
    const options = Array.from({ length: 300 }, (_, i) => ` x${i}=1`).join('\n')
    await readAll(`http://a/\n${options}`, { note: (note) => notes.push(note) })
    expect(notes).toHaveLength(LIMITS.maxInputNotes)
  })

  it('tells of options that have no URL, once for all of them', async () => {
    const items = await readAll(' out=a\n dir=b\nhttp://a/\n out=c')
    expect(items.map(({ line, item, problem }) => [line, item?.out, problem === ''])).toEqual([
      [1, undefined, false],
      [3, 'c', true],
    ])
    expect(items[0]!.problem).toContain('no URL stands before it')
  })

  it('bounds the options of an item', async () => {
    const option = ` header=X: ${'x'.repeat(60_000)}\n`
    const items = await readAll(`http://a/\n${option.repeat(300)}http://b/\n`, {}, 65_536)
    expect(items[0]!.problem).toContain('longer than 16777216 characters')
    expect(items[1]).toEqual(plain('http://b/', 302))
    for (const size of [1_000, 1_000_000]) {
      const long = await readAll(`http://a/\n out=${'x'.repeat(70_000)}\n dir=x\nhttp://b/\n`, {}, size)
      expect(long[0]!.problem).toContain('an option is longer than 65536 characters')
      expect(long[1]).toEqual(plain('http://b/', 4))
    }
  })
})

describe('a pipe that stays open', () => {
  it('gives a plain URL as soon as its line is complete', async () => {
    for (const options of [{ format: 'lines' }, { format: 'lines', live: true }, { live: true }] as const) {
      const pipe = new OpenPipe()
      const groups = readInput(pipe, options)
      pipe.push('http://a/1\nhttp://a')
      expect((await groups.next()).value).toEqual([plain('http://a/1', 1)])
      pipe.push('/2\n')
      expect((await groups.next()).value).toEqual([plain('http://a/2', 2)])
      pipe.end()
      expect((await groups.next()).done).toBe(true)
    }
  })

  it('gives JSON as soon as its line is complete', async () => {
    const pipe = new OpenPipe()
    const groups = readInput(pipe)
    pipe.push('{"url":"http://a/1"}\n')
    expect((await groups.next()).value).toEqual([plain('http://a/1', 1)])
    pipe.end()
    await groups.return()
  })

  it('waits for options where the list has shown that it has some, or its format was named', async () => {
    for (const [options, first] of [
      [{ live: true }, 'http://a/0\thttp://b/0\n'],
      [{ live: true }, 'http://a/0\n out=x\n'],
      [{ live: true, format: 'aria2' }, 'http://a/0\n'],
      [{}, 'http://a/0\n'],
    ] as const) {
      const pipe = new OpenPipe()
      const groups = readInput(pipe, options)
      pipe.push(first)
      pipe.push('http://a/1\n')
      expect((await groups.next()).value).toMatchObject([{ url: 'http://a/0' }])
      pipe.push(' out=y\n')
      pipe.end()
      expect((await groups.next()).value).toMatchObject([{ url: 'http://a/1', item: { out: 'y' } }])
    }
  })

  it('tells of options that come too late, and waits for those of the next URL', async () => {
    const pipe = new OpenPipe()
    const groups = readInput(pipe, { live: true })
    pipe.push('http://a/1\n')
    expect((await groups.next()).value).toEqual([plain('http://a/1', 1)])
    pipe.push(' out=x\nhttp://a/2\n')
    const [late] = (await groups.next()).value!
    expect(late!.problem).toContain('name the format aria2')
    pipe.push(' out=y\n')
    pipe.end()
    expect((await groups.next()).value).toMatchObject([{ url: 'http://a/2', line: 3, item: { out: 'y' } }])
  })
})
