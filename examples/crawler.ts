// Follows the links of one host, breadth first, no faster than the host can bear.
import { Client } from '../lib/index.ts'
import { startWiki } from './site/wiki.ts'

interface Page {
  readonly url: string
  readonly title: string
  readonly links: readonly string[]
}

const wiki = await startWiki()
const client = new Client({
  maxConn: 16,
  headers: { 'User-Agent': 'example-crawler' },
  // A 404 is an error here, and so a result that says so.
  expectSuccess: true,
  hosts: {
    'wiki.localhost': { maxConnPerTarget: 2, pacing: { requestsPerInterval: 50, interval: 500 } },
  },
})

/** Where a page links to on its own host, without fragments. */
function linksOf(html: string, base: string): string[] {
  const hrefs = [...html.matchAll(/<a\s[^>]*?href="([^"]*)"/gi)].map((match) => match[1]!)
  const urls = hrefs.filter((href) => URL.canParse(href, base)).map((href) => new URL(href, base))
  return urls.filter((url) => url.host === new URL(base).host).map((url) => url.href.replace(/#.*/, ''))
}

/** Yields each page that can be reached from `start` once, those fewer links away first. */
async function* crawl(start: string, failed: string[]): AsyncGenerator<Page> {
  const asked = new Set([start])
  const found = new Set<string>()
  for (let level = new Set([start]); level.size > 0;) {
    const next = new Set<string>()
    const pages = client.map(level, (response): Page => {
      // `url` is where redirects led to: links are relative to that.
      const html = response.text()
      const title = /<title>(.*?)<\/title>/i.exec(html)?.[1] ?? ''
      return { url: response.url, title, links: linksOf(html, response.url) }
    })
    for await (const { ok, item, value: page } of pages) {
      if (!ok) failed.push(item)
      // Two URLs may lead to one page.
      if (!ok || found.has(page.url)) continue
      found.add(page.url)
      asked.add(page.url)
      for (const link of page.links) if (!asked.has(link)) next.add(link)
      yield page
    }
    for (const url of next) asked.add(url)
    level = next
  }
}

const failed: string[] = []
const pages: Page[] = []
for await (const page of crawl(`${wiki.origin}/`, failed)) pages.push(page)
await client.close()
await wiki.close()

const links = pages.reduce((sum, page) => sum + page.links.length, 0)
console.log(`${pages.length} pages with ${links} links; failed: ${failed.join(', ')}`)
console.log(
  `the first: ${pages
    .slice(0, 4)
    .map((page) => page.title)
    .join(', ')}`,
)

const visited = [...wiki.visits]
const problems = [
  pages.length === wiki.pages ? '' : `${pages.length} pages, not ${wiki.pages}`,
  failed.length === 1 && failed[0]!.endsWith('/page/9999') ? '' : 'not only the missing page failed',
  visited.every(([url]) => url.startsWith('wiki.localhost/')) ? '' : 'another host was visited',
  wiki.mostAtOnce <= 2 ? '' : `${wiki.mostAtOnce} requests at once`,
].filter((problem) => problem !== '')
for (const problem of problems) console.error(`wrong: ${problem}`)
process.exitCode = problems.length === 0 ? 0 : 1
