// Develop a scraper against a cache file: the first run asks the site, all others ask the file.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client } from '../lib/index.ts'
import { startNews } from './site/news.ts'

interface Story {
  readonly title: string
  readonly text: string
  readonly cache: string | null
}

/** The scraper. It knows of the cache by its options alone. */
async function scrape(origin: string, file: string): Promise<Story[]> {
  const client = new Client({ baseUrl: origin, cache: file, cacheMode: 'replay' })
  const front = await client.get('/')
  const urls = [...front.text().matchAll(/href="([^"]+)"/g)].map((match) => match[1]!)
  const stories: Story[] = []
  const pages = client.map(
    urls,
    (response): Story => {
      const [, title = '', text = ''] = /<h1>(.*?)<\/h1><p>(.*?)<\/p>/.exec(response.text()) ?? []
      return { title, text, cache: response.cache }
    },
    { ordered: true },
  )
  for await (const { ok, value, error } of pages) {
    if (!ok) throw error
    stories.push(value)
  }
  await client.close()
  return stories
}

const folder = await mkdtemp(join(tmpdir(), 'trawl-example-'))
const news = await startNews()
try {
  const file = join(folder, 'dev.cache')
  const first = await scrape(news.origin, file)
  const { requests } = news
  // From here on there is no site any more.
  await news.close()
  const second = await scrape(news.origin, file)

  const texts = (stories: Story[]): string => stories.map(({ title, text }) => `${title}: ${text}`).join('\n')
  console.log(`the first run made ${requests} requests: ${texts(first.slice(0, 1))}`)
  console.log(`the second run made ${news.requests - requests}: ${texts(second.slice(0, 1))}`)
  const problems = [
    requests === 13 && first.length === 12 ? '' : `the first run made ${requests} requests`,
    texts(first) === texts(second) ? '' : 'the second run has another result',
    first.every(({ cache }) => cache === 'miss') ? '' : 'the first run did not ask for everything',
    second.every(({ cache }) => cache === 'hit') ? '' : 'the second run did not answer from the file',
  ].filter((problem) => problem !== '')
  for (const problem of problems) console.error(`wrong: ${problem}`)
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  await rm(folder, { recursive: true, force: true })
}
