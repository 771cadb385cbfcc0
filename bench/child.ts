import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

/** ms. */
const TIMEOUT = 120_000

export interface ScriptOptions {
  /** Beside what this process has. */
  readonly env?: Readonly<Record<string, string>>
  /** ms, after which it is ended; default 120,000. */
  readonly timeout?: number
}

/** Runs a script of this folder in a process of its own, with flags for Node, and returns what it writes; rejects when it fails. */
export async function runScript(
  name: string,
  args: readonly string[],
  flags: readonly string[] = [],
  { env = {}, timeout = TIMEOUT }: ScriptOptions = {},
): Promise<string> {
  const path = join(import.meta.dirname, name)
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, path, ...args], {
    env: { ...process.env, ...env },
    timeout,
  })
  return stdout
}
