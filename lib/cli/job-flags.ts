import type { Command } from 'commander'
import { usageError } from './cli-error.ts'
import type { JobOptions } from './job-options.ts'
import { pathOption } from './options.ts'

/** Options of `trawl job` as commander gives them. */
export interface JobFlags {
  readonly status?: boolean
  readonly retryFailed?: boolean
  readonly export?: string
  readonly json?: boolean
}

/** What `trawl job` can be told. */
export function addJobOptions(command: Command): Command {
  return command
    .argument('<dir>', 'the folder of trawl get --job', pathOption)
    .optionsGroup('One of these:')
    .option('--status', 'say how far the job is')
    .option('--retry-failed', 'fetch again what has failed')
    .option(
      '--export <file>',
      'write a JSON line for each URL that is finished; - for standard output',
      pathOption,
    )
    .optionsGroup('Other:')
    .option('--json', 'answer in JSON, for programs')
    .helpOption('-h, --help', 'show this')
}

/** Throws a CliError. */
export function checkJobFlags(dir: string, flags: JobFlags): JobOptions {
  const { status = false, retryFailed = false, json = false } = flags
  const given = [
    ...(status ? ['--status'] : []),
    ...(retryFailed ? ['--retry-failed'] : []),
    ...(flags.export === undefined ? [] : ['--export']),
  ]
  if (given.length === 0) {
    throw usageError('nothing is asked about the job; add --status, --retry-failed or --export FILE')
  }
  if (given.length > 1) throw usageError(`${given.join(' and ')} are given; ask for one at a time`)
  if (json && flags.export !== undefined) {
    throw usageError('--export writes JSON lines already; leave --json out')
  }
  const action = status ? 'status' : retryFailed ? 'retry-failed' : 'export'
  return { dir, action, file: flags.export ?? '', json }
}
