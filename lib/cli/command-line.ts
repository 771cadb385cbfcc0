import type { Writable } from 'node:stream'
import { Command, CommanderError } from 'commander'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { Flags } from './flags.ts'
import { addGetOptions } from './get-flags.ts'
import type { GetOptions } from './get-options.ts'
import { addJobOptions, checkJobFlags, type JobFlags } from './job-flags.ts'
import type { JobOptions } from './job-options.ts'
import { ownVersion } from './own-version.ts'

/** Where the command reads and writes. */
export interface CommandIo {
  readonly stdin: AsyncIterable<Uint8Array>
  readonly stdout: Writable
  readonly stderr: Writable
  readonly env: Readonly<Record<string, string | undefined>>
}

/** What the commands do, once their arguments are checked. */
export interface CommandActions {
  readonly get: (options: GetOptions) => Promise<ExitCode>
  readonly job: (options: JobOptions) => Promise<ExitCode>
}

const HELP_WIDTH = 80

const EXAMPLES = `
Examples:
  trawl get https://example.com/ > page.html
  trawl get --input urls.txt --output-dir pages --report report.jsonl
  cat urls.txt | trawl get --input - --output-dir pages -L --rate-per-host 2/s
  trawl get -L -b cookies.txt -c cookies.txt -u joe:secret https://example.com/

An answer other than 2xx counts as failed and is not stored.
A file is named after its URL, host/path/name, and appears when it is whole.
Ctrl-C finishes what is under way, a second one aborts it; files, report and
cookies stay.

Exit code, as wget's; the lowest but 0 wins:
  0 all fetched  1 other  2 usage  3 file  4 network  5 TLS  6 authentication
  7 protocol  8 error status, redirects included  130 interrupted

docs/command.md tells more, and where curl does otherwise.
`

/** Reads the arguments and runs the command they name. Resolves with the exit code. */
export async function runCommandLine(
  argv: readonly string[],
  io: CommandIo,
  actions: CommandActions,
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok
  const program = new Command('trawl')
    .description('An HTTP/1.1 client for scraping.')
    .version(ownVersion())
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
    })
    .showHelpAfterError('(trawl --help and trawl get --help tell more)')
  const command = program
    .command('get')
    .description('Fetch URLs: to files, or one of them to standard output.')
    .argument('[urls...]', 'URLs to fetch')
    .addHelpText('after', EXAMPLES)
  addGetOptions(command).action(async (urls: string[], flags: Flags) => {
    // They ask the library, which takes ten times as long to load as all that is here.
    const [{ checkFlags }, { readConfig }] = await Promise.all([
      import('./check-flags.ts'),
      import('./config-file.ts'),
    ])
    const hosts = flags.config === undefined ? undefined : await readConfig(flags.config, command)
    exitCode = await actions.get(await checkFlags(urls, command.opts<Flags>(), io, hosts))
  })
  const job = program.command('job').description('Look at a job of trawl get --job, or change it.')
  addJobOptions(job).action(async (dir: string, flags: JobFlags) => {
    exitCode = await actions.job(checkJobFlags(dir, flags))
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  }
  return exitCode
}
