import { serve, type Site } from './serve.ts'

/** Pages of the wiki; page `n` links to `2n + 1` and `2n + 2`, as far as there are such. */
const PAGES = 60
/** Old names of pages redirect, as `/` does; every fifth page links to one. */
const isOld = (path: string): boolean => path.startsWith('/old/')

export interface Wiki extends Site {
  /** How many pages there are to find, and how often each path of each host was asked for. */
  readonly pages: number
  readonly visits: ReadonlyMap<string, number>
  /** The most requests that were being answered at once. */
  readonly mostAtOnce: number
}

/** A site of pages that link to each other, to old names, to a page that is gone, and to another host. */
export async function startWiki(): Promise<Wiki> {
  const visits = new Map<string, number>()
  let atOnce = 0
  let mostAtOnce = 0
  const site = await serve('wiki.localhost', (request, response) => {
    const { url = '/', headers } = request
    const host = headers.host!.replace(/:\d+$/, '')
    visits.set(`${host}${url}`, (visits.get(`${host}${url}`) ?? 0) + 1)
    mostAtOnce = Math.max(mostAtOnce, ++atOnce)
    setTimeout(() => {
      atOnce--
      const number = Number(/\d+$/.exec(url)?.[0] ?? '0')
      if (url === '/' || isOld(url)) response.writeHead(301, { Location: `/page/${number}` }).end()
      else if (number < PAGES)
        response.setHeader('Content-Type', 'text/html').end(page(number, headers.host!))
      else response.writeHead(404).end('There is no such page.')
    }, 5)
  })
  return {
    ...site,
    pages: PAGES,
    visits,
    get mostAtOnce() {
      return mostAtOnce
    },
  }
}

function page(number: number, host: string): string {
  const links = [2 * number + 1, 2 * number + 2].filter((next) => next < PAGES).map((next) => `/page/${next}`)
  links.push('/', `/page/${number}#top`)
  if (number % 5 === 0) links.push(`/old/${number}`)
  if (number === 7) links.push('/page/9999', `//${host.replace('wiki', 'elsewhere')}/`)
  const list = links.map((link) => `<li><a href="${link}">${link}</a>`).join('\n')
  return `<!doctype html>\n<title>Page ${number}</title>\n<ul>\n${list}\n</ul>\n`
}
