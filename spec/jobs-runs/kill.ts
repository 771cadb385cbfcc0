// A job that is killed at random moments, and goes on each time: nothing is lost, and nothing done twice.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Random } from '../../lib/testing/index.ts'
import { Script } from '../script.ts'
import { whyNoNginx } from '../servers/nginx.ts'
import { faultsOf } from './job-check.ts'
import { JobSite } from './job-site.ts'
import { runKilled } from './kill-run.ts'

const script = new Script(
  'npm run jobs:kill -- [--urls 100000] [--kills 10] [--hosts 10] [--pipeline 1] [--no-fsync] [--lose-report] [--seed N]',
)
const { values } = script.read({
  options: {
    urls: { type: 'string', default: '100000' },
    kills: { type: 'string', default: '10' },
    hosts: { type: 'string', default: '10' },
    pipeline: { type: 'string', default: '1' },
    'no-fsync': { type: 'boolean', default: false },
    'lose-report': { type: 'boolean', default: false },
    seed: { type: 'string', default: String(Date.now() % 1_000_000) },
  },
})
const urls = script.whole('urls', values.urls, 100, 10_000_000)
const kills = script.whole('kills', values.kills, 0, 1_000)
const hosts = script.whole('hosts', values.hosts, 1, 1_000)
const pipeline = script.whole('pipeline', values.pipeline, 1, 64)
const seed = script.whole('seed', values.seed, 0, Number.MAX_SAFE_INTEGER)
const missing = whyNoNginx()
if (missing !== null) script.refuse(missing)

const MAX_CONN = 50

async function run(): Promise<void> {
  await using site = await JobSite.start({
    urls,
    hosts,
    largeEvery: Math.max(40, Math.ceil(urls / hosts / 10)),
  })
  const folder = mkdtempSync(join(tmpdir(), 'trawl-killed-'))
  console.log(`seed ${seed}: ${urls} URLs of ${hosts} hosts, ${kills} kills`)
  const flags = ['--max-conn', String(MAX_CONN), '--pipeline', String(pipeline)]
  if (values['no-fsync']) flags.push('--no-fsync')
  const job = await runKilled({
    site,
    folder,
    urls,
    kills,
    random: new Random(seed),
    flags,
    losesReport: values['lose-report'],
    say: (text) => console.log(text),
  })
  const faults = await faultsOf(site, urls, job)
  const requests = job.runs.reduce((sum, each) => sum + each.requests, 0)
  const inFlight = MAX_CONN * pipeline
  const most = Math.max(...job.runs.slice(0, -1).map(({ lost }) => lost))
  console.log(
    `${requests} requests for ${urls} URLs: ${requests - urls} again; at one kill at most ${most} were under way (of ${inFlight} that may be in flight)`,
  )
  if (most > inFlight)
    faults.push(`${most} were asked for at a kill and not finished, which is more than ${inFlight}`)
  job.runs.slice(0, -1).forEach(({ exitCode }, i) => {
    if (exitCode !== null) faults.push(`run ${i + 1} ended by itself, with exit code ${exitCode}`)
  })
  if (job.runs.at(-1)!.lost > 0) faults.push('the last run left some unfinished')
  const lost = job.runs.reduce((sum, each) => sum + each.lost, 0)
  const twice = job.runs.reduce((sum, each) => sum + each.twice, 0)
  if (requests - urls - twice > lost) faults.push(`more was asked for again than the ${lost} that were lost`)
  if (twice > 0 && pipeline === 1) faults.push(`${twice} were asked for twice in one run`)
  console.log(job.stderr)
  for (const each of faults) console.error(each)
  if (faults.length === 0) rmSync(folder, { recursive: true, force: true })
  else console.error(`the job is kept in ${folder}`)
  process.exitCode = faults.length === 0 ? 0 : 1
}

await run()
