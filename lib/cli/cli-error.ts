import { EXIT, type ExitCode } from './exit-codes.ts'

/** Ends the command before it has started. The message names value, rule and remedy. */
export class CliError extends Error {
  readonly exitCode: ExitCode

  constructor(exitCode: ExitCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.name = 'CliError'
    this.exitCode = exitCode
  }
}

/**
 * For options whose values may be secret: what a parser of commander throws is printed with the value,
 * this is not.
 */
export function usageError(message: string, cause?: unknown): CliError {
  return new CliError(EXIT.usage, message, cause)
}
