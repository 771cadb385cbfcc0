import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { promisify } from 'node:util'

const TIMEOUT = 120_000

/** Runs a script of this folder in a process of its own, and returns what it writes. */
export async function runScript(
  name: string,
  args: readonly string[],
  flags: readonly string[] = [],
): Promise<string> {
  const path = join(import.meta.dirname, name)
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, path, ...args], {
    timeout: TIMEOUT,
  })
  return stdout
}
