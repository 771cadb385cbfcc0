import { ArgumentError, Client, type ClientOptions } from '../index.ts'
import { usageError } from './cli-error.ts'

/** Lets the library judge these options before anything starts. `flag`: where they come from. */
export function checkByClient(flag: string, options: ClientOptions): void {
  try {
    new Client(options).destroy()
  } catch (error) {
    if (!(error instanceof ArgumentError)) throw error
    throw usageError(`${flag}: ${error.message}`, error)
  }
}
