// A crawl over many targets that misbehave, for minutes: nothing may go astray and nothing may pile up.
import { fork, type ChildProcess } from 'node:child_process'
import { join } from 'node:path'
import { Script } from '../script.ts'
import type { FromCrawl, FromTown, ToCrawl, ToTown } from './messages.ts'
import type { CrawlReport, Sample, TownReport } from './sample.ts'
import { counts, judge, megabytes, number, type Run } from './verdict.ts'

/** A line is printed every so many ms. */
const LINE = 10_000
/** The longest a run takes beyond its minutes: opening, settling, closing, ms. */
const MOST_EXTRA = 240_000

const script = new Script(`npm run soak -- [--minutes 10] [--targets 200] [--seed N]`)
const { values } = script.read({
  options: {
    minutes: { type: 'string', default: '10' },
    targets: { type: 'string', default: '200' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})

const seconds = script.number('minutes', values.minutes, 0.25, 24 * 60) * 60
const targets = script.whole('targets', values.targets, 20, 2_000)
const seed = script.whole('seed', values.seed, 0, Number.MAX_SAFE_INTEGER)

/** Both are of this process alone, and end with it. */
function start(name: string, flags: readonly string[] = []): ChildProcess {
  const child = fork(join(import.meta.dirname, name), { execArgv: [...flags] })
  child.once('exit', (code, signal) => fail(`${name} ended by itself (${signal ?? `exit code ${code}`})`))
  return child
}

function fail(why: string): never {
  console.error(`\nthe soak failed: ${why}; seed ${seed}`)
  for (const child of [town, crawl]) child.kill('SIGKILL')
  return process.exit(1)
}

const town = start('town.ts')
const crawl = start('crawl.ts', ['--expose-gc'])
setTimeout(
  () => fail(`no end after ${number(seconds + MOST_EXTRA / 1000)} s`),
  seconds * 1000 + MOST_EXTRA,
).unref()

function heardOf<T extends FromTown | FromCrawl, K extends T['kind']>(
  child: ChildProcess,
  kind: K,
): Promise<Extract<T, { kind: K }>> {
  return new Promise((resolve) => {
    child.on('message', (message: T) => {
      if (message.kind === kind) resolve(message as Extract<T, { kind: K }>)
    })
  })
}

function lineOf(sample: Sample, last: Sample | null, errors: number): string {
  const rate = (sample.calls - (last?.calls ?? 0)) / (sample.at - (last?.at ?? 0))
  const parts = [
    `${sample.at.toFixed(0).padStart(5)} s`,
    `${number(sample.calls).padStart(9)} calls`,
    `${rate.toFixed(0).padStart(4)}/s`,
    `heap ${megabytes(sample.heap)}`,
    `RSS ${megabytes(sample.rss)}`,
    `${sample.descriptors} descriptors`,
    `${sample.connections} connections`,
    `${sample.underWay} under way`,
    `${sample.timers} timers`,
    `${number(errors)} errors`,
  ]
  return parts.join('  ')
}

async function run(): Promise<Run> {
  const tellTown = (message: ToTown): boolean => town.send(message)
  const tellCrawl = (message: ToCrawl): boolean => crawl.send(message)
  const samples: Sample[] = []
  tellTown({ kind: 'open', targets, seed })
  const opened = await heardOf<FromTown, 'open'>(town, 'open')
  const over = heardOf<FromCrawl, 'over'>(crawl, 'over')
  const reported = heardOf<FromCrawl, 'report'>(crawl, 'report')
  let printed: Sample | null = null
  crawl.on('message', (message: FromCrawl) => {
    if (message.kind !== 'sample') return
    const { sample, ends } = message
    samples.push(sample)
    if (sample.at * 1000 - (printed?.at ?? 0) * 1000 < LINE) return
    const errors = Object.entries(ends).reduce((sum, [end, times]) => sum + (end === 'ok' ? 0 : times), 0)
    console.log(lineOf(sample, printed, errors))
    printed = sample
  })
  tellCrawl({ kind: 'begin', targets: opened.targets, ca: opened.ca, seconds, seed })
  await over
  tellTown({ kind: 'heal' })
  const { report } = await reported
  tellTown({ kind: 'report' })
  const heard = await heardOf<FromTown, 'report'>(town, 'report')
  for (const child of [town, crawl]) child.removeAllListeners('exit').kill('SIGKILL')
  return { seconds, samples, crawl: report, town: heard.report }
}

function print(crawled: CrawlReport, served: TownReport): void {
  console.log(`\ncalls:    ${counts(crawled.calls)}`)
  console.log(`ended:    ${counts(crawled.ends)}`)
  console.log(`seen:     ${counts(crawled.seen)}`)
  console.log(`bodies:   ${megabytes(crawled.bytes)}, all compared`)
  console.log(`CPU:      ${number(crawled.cpuSeconds)} s, the checks and the collections of garbage included`)
  console.log(`servers:  ${number(served.requests)} requests; misdeeds: ${counts(served.misdeeds)}\n`)
}

console.log(`${targets} targets, ${seconds / 60} minutes, seed ${seed}\n`)
const result = await run()
print(result.crawl, result.town)
const rulings = judge(result)
for (const { rule, kept, figures } of rulings)
  console.log(`${kept ? 'kept  ' : 'BROKEN'} ${rule}: ${figures}`)
const broken = rulings.filter(({ kept }) => !kept)
console.log(broken.length === 0 ? '\npassed' : `\nFAILED: ${broken.length} rules broken; seed ${seed}`)
process.exit(broken.length === 0 ? 0 : 1)
