import { describe, expect, it } from 'vitest'
import { runCommandLine } from '../../lib/cli/command-line.ts'
import type { JobOptions } from '../../lib/cli/job-options.ts'
import { Bench } from './run-trawl.ts'

/** What the command is told for these arguments. */
async function read(...args: string[]): Promise<JobOptions> {
  let given: JobOptions | null = null
  const io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: {} }
  await runCommandLine(['job', ...args], io, {
    get: () => Promise.reject(new Error('not asked for')),
    job: (options) => {
      given = options
      return Promise.resolve(0)
    },
  })
  return given!
}

describe('trawl job', () => {
  it('is told what to do with which folder', async () => {
    expect(await read('j', '--status')).toEqual({ dir: 'j', action: 'status', file: '', json: false })
    expect(await read('--status', '--json', 'j')).toEqual({
      dir: 'j',
      action: 'status',
      file: '',
      json: true,
    })
    expect(await read('j', '--retry-failed')).toEqual({
      dir: 'j',
      action: 'retry-failed',
      file: '',
      json: false,
    })
    expect(await read('j', '--export', '-')).toEqual({ dir: 'j', action: 'export', file: '-', json: false })
  })

  it.each([
    ['', "missing required argument 'dir'"],
    ['j', 'nothing is asked about the job; add --status, --retry-failed or --export FILE'],
    ['j --status --export x', '--status and --export are given; ask for one at a time'],
    ['j --export x --json', '--export writes JSON lines already; leave --json out'],
    ['j --stats', "unknown option '--stats'\n(Did you mean --status?)"],
    ['j --export', "option '--export <file>' argument missing"],
  ])('refuses %j', async (args, message) => {
    const bench = await Bench.make()
    const words = args.split(' ').filter((word) => word !== '')
    const { code, stderr } = await bench.run(['job', ...words])
    await bench.dispose()
    expect(stderr).toContain(message)
    expect(code).toBe(2)
  })
})
