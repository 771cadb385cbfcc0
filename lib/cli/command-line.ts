import type { Writable } from 'node:stream'
import { Argument, Command, CommanderError } from 'commander'
import { modelOf } from './command-model.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { Flags } from './flags.ts'
import { addGetOptions } from './get-flags.ts'
import type { GetOptions } from './get-options.ts'
import { COMPLETION_HELP, GET_HELP } from './help-text.ts'
import { addJobOptions, checkJobFlags, type JobFlags } from './job-flags.ts'
import type { JobOptions } from './job-options.ts'
import { ownVersion } from './own-version.ts'
import { SHELLS, type Shell } from './shells.ts'

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

/** Reads the arguments and runs the command they name. Resolves with the exit code. */
export async function runCommandLine(
  argv: readonly string[],
  io: CommandIo,
  actions: CommandActions,
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok
  const program = makeProgram(io, actions, (code) => {
    exitCode = code
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  }
  return exitCode
}

/** The one definition of commands and flags: help, completion and man page are made from it. */
export function makeProgram(io: CommandIo, actions: CommandActions, done: (code: ExitCode) => void): Command {
  const program = new Command('trawl')
    .description('An HTTP/1.1 client for scraping.')
    .version(ownVersion(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show this')
    .helpCommand('help [command]', 'Show the help of a command.')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.stdout.write(text),
      writeErr: (text) => io.stderr.write(text),
      getOutHelpWidth: () => HELP_WIDTH,
      getErrHelpWidth: () => HELP_WIDTH,
    })
    .showHelpAfterError('(trawl --help and trawl get --help tell more)')
  const get = program
    .command('get')
    .description('Fetch URLs: to files, or one of them to standard output.')
    .argument('[urls...]', 'URLs to fetch')
    .addHelpText('after', GET_HELP)
  addGetOptions(get).action(async (urls: string[], flags: Flags) => {
    // They ask the library, which takes ten times as long to load as all that is here.
    const [{ checkFlags }, { readConfig }] = await Promise.all([
      import('./check-flags.ts'),
      import('./config-file.ts'),
    ])
    const hosts = flags.config === undefined ? undefined : await readConfig(flags.config, get)
    done(await actions.get(await checkFlags(urls, get.opts<Flags>(), io, hosts)))
  })
  const job = program.command('job').description('Look at a job of trawl get --job, or change it.')
  addJobOptions(job).action(async (dir: string, flags: JobFlags) => {
    done(await actions.job(checkJobFlags(dir, flags)))
  })
  addManuals(program, io)
  return program
}

/** What is made from the definition that it is part of. */
function addManuals(program: Command, io: CommandIo): void {
  program
    .command('completion')
    .description('Print a script that makes a shell complete the arguments.')
    .addArgument(new Argument('<shell>', 'the shell').choices(SHELLS))
    .helpOption('-h, --help', 'show this')
    .addHelpText('after', COMPLETION_HELP)
    .action(async (shell: Shell) => {
      const { completionScript } = await import('./completion.ts')
      io.stdout.write(completionScript(shell, modelOf(program)))
    })
  program
    .command('man')
    .description('Print the manual page; "trawl man | man -l -" shows it.')
    .helpOption('-h, --help', 'show this')
    .action(async () => {
      const { manPage } = await import('./man-page.ts')
      io.stdout.write(manPage(modelOf(program), ownVersion()))
    })
}
