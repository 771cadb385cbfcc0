import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative, sep } from 'node:path'
import fc from 'fast-check'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { fileNameOf } from '../../lib/cli/file-names.ts'
import { OutputFolder } from '../../lib/cli/output-folder.ts'
import { Client } from '../../lib/index.ts'
import { hashUrl, writeRecord } from '../../lib/jobs/part-record.ts'
import { Sites } from '../client/sites.ts'

/** What servers and lists say never decides where on the disk something is written, beyond a name below a folder. */

let base = ''
let outside = ''

beforeEach(() => {
  const root = mkdtempSync(join(tmpdir(), 'trawl-security-'))
  ;[base, outside] = [join(root, 'pages'), join(root, 'victim')]
  mkdirSync(base)
  writeFileSync(outside, 'precious')
})
afterEach(() => {
  rmSync(join(base, '..'), { recursive: true })
})

/** Device names of Windows, whatever comes behind a dot. */
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/i

function whatIsWrong(url: string): string {
  const { folders, name } = fileNameOf(new URL(url))
  const path = join(base, ...folders, name)
  if (relative(base, path).split(sep).length !== folders.length + 1) return `it leaves its folder: ${path}`
  for (const part of [...folders, name]) {
    if (/[^\u0021-\u007e]|[/\\:*?"<>|]/.test(part)) return `a character: ${part}`
    if (/^[.-]|[. ]$|^$/.test(part)) return `its beginning or end: ${part}`
    if (RESERVED.test(part)) return `a device: ${part}`
    if (part.length > 255) return `its length: ${part.length}`
  }
  return path.length - base.length > 1_100 ? 'its length in all' : ''
}

describe('a name out of a URL', () => {
  it.each(
    [
      'https://a/../../../etc/passwd',
      'https://a/..%2f..%2fetc%2fpasswd',
      'https://a/%2e%2e%5c%2e%2e%5cx',
      'https://a/..\\..\\x',
      'https://a//etc/passwd',
      'https://a/C:/Windows/x',
      'https://a/c:%5cx',
      'https://a/a%00.html',
      'https://a/a\u0000b',
      'https://a/%0d%0a',
      'https://a/con',
      'https://a/CON.txt',
      'https://a/nul/x',
      'https://a/aux.tar.gz',
      'https://a/com1?x',
      'https://a/lpt9.',
      'https://a/.ssh/authorized_keys',
      'https://a/.git/config',
      'https://a/-rf',
      'https://a/--checkpoint-action=exec',
      'https://a/x.',
      'https://a/x%20',
      'https://a/...',
      'https://a/..',
      'https://a/x?../../y',
      'https://a/x?/etc/passwd',
      'https://a/x#../../y',
      'https://a/~/.bashrc',
      'https://a/$HOME/`id`/;reboot',
      'https://../x',
      'https://con/x',
      'https://nul.example/x',
      'https://user:..%2f..%2f@a/x',
      'https://..%2f@a/x',
      'https://[::1]/x',
      'https://a/\u202egpj.exe',
      'https://a/\u{1F600}',
      `https://a/${'x'.repeat(300)}`,
      `https://a/${'x'.repeat(60_000)}`,
      `https://a/${'x/'.repeat(30_000)}`,
      `https://a/?${'%2f..'.repeat(10_000)}`,
      `https://${'a.'.repeat(120)}test/x`,
    ].filter((url) => URL.canParse(url)),
  )('%j', (url) => {
    expect(whatIsWrong(url)).toBe('')
  })

  it('is fit for a file, whatever the URL', { timeout: 60_000 }, () => {
    const piece = fc.oneof(
      fc.constantFrom(
        '..',
        '.',
        '/',
        '\\',
        '%2f',
        '%2e',
        '%00',
        '%5c',
        'con',
        'nul.',
        '-',
        ':',
        '?',
        '#',
        '@',
        '~',
        ' ',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    )
    const url = fc.tuple(
      fc.constantFrom('http://a/', 'https://con/', 'https://x@[::1]:81/'),
      fc.array(piece, { maxLength: 12 }),
    )
    fc.assert(
      fc.property(url, ([origin, pieces]) => {
        const text = origin + pieces.join('')
        expect(URL.canParse(text) ? whatIsWrong(text) : '').toBe('')
      }),
      { numRuns: 200 },
    )
  })
})

async function store(url: string, force: boolean, size = 15): Promise<void> {
  const folder = await OutputFolder.open(base, force ? 'replace' : 'refuse')
  const file = await folder.place(new URL(url))
  await file.write(Buffer.alloc(size, 'from the server'))
  await file.commit()
}

describe('the output folder', () => {
  // Small bodies are stored in one go, large ones as they come.
  it.each([false, true].flatMap((force) => [15, 200_000].map((size) => ({ force, size }))))(
    'does not write through a link that stands at the name (force: $force, $size bytes)',
    async ({ force, size }) => {
      mkdirSync(join(base, 'a'))
      symlinkSync(outside, join(base, 'a', 'x'))
      const code = await store('https://a/x', force, size).then(
        () => '',
        (error: { code: string }) => error.code,
      )
      expect(code).toBe(force ? '' : 'ERR_FILE_EXISTS')
      expect(readFileSync(outside, 'utf8')).toBe('precious')
      expect(lstatSync(join(base, 'a', 'x')).isSymbolicLink()).toBe(!force)
    },
  )

  it('does not write through a link that leads nowhere yet', async () => {
    mkdirSync(join(base, 'a'))
    symlinkSync(join(outside, '..', 'new'), join(base, 'a', 'x'))
    await expect(store('https://a/x', false)).rejects.toMatchObject({ code: 'ERR_FILE_EXISTS' })
    expect(readdirSync(join(base, '..')).toSorted()).toEqual(['pages', 'victim'])
  })
})

describe('a download', () => {
  let sites: Sites
  beforeAll(async () => {
    sites = await Sites.open(1)
    sites.on('/file', (_seen, response) => {
      // What a browser would store it as.
      response.setHeader(
        'content-disposition',
        'attachment; filename="../../evil"; filename*=UTF-8\'\'%2e%2e%2fevil',
      )
      response.setHeader('etag', '"1"')
      response.end('from the server')
    })
    sites.on('/rest', ({ fields }, response) => {
      const start = Number(/\d+/.exec(fields['range'] ?? '')?.[0] ?? 0)
      const range = `bytes ${start}-${start + 3}/${start + 4}`
      response.writeHead(start === 0 ? 200 : 206, {
        etag: '"1"',
        'content-range': range,
        'content-length': 4,
      })
      response.end('evil')
    })
  })
  afterAll(() => sites.close())

  async function download(path: string, from = '/file'): Promise<string> {
    await using client = new Client()
    try {
      await client.download(sites.origin(0) + from, path)
      return ''
    } catch (error) {
      return (error as { code: string }).code
    }
  }

  it('goes to its path, whatever Content-Disposition says', async () => {
    const path = join(base, 'file')
    expect(await download(path)).toBe('')
    expect(readdirSync(base)).toEqual(['file'])
    expect(readFileSync(path, 'utf8')).toBe('from the server')
    expect(readdirSync(join(base, '..')).toSorted()).toEqual(['pages', 'victim'])
  })

  it.each(['', '.trawl-part', '.trawl-part.json', '.trawl-part.json.new'])(
    'does not write through a link at its path%s',
    async (suffix) => {
      const path = join(base, 'file')
      symlinkSync(outside, path + suffix)
      expect(await download(path)).toBe('')
      expect(readFileSync(outside, 'utf8')).toBe('precious')
      expect(readFileSync(path, 'utf8')).toBe('from the server')
      expect(lstatSync(path).isSymbolicLink()).toBe(false)
    },
  )

  it('does not go on with a part that is a link, though a record speaks for it', async () => {
    const path = join(base, 'file')
    symlinkSync(outside, `${path}.trawl-part`)
    const record = { validator: '"1"', total: 12, coding: '', inode: String(statSync(outside).ino) }
    await writeRecord(`${path}.trawl-part.json`, { url: hashUrl(`${sites.origin(0)}/rest`), ...record })
    expect(await download(path, '/rest')).toBe('')
    expect(readFileSync(outside, 'utf8')).toBe('precious')
    expect(readFileSync(path, 'utf8')).toBe('evil')
  })

  it('does not write its record through a link', async () => {
    const path = join(base, 'x.json')
    symlinkSync(outside, `${path}.new`)
    await writeRecord(path, { url: 'x', validator: '"1"', total: 1, coding: '', inode: '1' })
    expect(readFileSync(outside, 'utf8')).toBe('precious')
    expect(lstatSync(path).isSymbolicLink()).toBe(false)
  })
})
