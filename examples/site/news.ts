import { serve, type Site } from './serve.ts'

const STORIES = 12

export interface News extends Site {
  /** Requests so far. */
  readonly requests: number
}

/** A site that is never the same twice, and forbids to keep it: what makes a scraper hard to write. */
export async function startNews(): Promise<News> {
  let requests = 0
  const site = await serve('news.localhost', ({ url = '/' }, response) => {
    requests++
    response.setHeader('Cache-Control', 'no-store').setHeader('Content-Type', 'text/html; charset=utf-8')
    const story = /^\/story\/(\d+)$/.exec(url)?.[1]
    const links = Array.from({ length: STORIES }, (_, i) => `<a href="/story/${i}">Story ${i}</a>`)
    if (story === undefined) response.end(links.join('\n'))
    else response.end(`<h1>Story ${story}</h1><p>You are reader number ${requests}.</p>`)
  })
  return {
    ...site,
    get requests() {
      return requests
    },
  }
}
