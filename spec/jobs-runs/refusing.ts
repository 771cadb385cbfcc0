// Nine hosts that answer, with and without a tenth that answers 429 and Retry-After: whether it slows them down.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Script } from '../script.ts'
import { whyNoNginx } from '../servers/nginx.ts'
import { NINE, pausesOf, RefusingSite, TENTH, type TimedRequest } from './refusing-site.ts'

const MAIN = join(import.meta.dirname, '../../lib/cli/main.ts')
/** nginx's clock moves on between events only, ms. */
const SLACK = 20
/** What the tenth has is more than it answers while the nine are fetched. */
const OF_TENTH = 1_000
const ALLOWED = 20
/** Answers a second on one connection. */
const PACE = 50

const script = new Script('npm run jobs:refusing -- [--rounds 5] [--pages 600] [--max-conn 20]')
const { values } = script.read({
  options: {
    rounds: { type: 'string', default: '5' },
    pages: { type: 'string', default: '600' },
    'max-conn': { type: 'string', default: '20' },
  },
})
const rounds = script.whole('rounds', values.rounds, 1, 100)
const pages = script.whole('pages', values.pages, 10, 100_000)
const maxConn = script.whole('max-conn', values['max-conn'], 1, 1_000)
const missing = whyNoNginx()
if (missing !== null) script.refuse(missing)

interface Round {
  /** Requests of the nine a second, from their first one to their last. */
  readonly rate: number
  /** Of all nine, how many had been answered by the time half of them all had: the fewest and the most of a host. */
  readonly spread: string
}

async function round(site: RefusingSite, hosts: readonly string[]): Promise<Round> {
  const folder = mkdtempSync(join(tmpdir(), 'trawl-refusing-'))
  const before = site.requests().length
  const urlsOf = (host: string): string[] =>
    Array.from({ length: host === TENTH ? OF_TENTH : pages }, (_, n) => `${site.urlOf(host, n)}\n`)
  const nine = NINE.map((host) => urlsOf(host))
  const tenth = hosts.includes(TENTH) ? urlsOf(TENTH) : []
  const inTurn = Array.from({ length: pages }, (_, n) => nine.map((urls) => urls[n]!)).flat()
  // The tenth comes first: all of its URLs wait before those of the nine are read.
  writeFileSync(join(folder, 'urls.txt'), [...tenth, ...inTurn].join(''))
  const args = ['get', '--input', join(folder, 'urls.txt'), '--job', join(folder, 'job'), '--discard']
  args.push(
    '--resolve',
    `*:${site.nginx.port}:127.0.0.1`,
    '--max-conn',
    String(maxConn),
    '--progress',
    'none',
  )
  const child = spawn(process.execPath, [MAIN, ...args], { stdio: 'ignore' })
  const exited = once(child, 'exit')
  const all = NINE.length * pages
  const ofNine = (): TimedRequest[] =>
    site
      .requests()
      .slice(before)
      .filter(({ host }) => host !== TENTH)
  while (ofNine().length < all && child.exitCode === null)
    await new Promise((resolve) => setTimeout(resolve, 250))
  // Of the tenth enough was seen.
  child.kill('SIGTERM')
  await exited
  rmSync(folder, { recursive: true, force: true })
  const requests = ofNine()
  const [first, last] = [requests[0]!.began, requests.at(-1)!.ended]
  const half = requests.slice(0, all / 2)
  const counts = NINE.map((name) => half.filter(({ host }) => host === name).length)
  return {
    rate: (requests.length * 1000) / (last - first),
    spread: `${Math.min(...counts)} to ${Math.max(...counts)}`,
  }
}

function median(numbers: readonly number[]): number {
  const sorted = numbers.toSorted((a, b) => a - b)
  const half = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2
}

async function run(): Promise<void> {
  await using site = await RefusingSite.start(ALLOWED, PACE)
  const ratios: number[] = []
  for (let i = 1; i <= rounds; i++) {
    const before = site.requests().length
    const order = i % 2 === 0
    const first = await round(site, order ? NINE : [TENTH, ...NINE])
    const second = await round(site, order ? [TENTH, ...NINE] : NINE)
    const [alone, together] = order ? [first, second] : [second, first]
    const ratio = together.rate / alone.rate
    ratios.push(ratio)
    const pauses = pausesOf(site.requests().slice(before), SLACK)
    const waits = pauses
      .filter(({ resumedAfter }) => resumedAfter < Infinity)
      .map(({ resumedAfter }) => resumedAfter)
    console.log(
      `round ${i}: ${together.rate.toFixed(0)} a second with the tenth, ${alone.rate.toFixed(0)} without, ` +
        `ratio ${ratio.toFixed(3)}; at half of it each host had ${together.spread}, ${alone.spread}; ` +
        `${pauses.length} pauses, asked ${pauses.map(({ during }) => during).join(', ')} times in them, again after ${waits.join(', ')} ms`,
    )
  }
  const ratio = median(ratios)
  console.log(`median of ${rounds}: ${ratio.toFixed(3)} of the rate without the tenth`)
  process.exitCode = ratio >= 0.9 ? 0 : 1
}

await run()
