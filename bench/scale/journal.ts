import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runScript } from '../child.ts'
import type { JournalJob, JournalSample } from './journal-child.ts'

/**
 * What the journal of a job costs as JSONL, and as SQLite at its best:
 *
 *     node bench/scale/journal.ts [entries, 10000000] [keepers, by commas]
 *
 * Written, opened again, exported; each in a process of its own. `sqlite-each` commits each entry, so that a killed
 * process loses none, as with JSONL; the others commit 1,000 at a time, and lose those. Needs 4 GB in the folder
 * of temporary files.
 */
const COUNT = Number(process.argv[2] ?? 10_000_000)
const KEEPERS = (process.argv[3] ?? 'jsonl,sqlite-batch,sqlite-each,sqlite-keyed').split(',')
/** ms, of one step. */
const TIMEOUT = 1_200_000

const print = (text: string): boolean => process.stdout.write(`${text}\n`)

print('| kept as | step | CPU, us an entry | wall, s | peak RSS, MB | size, MB |')
print('| --- | --- | ---: | ---: | ---: | ---: |')
for (const keeper of KEEPERS as JournalJob['keeper'][]) {
  const dir = mkdtempSync(join(process.env['TRAWL_BENCH_DIR'] ?? tmpdir(), 'trawl-journal-'))
  try {
    for (const step of ['write', 'open', 'export'] as const) {
      const job: JournalJob = { keeper, step, dir, count: COUNT }
      const written = await runScript('scale/journal-child.ts', [JSON.stringify(job)], [], {
        timeout: TIMEOUT,
      })
      const { cpu, wall, peakRss, size, known } = JSON.parse(written) as JournalSample
      if (known !== COUNT) throw new Error(`${keeper}: ${known} of ${COUNT} entries after "${step}"`)
      const figures = [cpu.toFixed(2), wall.toFixed(1), peakRss.toFixed(0), size.toFixed(0)]
      print(`| ${keeper} | ${step} | ${figures.join(' | ')} |`)
    }
  } finally {
    rmSync(dir, { recursive: true })
  }
}
