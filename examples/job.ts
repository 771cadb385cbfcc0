// Reads the pages of a wiki as a job with a journal: Ctrl-C pauses it, another one ends it, and the next run goes on.
import { appendFile, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Client, Job, type JobProgress } from '../lib/index.ts'
import { startWiki } from './site/wiki.ts'

const wiki = await startWiki()
const folder = await mkdtemp(join(tmpdir(), 'trawl-example-'))
const titles = join(folder, 'titles.txt')
const urls = Array.from({ length: 60 }, (_, n) => `${wiki.origin}/page/${n}`)

/** One run. Ctrl-C is pressed when `interrupt` pages are done, and again when nothing is under way. */
async function run(interrupt: number): Promise<JobProgress> {
  await using client = new Client({ maxConnPerTarget: 2, expectSuccess: true })
  const job = new Job({
    dir: join(folder, 'job'),
    client,
    input: urls,
    handle: async (response, { url }) => {
      const title = /<title>(.*?)<\/title>/i.exec(response.text())?.[1] ?? ''
      // Here, not later: when this has resolved, the page is finished for good.
      await appendFile(titles, `${url}\t${title}\n`)
    },
  })
  let presses = 0
  const onInterrupt = (): void => {
    if (++presses === 1) job.pause()
    else job.stop()
    console.log(presses === 1 ? 'paused' : 'stopped')
  }
  process.on('SIGINT', onInterrupt)
  // Somebody at the keyboard.
  let sent = 0
  const press = setInterval(() => {
    const { ok, underWay } = job.progress
    const isTime = presses === 0 ? ok >= interrupt : presses === 1 && underWay === 0
    // A signal takes its time.
    if (!isTime || sent > presses) return
    sent++
    process.kill(process.pid, 'SIGINT')
  }, 1)
  try {
    return await job.run()
  } finally {
    clearInterval(press)
    process.off('SIGINT', onInterrupt)
  }
}

try {
  const first = await run(10)
  console.log(`the first run: ${first.okNow} pages, ${first.failedNow} failed`)
  const second = await run(Infinity)
  console.log(`the second run: ${second.okNow} pages, ${second.failedNow} failed; ${second.ok} in all`)

  const lines = (await readFile(titles, 'utf8')).trim().split('\n')
  const problems = [
    first.ok >= 10 && first.ok < urls.length ? '' : 'the first run was not stopped on its way',
    second.okNow === urls.length - first.ok ? '' : 'the second run did not do the rest, and only that',
    new Set(lines).size === urls.length && lines.length === urls.length ? '' : 'not each page has its line',
  ].filter((problem) => problem !== '')
  for (const problem of problems) console.error(`wrong: ${problem}`)
  process.exitCode = problems.length === 0 ? 0 : 1
} finally {
  await wiki.close()
  await rm(folder, { recursive: true, force: true })
}
