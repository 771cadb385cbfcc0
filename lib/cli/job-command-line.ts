import { join } from 'node:path'
import type { GetOptions } from './get-options.ts'

/** How a job was run last: for `trawl job DIR --retry-failed`. */
export interface JobCommandLine {
  readonly cwd: string
  readonly argv: readonly string[]
}

const VERSION = 1

export function commandPath(dir: string): string {
  return join(dir, 'command.json')
}

/**
 * What is kept of a command line; null: nothing, where it has what should not lie on a disk, or cannot be given again. An
 * older one is taken away then.
 */
export function keptCommand(options: GetOptions, argv: readonly string[], cwd: string): string | null {
  const { auth, proxy, cookies, headers, body, input } = options
  const hasSecret =
    auth !== undefined ||
    body !== undefined ||
    cookies.data !== '' ||
    (typeof proxy === 'string' && proxy.includes('@')) ||
    headers.some(([name]) => SECRET.test(name)) ||
    argv.some((arg) => /^(?:-x|--proxy|-U|--proxy-user|-u|--user)/u.test(arg)) ||
    options.urls.some((url) => url.includes('@'))
  return hasSecret || input === '-' ? null : `${JSON.stringify({ version: VERSION, cwd, argv })}\n`
}

const SECRET = /auth|cookie|token|key|secret/iu

/** null: none was kept. */
export async function readCommand(
  dir: string,
  read: (path: string) => Promise<string>,
): Promise<JobCommandLine | null> {
  try {
    const { version, cwd, argv } = JSON.parse(await read(commandPath(dir))) as Record<string, unknown>
    const isCommand = version === VERSION && typeof cwd === 'string' && Array.isArray(argv)
    return isCommand ? { cwd, argv: argv.map(String) } : null
  } catch {
    return null
  }
}
