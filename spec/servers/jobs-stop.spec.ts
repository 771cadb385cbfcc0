import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { Random } from '../../lib/testing/index.ts'
import { faultsOf } from '../jobs-runs/job-check.ts'
import { JobSite } from '../jobs-runs/job-site.ts'
import { runKilled } from '../jobs-runs/kill-run.ts'
import { describeWith } from './describe-with.ts'
import { nginxProgram } from './nginx.ts'

const URLS = 3_000
const MAX_CONN = 50

describeWith([nginxProgram], 'a job that is told to stop', () => {
  it('by one Ctrl-C loses nothing; by two, SIGTERM and SIGHUP what was in flight; and goes on', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'trawl-stopped-'))
    try {
      await using site = await JobSite.start({ urls: URLS, hosts: 10, largeEvery: 100 })
      const said: string[] = []
      const job = await runKilled({
        site,
        folder,
        urls: URLS,
        // Every fourth comes before anything is done.
        kills: 5,
        signals: [['SIGINT'], ['SIGINT', 'SIGINT'], ['SIGTERM'], ['SIGKILL'], ['SIGHUP']],
        random: new Random(9),
        flags: ['--max-conn', String(MAX_CONN), '--no-fsync'],
        losesReport: false,
        say: (text) => said.push(text),
      })
      const { runs } = job
      expect(runs.map(({ exitCode }) => exitCode)).toEqual([130, 130, 143, null, 129, expect.any(Number)])
      // All that the first had asked for it finished.
      expect(runs[0]!.lost).toBe(0)
      for (const { lost } of runs) expect(lost).toBeLessThanOrEqual(MAX_CONN)
      const faults = await faultsOf(site, URLS, job)
      expect(faults.length === 0 ? [] : [...said, ...faults]).toEqual([])
      const requests = runs.reduce((sum, each) => sum + each.requests, 0)
      expect(requests - URLS).toBeLessThanOrEqual(runs.reduce((sum, { lost }) => sum + lost, 0))
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }, 180_000)
})
