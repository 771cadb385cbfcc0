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

const URLS = 4_000
const MAX_CONN = 50

/** Longer ones: `npm run jobs:kill`. */
describeWith([nginxProgram], 'a job that is killed', () => {
  it.each([
    { name: 'three times', kills: 3, depth: 1, losesReport: false, more: [] },
    {
      name: 'three times, not forced to disk, with pipelines, its report lost each time',
      kills: 3,
      depth: 4,
      losesReport: true,
      more: ['--no-fsync'],
    },
  ])('$name, has done everything once in the end', async ({ kills, depth, losesReport, more }) => {
    const folder = mkdtempSync(join(tmpdir(), 'trawl-killed-'))
    try {
      await using site = await JobSite.start({ urls: URLS, hosts: 10, largeEvery: 200 })
      const flags = ['--max-conn', String(MAX_CONN), '--pipeline', String(depth), ...more]
      const said: string[] = []
      const say = (text: string): unknown => said.push(text)
      const random = new Random(6)
      const job = await runKilled({ site, folder, urls: URLS, kills, random, flags, losesReport, say })
      const faults = await faultsOf(site, URLS, job)
      // Where there are some, what the runs did is told with them.
      expect(faults.length === 0 ? [] : [...said, ...faults]).toEqual([])
      const { runs } = job
      expect(runs.map(({ exitCode }) => exitCode)).toEqual([
        ...Array.from({ length: kills }, () => null),
        expect.any(Number),
      ])
      for (const { lost } of runs) expect(lost).toBeLessThanOrEqual(MAX_CONN * depth)
      const requests = runs.reduce((sum, each) => sum + each.requests, 0)
      const lost = runs.reduce((sum, each) => sum + each.lost, 0)
      const twice = runs.reduce((sum, each) => sum + each.twice, 0)
      expect(requests - URLS - twice).toBeLessThanOrEqual(lost)
      expect(depth === 1 ? twice : 0).toBe(0)
      expect(runs.at(-1)!.lost).toBe(0)
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
