import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../../lib/core/limits.ts'
import type { OpenUrl } from '../../../lib/jobs/input/sitemap-items.ts'
import { inPieces, plain, readAll } from './read-all.ts'

function urlset(...urls: string[]): string {
  return `<urlset xmlns="x">${urls.map((url) => `<url><loc>${url}</loc></url>`).join('')}</urlset>`
}

function index(...urls: string[]): string {
  return `<sitemapindex>${urls.map((url) => `<sitemap><loc>${url}</loc></sitemap>`).join('')}</sitemapindex>`
}

/** A site of sitemaps, by their URL. Writes down what is asked for. */
function site(files: Readonly<Record<string, string | Uint8Array>>, asked: string[] = []): OpenUrl {
  return async (url) => {
    asked.push(url)
    const file = files[url]
    if (file === undefined) throw new Error(`404 for ${url}`)
    return inPieces(typeof file === 'string' ? Buffer.from(file) : file, 7)
  }
}

async function* endless(): AsyncGenerator<Uint8Array, void, void> {
  yield Buffer.from(urlset('http://a/'))
  const blanks = Buffer.alloc(4_194_304, ' ')
  for (;;) yield blanks
}

async function problemOf(text: string): Promise<string> {
  const items = await readAll(text)
  return items.map(({ problem }) => problem).find((problem) => problem !== '') ?? ''
}

describe('a sitemap', () => {
  it('lists URLs, with entities, CDATA, comments and blanks', async () => {
    const text = `\uFEFF<?xml version="1.0" encoding="UTF-8"?>
      <?xml-stylesheet href="a.xsl"?><!-- <loc>http://no/</loc> -->
      <urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">
        <url><loc> http://a/?x=1&amp;y=%202&#38;z=&#x41; </loc><lastmod>2026-01-01</lastmod></url>
        <url><lastmod>x</lastmod><loc><![CDATA[http://b/?x&y<>]]></loc></url>
        <url><loc>http://c/?x=1&y=2&copy=3</loc></url>
        <url><loc>http://d/<!-- no -->e</loc></url>
      </urlset> <urlset><url><loc>http://no/</loc></url></urlset>`
    expect(await readAll(text)).toEqual([
      plain('http://a/?x=1&y=%202&z=A', 1),
      plain('http://b/?x&y<>', 2),
      plain('http://c/?x=1&y=2&copy=3', 3),
      plain('http://d/e', 4),
    ])
  })

  it('may have a prefix of its own, and the addresses of images in it are not taken', async () => {
    const text = `<s:urlset xmlns:s="x" xmlns:image="y"><s:url><s:loc>http://a/</s:loc>
      <image:image><image:loc>http://no/1</image:loc></image:image><image:loc>http://no/2</image:loc>
      <loc>http://no/3</loc></s:url><s:loc>http://no/4</s:loc></s:urlset>`
    expect(await readAll(text)).toEqual([plain('http://a/', 1)])
    const images = '<urlset><url><loc>http://a/</loc><v:v><v:loc>http://no/</v:loc></v:v></url></urlset>'
    expect(await readAll(images)).toEqual([plain('http://a/', 1)])
  })

  it('may be gzipped, or plain text', async () => {
    expect(await readAll(gzipSync(urlset('http://a/', 'http://b/')))).toEqual([
      plain('http://a/', 1),
      plain('http://b/', 2),
    ])
    expect(await readAll('\n# x\nhttp://a/\nhttp://b/', { format: 'sitemap' })).toEqual([
      plain('http://a/', 1),
      plain('http://b/', 2),
    ])
  })

  it('forgives what is not closed, but takes no half of a URL', async () => {
    const text = '<urlset><url><loc>http://a/</url><url><loc>http://b/</loc><url><loc>http://c/'
    const items = await readAll(text)
    expect(items.slice(0, 2)).toEqual([plain('http://a/', 1), plain('http://b/', 2)])
    expect(items).toHaveLength(3)
    expect(items[2]!.problem).toContain('it ends in the middle')
  })

  it('expands nothing', async () => {
    const bomb = `<?xml version="1.0"?><!DOCTYPE urlset [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">
      <!ENTITY file SYSTEM "file:///etc/passwd">]>`
    expect(await readAll(`${bomb}${urlset('http://a/&b;&file;')}`)).toEqual([plain('http://a/&b;&file;', 1)])
  })

  it('tells what it is, where it is no sitemap', async () => {
    expect(await problemOf('<!DOCTYPE html><html><body>no</body></html>')).toContain(
      'its XML is <html>, not <urlset>',
    )
    expect(await problemOf('<rss><channel></channel></rss>')).toContain('its XML is <rss>')
    expect(await problemOf('<?xml version="1.0"?>')).toContain('no XML element')
    expect(await problemOf('<')).toContain('no XML element')
    const empty = await readAll('', { format: 'sitemap' })
    expect(empty.map(({ problem }) => problem)).toEqual(['the sitemap is empty'])
  })

  it('tells of an address that is none', async () => {
    const items = await readAll(urlset('', `http://${'x'.repeat(70_000)}`, 'http://a/'))
    expect(items.map(({ problem }) => problem === '')).toEqual([false, false, true])
    expect(items[1]!.url).toHaveLength(100)
  })

  it('bounds what has to be held', async () => {
    const text = `${urlset('http://a/').replace('</urlset>', '')}<!--${'x'.repeat(LIMITS.maxXmlPiece + 100_000)}`
    const items = await readAll(text, {}, 10_000)
    expect(items[0]).toEqual(plain('http://a/', 1))
    expect(items[1]!.problem).toContain('longer than 1048576 characters')
    const attribute = `<urlset a="${'x'.repeat(LIMITS.maxXmlPiece + 100_000)}`
    expect((await readAll(attribute, {}, 10_000))[0]!.problem).toContain('longer than 1048576 characters')
    expect(await problemOf(`<urlset>${'<url>'.repeat(200)}`)).toContain(
      'more than 100 elements in one another',
    )
  })

  it('bounds how large it is', async () => {
    const items = await readAll(index('http://a/1'), { open: async () => endless() })
    expect(items[0]).toEqual(plain('http://a/', 1))
    expect(items[1]!.problem).toContain('larger than 268435456 bytes')
  })
})

describe('an index of sitemaps', () => {
  it('leads to sitemaps, each once, gzipped or plain text', async () => {
    const asked: string[] = []
    const open = site(
      {
        'http://s/1': urlset('http://a/1', 'http://a/2'),
        'http://s/2.gz': gzipSync(urlset('http://a/3')),
        'http://s/3.txt': 'http://a/4\n',
      },
      asked,
    )
    const text = index('http://s/1', 'http://s/2.gz', 'http://s/1', ' http://s/3.txt ')
    expect(await readAll(text, { open })).toEqual([1, 2, 3, 4].map((i) => plain(`http://a/${i}`, i)))
    expect(asked).toEqual(['http://s/1', 'http://s/2.gz', 'http://s/3.txt'])
  })

  it('goes on after one that cannot be read', async () => {
    const open = site({
      'http://s/2': '<html></html>',
      'http://s/3': gzipSync(urlset('http://a/1')).subarray(0, -12),
      'http://s/4': '',
      'http://s/5': urlset('http://a/2'),
    })
    const text = index('http://s/1', 'http://s/2', 'http://s/3', 'http://s/4', 'http://s/5')
    const items = await readAll(text, { open })
    const problems = items.filter(({ problem }) => problem !== '')
    expect(problems.map(({ url, problem }) => [url, /404|<html>|gzip|empty/u.exec(problem)?.[0]])).toEqual([
      ['http://s/1', '404'],
      ['http://s/2', '<html>'],
      ['http://s/3', 'gzip'],
      ['http://s/4', 'empty'],
    ])
    expect(items.at(-1)!.url).toBe('http://a/2')
    expect(items.map(({ line }) => line)).toEqual(items.map((_, i) => i + 1))
  })

  it('may lead to one index more, but to no other, and not around in a circle', async () => {
    const asked: string[] = []
    const open = site(
      {
        'http://s/1': index('http://s/1', 'http://s/2', 'http://s/3'),
        'http://s/2': urlset('http://a/1'),
        'http://s/3': index('http://s/4', 'http://s/5'),
        'http://s/4': urlset('http://no/'),
      },
      asked,
    )
    const items = await readAll(index('http://s/1'), { open })
    expect(items.map(({ url }) => url)).toEqual(['http://a/1', 'http://s/3'])
    expect(items[1]!.problem).toContain('an index below an index below an index')
    expect(asked).toEqual(['http://s/1', 'http://s/2', 'http://s/3'])
  })

  it('leads to so many sitemaps only', async () => {
    let opened = 0
    const open: OpenUrl = async () => {
      opened++
      return inPieces(Buffer.from('http://a/'), 100)
    }
    const urls = Array.from({ length: LIMITS.maxSitemaps + 10 }, (_, i) => `http://s/${i}`)
    const items = await readAll(index(...urls), { open }, 65_536)
    expect(opened).toBe(LIMITS.maxSitemaps)
    const problems = items.filter(({ problem }) => problem !== '')
    expect(problems).toHaveLength(1)
    expect(problems[0]!.url).toBe(`http://s/${LIMITS.maxSitemaps}`)
  })

  it('is a problem without a client', async () => {
    const items = await readAll(index('http://s/1', 'http://s/2'))
    expect(items).toHaveLength(1)
    expect(items[0]!.problem).toContain('needs a client')
  })
})
