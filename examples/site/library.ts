import { gzipSync } from 'node:zlib'
import { setTimeout as sleep } from 'node:timers/promises'
import { serve, type Site } from './serve.ts'

export const PAGES = 24
/** An address that is always refused. */
const REFUSED = '127.0.0.9'

export interface Library extends Site {
  /** All that were asked for, as `path from address, cookie`. */
  readonly requests: string[]
  /** Paths that are not there when they are asked for the next time. */
  readonly missing: Set<string>
  /** ms before an answer. */
  delay: number
}

/** A site with pages, a sitemap and a login, for the commands of the cookbook. */
export async function startLibrary(): Promise<Library> {
  const requests: string[] = []
  const missing = new Set<string>()
  const site = await serve('library.localhost', ({ url = '', headers, socket }, response) => {
    const { remoteAddress = '' } = socket
    requests.push(`${url} from ${remoteAddress}, ${headers.cookie ?? 'no cookie'}`)
    const { status, body } = answer(url, remoteAddress)
    const end = (): void => {
      const login = /^\/login\?as=(\w+)$/.exec(url)?.[1]
      response.writeHead(status, login === undefined ? {} : { 'Set-Cookie': `reader=${login}; Path=/` })
      response.end(body)
    }
    if (library.delay === 0) end()
    else void sleep(library.delay).then(end)
  })
  const answer = (url: string, address: string): { status: number; body: string | Uint8Array } => {
    if (address === REFUSED) return { status: 403, body: 'not from there\n' }
    if (missing.delete(url)) return { status: 404, body: 'not now\n' }
    if (/^\/page\/\d+$/.test(url)) return { status: 200, body: `${url.slice(1)}\n` }
    if (url === '/letter.txt') return { status: 200, body: 'Dear reader,\n' }
    if (url === '/sitemap.xml') return { status: 200, body: sitemapIndex(site.origin) }
    if (url === '/pages.xml.gz') return { status: 200, body: gzipSync(sitemap(site.origin)) }
    if (url.startsWith('/login?')) return { status: 200, body: 'welcome\n' }
    if (url === '/shelf') return { status: 200, body: 'your books\n' }
    return { status: 404, body: 'no such page\n' }
  }
  const library: Library = { ...site, requests, missing, delay: 0 }
  return library
}

export function pageUrls(origin: string): string[] {
  return Array.from({ length: PAGES }, (_, i) => `${origin}/page/${i + 1}`)
}

const NAMESPACE = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9"'

function sitemapIndex(origin: string): string {
  return `<sitemapindex ${NAMESPACE}><sitemap><loc>${origin}/pages.xml.gz</loc></sitemap></sitemapindex>`
}

function sitemap(origin: string): string {
  const urls = pageUrls(origin).map((url) => `<url><loc>${url}</loc></url>`)
  return `<urlset ${NAMESPACE}>${urls.join('')}</urlset>`
}
