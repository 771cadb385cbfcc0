// Fetches 2,000 pages of a small site on loopback with `trawl get`, and checks what came.
// Run it with: npm run demo
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { HOSTS, kindOf, pageOf, placeOf, startSite, statusOf, type Site } from './site.ts'

const PAGES = 2_000
const MAX_CONN = 24
const MAX_CONN_PER_TARGET = 6
/** Far more than it takes; a run that hangs is ended. */
const MOST_MS = 120_000

const root = join(import.meta.dirname, '..', '..')
const output = join(root, 'demo-output')
// As paths from the root: where the command runs, and what it shows.
const list = 'demo-output/urls.txt'
const pages = 'demo-output/pages'
const report = 'demo-output/report.jsonl'

/** A line of the report, as far as it is checked. */
interface ReportLine {
  readonly url: string
  readonly finalUrl: string | null
  readonly status: number | null
  readonly message: string | null
  readonly file: string | null
}

function urlsOf(port: number): string[] {
  return Array.from({ length: PAGES }, (_, i) => {
    const number = Math.floor(i / HOSTS.length)
    return `http://${HOSTS[i % HOSTS.length]!}:${port}/${kindOf(number)}/${number}`
  })
}

/** Runs the command with the terminal as its own, so that its live line shows. Resolves with its exit code. */
async function runTrawl(): Promise<number> {
  const args = ['get', '--input', list, '--output-dir', pages, '--report', report, '-L', '--pipeline', '4']
  args.push('--max-conn', String(MAX_CONN), '--max-conn-per-target', String(MAX_CONN_PER_TARGET))
  console.log(`trawl ${args.join(' ')}\n`)
  const trawl = spawn(process.execPath, [join(root, 'lib', 'cli', 'main.ts'), ...args], {
    cwd: root,
    // The site is on this machine, whatever proxy there is for others.
    env: { ...process.env, no_proxy: '*', NO_PROXY: '*' },
    stdio: 'inherit',
    timeout: MOST_MS,
  })
  const [code] = (await once(trawl, 'exit')) as [number | null]
  return code ?? 1
}

/** What is wrong with the result, a line each. */
async function checkResult(urls: readonly string[], exitCode: number, site: Site): Promise<string[]> {
  const wrong: string[] = []
  // 8: some answers had an error status. The site has a few pages that are missing.
  if (exitCode !== 8) wrong.push(`the exit code is ${exitCode}, not 8`)
  const lines = (await readFile(join(root, report), 'utf8'))
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as ReportLine)
  const byUrl = new Map(lines.map((line) => [line.url, line]))
  if (lines.length !== urls.length) wrong.push(`the report has ${lines.length} lines, not ${urls.length}`)
  for (const url of urls) {
    const problem = await checkPage(url, byUrl.get(url))
    if (problem !== '') wrong.push(`${url}: ${problem}`)
  }
  const { mostBusy, mostBusyOfOneHost } = site.counts
  if (mostBusy > MAX_CONN) wrong.push(`${mostBusy} connections were busy at once`)
  if (mostBusyOfOneHost > MAX_CONN_PER_TARGET) wrong.push(`${mostBusyOfOneHost} were busy for one host`)
  return wrong
}

async function checkPage(url: string, line: ReportLine | undefined): Promise<string> {
  if (line === undefined) return 'it is not in the report'
  const { host, pathname, origin } = new URL(url)
  const status = statusOf(pathname)
  if (line.status !== status) return `status ${line.status} (${line.message}), not ${status}`
  const place = placeOf(pathname)
  if (line.finalUrl !== origin + place) return `it came from ${line.finalUrl}`
  if (status !== 200) return line.file === null ? '' : 'an error page was stored'
  if (line.file === null) return 'no file'
  const body = await readFile(join(root, line.file), 'utf8')
  return body === pageOf(host, place) ? '' : `the wrong page is in ${line.file}`
}

async function main(): Promise<void> {
  // Ctrl-C reaches the command too: it finishes, and then this does.
  process.on('SIGINT', () => undefined)
  for (const old of [list, pages, report]) await rm(join(root, old), { recursive: true, force: true })
  await mkdir(output, { recursive: true })
  const site = await startSite()
  try {
    const urls = urlsOf(site.port)
    await writeFile(join(root, list), `${urls.join('\n')}\n`)
    console.log(`A site with ${HOSTS.length} hosts listens on 127.0.0.1:${site.port}.\n`)
    const exitCode = await runTrawl()
    if (exitCode === 130) {
      process.exitCode = 130
      return
    }
    const wrong = await checkResult(urls, exitCode, site)
    for (const problem of wrong.slice(0, 20)) console.error(`wrong: ${problem}`)
    process.exitCode = wrong.length === 0 ? 0 : 1
    if (wrong.length > 0) return
    const { requests, moved, busy, connections, mostBusy, mostBusyOfOneHost } = site.counts
    console.log(`
Checked: each URL is in the report once, and each page in its own file.
The site counted ${requests} requests on ${connections} connections: it redirected ${moved} times
and was too busy ${busy} times, which cost no page. At most ${mostBusy} connections were busy at once,
${mostBusyOfOneHost} for one host.
  the list     ${list}
  the pages    ${pages}
  the report   ${report}`)
  } finally {
    await site.close()
  }
}

await main()
