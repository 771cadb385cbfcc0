#!/usr/bin/env node
import { CliError } from './cli-error.ts'
import { runCommandLine } from './command-line.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { getCommand } from './get-command.ts'

async function main(): Promise<ExitCode> {
  // Who reads the messages may go; the files and the report are still wanted.
  process.stderr.on('error', () => undefined)
  try {
    return await runCommandLine(process.argv.slice(2), process, (options) => getCommand(options, process))
  } catch (error) {
    if (error instanceof CliError) {
      process.stderr.write(`trawl: ${error.message}\n`)
      return error.exitCode
    }
    process.stderr.write(`trawl: ${error instanceof Error ? error.stack : String(error)}\n`)
    return EXIT.other
  }
}

process.exitCode = await main()
