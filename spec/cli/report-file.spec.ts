import { mkdtemp, open, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { EXIT } from '../../lib/cli/exit-codes.ts'
import type { Outcome } from '../../lib/cli/outcome.ts'
import { ReportFile, reportLine } from '../../lib/cli/report-file.ts'

const outcome: Outcome = {
  url: 'http://a/"x"',
  finalUrl: '',
  redirects: -1,
  retries: 0,
  cache: '',
  line: 0,
  host: 'a',
  status: 0,
  error: 'ERR_URL',
  message: 'bad\nURL',
  exitCode: EXIT.other,
  bytesOnWire: -1,
  bytesDecoded: 0,
  headMs: -1,
  totalMs: 1.23456,
  clientIp: '',
  remoteAddress: '',
  file: '',
  attempt: 0,
  resumedFrom: 0,
  skipped: false,
  session: '',
  meta: undefined,
  fatal: false,
  unfinished: false,
}

let base = ''

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'trawl-spec-'))
})

afterEach(async () => {
  await rm(base, { recursive: true, force: true })
})

describe('a report', () => {
  it('says what is not known by null', () => {
    expect(reportLine(outcome)).not.toContain('\n')
    expect(JSON.parse(reportLine(outcome))).toEqual({
      url: 'http://a/"x"',
      finalUrl: null,
      line: null,
      status: null,
      redirects: null,
      retries: 0,
      cache: null,
      error: 'ERR_URL',
      message: 'bad\nURL',
      bytesOnWire: null,
      bytesDecoded: 0,
      headMs: null,
      totalMs: 1.235,
      clientIp: null,
      remoteAddress: null,
      file: null,
      attempt: null,
    })
  })

  it('has every line, in order, after what was there', async () => {
    const path = join(base, 'report.jsonl')
    for (const run of [0, 1]) {
      const report = await ReportFile.open(path)
      const lines = Array.from({ length: 5_000 }, (_, i) =>
        report.add(reportLine({ ...outcome, line: run * 5_000 + i + 1 })),
      )
      for (const line of lines) await line
      await report.close()
    }
    const lines = (await readFile(path, 'utf8')).trimEnd().split('\n')
    expect(lines.map((line) => (JSON.parse(line) as Outcome).line)).toEqual(
      Array.from({ length: 10_000 }, (_, i) => i + 1),
    )
  })

  it('is refused at once where it cannot be written', async () => {
    await expect(ReportFile.open(base)).rejects.toMatchObject({
      exitCode: 3,
      message: `cannot write the report ${base}: it is a folder; choose another --report, or make its folder writable`,
    })
    await expect(ReportFile.open(join(base, 'no', 'report'))).rejects.toMatchObject({
      message: expect.stringContaining('it does not exist') as string,
    })
  })

  it.runIf(process.platform === 'linux')('fails when the disk is full', async () => {
    const full = await open('/dev/full', 'a')
    await full.close()
    const report = await ReportFile.open('/dev/full')
    await report.add(reportLine(outcome))
    await expect(report.close()).rejects.toMatchObject({
      code: 'ERR_FILE',
      message: 'cannot write the report /dev/full: the disk is full',
      fatal: true,
    })
    expect(() => report.add(reportLine(outcome))).toThrow(expect.objectContaining({ code: 'ERR_FILE' }))
  })
})
