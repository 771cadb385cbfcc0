import { CliError } from './cli-error.ts'
import { runCommandLine } from './command-line.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import type { GetIo } from './open-run.ts'

/** The whole command: arguments and streams in, exit code out. Never rejects. */
export async function trawl(argv: readonly string[], io: GetIo): Promise<ExitCode> {
  // Who reads the messages may go, or the help: the files and the report are still wanted.
  io.stderr.on('error', () => undefined)
  io.stdout.on('error', () => undefined)
  let isJson = false
  try {
    return await runCommandLine(argv, io, {
      // Not for --help, --version and what is refused.
      get: async (options) => {
        isJson = options.progress === 'json'
        return (await import('./get-command.ts')).getCommand(options, io, argv)
      },
      job: async (options) => {
        const { jobCommand } = await import('./job-command.ts')
        return jobCommand(options, io, ({ cwd, argv: given }) => {
          process.chdir(cwd)
          return trawl(given, io)
        })
      },
    })
  } catch (error) {
    if (error instanceof CliError) {
      // Who reads JSON reads what is refused, too.
      const text = isJson
        ? (await import('./progress-json.ts')).noteJson(error.message)
        : `trawl: ${error.message}`
      io.stderr.write(`${text}\n`)
      return error.exitCode
    }
    io.stderr.write(`trawl: ${error instanceof Error ? error.stack : String(error)}\n`)
    return EXIT.other
  }
}
