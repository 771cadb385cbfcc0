import { spawnSync } from 'node:child_process'
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest'
import { faultsOf } from '../jobs-runs/job-check.ts'
import { JobSite, type JobRequest } from '../jobs-runs/job-site.ts'
import { describeWith } from './describe-with.ts'
import { nginxProgram } from './nginx.ts'

const MAIN = join(import.meta.dirname, '../../lib/cli/main.ts')
const URLS = 600
const MAX_CONN = 30

/** Whether a file system of a spec's own can be had, which goes with the process that has it. */
const canMount =
  spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'tmpfs', tmpdir()], { stdio: 'ignore' }).status === 0

/** Runs "$@" twice, in another state of things the second time. `$D`: what is mounted on; `$C`: what is kept of it. */
const TWICE = {
  'a disk that gets full': `
    mount -t tmpfs -o size=2m tmpfs "$D" || exit 99
    "$@"; echo "== code $?"
    mount -o remount,size=200m "$D"
    "$@"; echo "== code $?"
    cp -r "$D/." "$C"`,
  'a file system that may only be read': `
    mount -t tmpfs -o size=200m,ro tmpfs "$D" || exit 99
    "$@"; echo "== code $?"
    mount -o remount,rw "$D"
    "$@"; echo "== code $?"
    cp -r "$D/." "$C"`,
  'too few files that may be open': `
    (ulimit -n 64; "$@"); echo "== code $?"
    "$@"; echo "== code $?"
    cp -r "$D/." "$C"`,
} as const

interface TwoRuns {
  readonly codes: readonly number[]
  /** What the first one said. */
  readonly said: string
  readonly requests: readonly JobRequest[]
  readonly faults: readonly string[]
}

/** Requests for what had been asked for before. */
function again(requests: readonly JobRequest[]): number {
  return requests.length - new Set(requests.map(({ url }) => url)).size
}

describeWith([nginxProgram], 'a job that cannot write', () => {
  let site: JobSite
  let folder: string

  beforeAll(async () => {
    site = await JobSite.start({ urls: URLS, hosts: 6, largeEvery: 100 })
  })
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'trawl-disk-'))
  })
  afterEach(() => rmSync(folder, { recursive: true, force: true }))
  afterAll(() => site?.[Symbol.asyncDispose]())

  async function runTwice(script: string, isMounted: boolean): Promise<TwoRuns> {
    const [disk, copy] = [join(folder, 'disk'), join(folder, 'copy')]
    for (const path of [disk, copy]) mkdirSync(path)
    const list = join(folder, 'urls.txt')
    site.writeList(list)
    const job = {
      jobDir: join(disk, 'job'),
      outputDir: join(disk, 'out'),
      report: join(disk, 'report.jsonl'),
    }
    const args = [process.execPath, MAIN, 'get', '--input', list, '--job', job.jobDir]
    args.push('--output-dir', job.outputDir, '--report', job.report, ...site.route)
    args.push('--progress', 'none', '--max-conn', String(MAX_CONN), '--retry', '1')
    const command = [...(isMounted ? ['unshare', '-rm'] : []), 'sh', '-c', script, 'sh', ...args]
    const env = { ...process.env, D: disk, C: copy, no_proxy: '*', NO_PROXY: '*' }
    const { stdout, stderr } = spawnSync(command[0]!, command.slice(1), { env, encoding: 'utf8' })
    if (isMounted) cpSync(copy, disk, { recursive: true })
    await site.quiet()
    const requests = site.newRequests()
    const codes = [...stdout.matchAll(/== code (\d+)/g)].map(([, code]) => Number(code))
    const all = { ...job, runs: [], list, stderr }
    return { codes, said: stderr, requests, faults: await faultsOf(site, URLS, all) }
  }

  it.runIf(canMount)('stops when the disk is full, and goes on when there is room', async () => {
    const { codes, said, requests, faults } = await runTwice(TWICE['a disk that gets full'], true)
    expect(codes).toEqual([3, 8])
    expect(said).toMatch(/^stopped early: cannot write .*: the disk is full; what came so far is kept$/m)
    expect(faults).toEqual([])
    // What was in flight when the disk was full had nowhere to go.
    expect(again(requests)).toBeLessThanOrEqual(MAX_CONN)
  })

  it.runIf(canMount)('asks nobody where nothing can be written', async () => {
    const { codes, said, requests, faults } = await runTwice(
      TWICE['a file system that may only be read'],
      true,
    )
    expect(codes).toEqual([3, 8])
    expect(said).toMatch(/^trawl: .*: the file system is read-only/m)
    expect(faults).toEqual([])
    expect(again(requests)).toBe(0)
  })

  it('stops when no more files may be open, and goes on when they may', async () => {
    const { codes, said, faults } = await runTwice(TWICE['too few files that may be open'], false)
    expect(codes).toEqual([3, 8])
    expect(said).toMatch(/^stopped early: .*too many (?:open files|files are open).*ulimit -n/m)
    expect(faults).toEqual([])
  })
})
