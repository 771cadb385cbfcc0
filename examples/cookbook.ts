// Runs the commands of docs/cookbook.md as they stand there, against a site on loopback, and looks at what came of them.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { setTimeout as sleep } from 'node:timers/promises'
import { PAGES, pageUrls, startLibrary } from './site/library.ts'

const PAGE = join(import.meta.dirname, '../docs/cookbook.md')
const COMMAND = join(import.meta.dirname, '../lib/cli/main.ts')
/** A block that takes this long hangs. */
const MOST_MS = 40_000

interface Block {
  readonly heading: string
  readonly script: string
}

interface Ending {
  readonly signal: 'SIGINT' | 'SIGKILL'
  readonly when: () => boolean | Promise<boolean>
}

/** The shell blocks of the page, each with the heading above it. */
function blocksOf(page: string): Block[] {
  let heading = ''
  const blocks: Block[] = []
  for (const [, title, script] of page.matchAll(/^## (.*)$|^```sh.*\n([^]*?)^```$/gm)) {
    if (title === undefined) blocks.push({ heading, script: script! })
    else heading = title
  }
  return blocks
}

/** What a reader replaces: the site, addresses of this machine, a port. */
function adapted(script: string, origin: string): string {
  return script
    .replaceAll('https://example.com', origin)
    .replaceAll('*.example.com', '*.localhost')
    .replaceAll('192.0.2.', '127.0.0.')
    .replaceAll('--metrics 9464', '--metrics 0')
}

const folder = await mkdtemp(join(tmpdir(), 'trawl-cookbook-'))
const bin = join(folder, 'bin')
const work = join(folder, 'work')
const library = await startLibrary()
const problems: string[] = []

/** Gives what it printed. A block that fails is a problem, unless it was ended. */
async function run({ heading, script }: Block, ending?: Ending): Promise<string> {
  const child = spawn('bash', ['-e', '-o', 'pipefail', '-c', adapted(script, library.origin)], {
    cwd: work,
    env: { ...process.env, PATH: `${bin}:${process.env['PATH'] ?? ''}`, no_proxy: '*' },
    // A group of its own: what a terminal's Ctrl-C reaches.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const end = (signal: NodeJS.Signals): void => void process.kill(-child.pid!, signal)
  const ended = once(child, 'close') as Promise<[number | null]>
  const printed = Promise.all([text(child.stdout), text(child.stderr)])
  const timer = setTimeout(end, MOST_MS, 'SIGKILL')
  if (ending !== undefined) {
    for (let waited = 0; waited < MOST_MS / 2 && !(await ending.when()); waited += 20) await sleep(20)
    end(ending.signal)
  }
  const [code] = await ended
  clearTimeout(timer)
  const output = (await printed).join('')
  if (ending === undefined) check(code === 0, `${heading}: exit code ${code}\n${output}`)
  return output
}

function check(isRight: boolean, problem: string): void {
  if (!isRight) problems.push(problem)
}

/** Pages below a folder, and that they are whole. */
async function checkPages(name: string, count: number = PAGES): Promise<void> {
  const entries = await readdir(join(work, name), { recursive: true, withFileTypes: true })
  const pages = entries.filter((entry) => entry.isFile() && /^\d+$/.test(entry.name))
  check(pages.length === count, `${name}: ${pages.length} pages, not ${count}`)
  for (const { name: page, parentPath } of pages) {
    const body = await readFile(join(parentPath, page), 'utf8')
    check(body === `page/${page}\n`, `${name}: page ${page} is ${JSON.stringify(body)}`)
  }
}

/** '' where there is no such file. */
function read(name: string): Promise<string> {
  return readFile(join(work, name), 'utf8').catch(() => '')
}

function linesOf(printed: string): string[] {
  return printed.split('\n').filter((line) => line !== '')
}

/** How each recipe is run, and what must have come of it, by its heading. */
const RECIPES: Readonly<Record<string, (...blocks: Block[]) => Promise<void>>> = {
  'Resume a download job': async (download, status, checksums) => {
    library.delay = 50
    await run(download, { signal: 'SIGKILL', when: () => library.requests.length >= 10 })
    library.delay = 0
    await run(download)
    await checkPages('files')
    const urls = linesOf(await read('files.jsonl')).map((line) => (JSON.parse(line) as { url: string }).url)
    check(urls.length === PAGES && new Set(urls).size === PAGES, `the report has ${urls.length} lines`)
    const { length } = library.requests
    check(length <= PAGES + 6, `${length} requests: more was asked for again than was in flight`)
    check((await run(status)).includes(`${PAGES} finished: ${PAGES} ok`), 'the status is another')
    await run(checksums)
    check((await read('files/letters/one.txt')) === 'Dear reader,\n', 'the letter is another')
  },
  'Retry what failed': async (both, failed) => {
    library.missing.add('/page/13')
    check((await run(both)).includes('1 that have failed are fetched again'), 'nothing was fetched again')
    await checkPages('pages')
    await writeFile(join(work, 'urls.txt'), `${library.origin}/nowhere\n`, { flag: 'a' })
    await run({ ...both, script: `trawl get --input urls.txt --output-dir pages --job pages.job || true` })
    const lines = linesOf(await run(failed))
    check(lines.length === 1 && lines[0]!.includes('/nowhere'), `failed: ${lines.join('\n')}`)
  },
  'Rotate IPs': async (pages, sessions) => {
    const printed = await run(pages)
    await checkPages('pages')
    check(printed.includes('127.0.0.9 for library.localhost'), 'what was refused was not set aside')
    await run(sessions)
    const shelf = library.requests.filter((request) => request.startsWith('/shelf'))
    const cookies = shelf.map((request) => request.split(', ')[1] ?? '').toSorted()
    check(cookies.join() === 'reader=anna,reader=ben', `the shelf was visited with ${cookies.join()}`)
  },
  'Crawl one host politely': async (polite, config) => {
    await run(polite)
    await checkPages('pages')
    await run(config)
  },
  'Develop with the replay cache': async (both) => {
    await run(both)
    await checkPages('pages')
    check(library.requests.length === PAGES, `${library.requests.length} requests`)
  },
  'From a sitemap to files': async (sitemap, har) => {
    check((await run(sitemap)).includes('/page/1\tsite/'), 'nothing is shown')
    await checkPages('site')
    await run(har)
    await checkPages('again', 2)
  },
  'Follow a pipe': async (pipe) => {
    const [first, second] = pageUrls(library.origin)
    await writeFile(join(work, 'queue.txt'), `${first}\n`)
    let added = false
    await run(pipe, {
      signal: 'SIGINT',
      when: async () => {
        if (!added && library.requests.length === 1) {
          added = true
          await writeFile(join(work, 'queue.txt'), `${second}\n`, { flag: 'a' })
        }
        return (await read('queue.job/journal.jsonl')).includes('/page/2"')
      },
    })
    await checkPages('queued', 2)
  },
  'Watch a run': async (watched) => {
    await run(watched)
    const lines = linesOf(await read('progress.jsonl')).map((line) => JSON.parse(line) as { type: string })
    check(lines.at(-1)?.type === 'summary', 'no summary as JSON')
    check((await read('run.html')).includes('</html>'), 'no page')
  },
  'Look at pipelining': async (traced) => {
    await run(traced)
    check((await read('run.trace.json')).includes('#1 in flight 4'), 'nothing was pipelined')
  },
}

await mkdir(bin)
const main = [process.execPath, COMMAND].map((path) => `'${path}'`).join(' ')
await writeFile(join(bin, 'trawl'), `#!/bin/sh\nexec ${main} "$@"\n`, { mode: 0o755 })
try {
  const blocks = blocksOf(await readFile(PAGE, 'utf8'))
  const headings = new Set([...blocks.map(({ heading }) => heading), ...Object.keys(RECIPES)])
  for (const heading of headings) {
    const own = blocks.filter((block) => block.heading === heading)
    const recipe = RECIPES[heading]
    check(recipe !== undefined && own.length > 0, `${heading}: it is not on the page, or not looked at here`)
    if (recipe === undefined) continue
    await rm(work, { recursive: true, force: true })
    await mkdir(work)
    await writeFile(join(work, 'urls.txt'), `${pageUrls(library.origin).join('\n')}\n`)
    library.requests.length = 0
    const before = problems.length
    await recipe(...own)
    console.log(`${problems.length === before ? 'works' : 'FAILS'}: ${heading}`)
  }
} finally {
  await library.close()
  await rm(folder, { recursive: true, force: true })
}
for (const problem of problems) console.error(`wrong: ${problem}`)
process.exitCode = problems.length === 0 ? 0 : 1
