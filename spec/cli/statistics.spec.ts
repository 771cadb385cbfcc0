import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { describe, expect, it } from 'vitest'
import { EXIT } from '../../lib/cli/exit-codes.ts'
import type { RunFacts } from '../../lib/cli/run-facts.ts'
import { statisticsText } from '../../lib/cli/statistics.ts'
import { summaryJson } from '../../lib/cli/summary-json.ts'
import { Tally } from '../../lib/cli/tally.ts'
import { makeClientIp, makeHost, makeOutcome, makeState } from './make-outcome.ts'

const facts: RunFacts = { elapsedMs: 2_000, dialled: 3, reused: 4, outputDir: 'out', report: '', stopped: '' }

function makeTally(): Tally {
  const tally = new Tally()
  tally.add(makeOutcome({}))
  tally.add(makeOutcome({ host: 'b.test', status: 404, exitCode: EXIT.status }))
  const failed = { status: 0, error: 'ERR_OTHER', message: 'a \x1b[2J b', exitCode: EXIT.other }
  tally.add(makeOutcome({ host: 'b.test', file: '', ...failed }))
  return tally
}

describe('statistics', () => {
  it('tell what goes on, and a summary so far', () => {
    const hosts = [makeHost('a'), makeHost('b.test', { pausedMs: 34_000 })]
    const clientIps = [makeClientIp('192.0.2.1'), makeClientIp('192.0.2.2', { refusedBy: 1 })]
    const lines = statisticsText(makeState({ hosts, clientIps }), makeTally(), facts).split('\n')
    expect(lines.slice(0, 8)).toEqual([
      'statistics: 1,234/2,000, 1,200 ok, 34 failed, 245 req/s, 12.3 MiB/s, 32 conn, ETA 4 s',
      '                       done   failed  flight/wait          req/s',
      '  a                       9        1         6/30           12.5',
      '  b.test                  9        1         6/30    paused 34 s',
      '  from 192.0.2.1        500        3           20            100',
      '  from 192.0.2.2        500        3           20   refused by 1',
      '3 done in 2.0 s (1.5/s): 1 ok, 2 failed',
      '  received     300 B, decoded 300 B',
    ])
    expect(lines.at(-1)).toBe('  files        2 in out')
  })
})

describe('the summary for programs', () => {
  it('has every figure, adds up, and nothing that a terminal obeys', () => {
    const tally = makeTally()
    const json = summaryJson(tally, { ...facts, before: { ok: 5, failed: 1 }, stopped: 'interrupted' })
    expect(json).not.toContain('\\u00')
    const summary = JSON.parse(json) as Record<string, unknown>
    expect(summary).toMatchObject({
      type: 'summary',
      finish: 'interrupted',
      stopped: 'interrupted',
      done: 3,
      ok: 1,
      failed: 2,
      skipped: 0,
      before: { ok: 5, failed: 1 },
      statuses: { 200: 1, 404: 1 },
      errors: [{ code: 'ERR_OTHER', count: 1, example: String.raw`a \x1b[2J b` }],
      clientIps: [{ clientIp: null, ok: 1, failed: 2, refused: 0 }],
      hosts: [
        { host: 'b.test', ok: 0, failed: 2, bytesOnWire: 200 },
        { host: 'a', ok: 1, failed: 0, bytesOnWire: 100 },
      ],
      otherHosts: null,
      dialled: 3,
      reused: 4,
      outputDir: 'out',
      report: null,
    })
    expect(JSON.parse(summaryJson(tally, facts))).toMatchObject({ finish: 'done', stopped: null })
    expect(JSON.parse(summaryJson(tally, { ...facts, finish: null }))).toMatchObject({ finish: null })
  })
})

describe.skipIf(process.platform === 'win32')('SIGUSR1', () => {
  it('prints, as often as it comes, opens no debugger, and ends nothing when it comes late', async () => {
    const module = join(import.meta.dirname, '../../lib/cli/statistics-signal.ts')
    const script = `
      import { setTimeout } from 'node:timers/promises'
      import { onStatisticsSignal } from ${JSON.stringify(module)}
      let printed = 0
      const stop = onStatisticsSignal(() => {
        console.log('printed')
        if (++printed < 2) return process.kill(process.pid, 'SIGUSR1')
        stop()
        process.kill(process.pid, 'SIGUSR1')
        console.log('alive')
        clearInterval(alive)
      })
      const alive = setInterval(() => {}, 1000)
      process.kill(process.pid, 'SIGUSR1')
    `
    const child = spawn(process.execPath, ['--input-type=module', '-e', script], { stdio: 'pipe' })
    const output = Promise.all([text(child.stdout), text(child.stderr)])
    const [code] = (await once(child, 'close')) as [number | null]
    expect(await output).toEqual(['printed\nprinted\nalive\n', ''])
    expect(code).toBe(0)
  })
})
