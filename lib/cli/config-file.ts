import { readFile, stat } from 'node:fs/promises'
import type { Command } from 'commander'
import type { HostOptions } from '../index.ts'
import { CliError, usageError } from './cli-error.ts'
import { applyFlags } from './config-flags.ts'
import { readHosts } from './config-hosts.ts'
import { lineOfKey } from './config-lines.ts'
import type { PlaceOf } from './config-table.ts'
import { EXIT } from './exit-codes.ts'
import { reasonOf } from './file-error.ts'
import { CLI_LIMITS } from './limits.ts'

/**
 * Reads a config file, TOML: long flags of the command as keys, which it is given unless its command line has
 * them; and tables `[hosts."*.example.com"]`, which are returned. Throws a CliError.
 */
export async function readConfig(
  path: string,
  command: Command,
): Promise<Readonly<Record<string, HostOptions>> | undefined> {
  const text = await readText(path)
  const { parse, TomlError } = await import('smol-toml')
  let entries: Record<string, unknown>
  try {
    entries = parse(text)
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    const reason = /^Invalid TOML document: (.+)/u.exec(error.message)?.[1] ?? error.message
    throw usageError(
      `${path}:${error.line}:${error.column}: this is no TOML: ${reason}; write key = "text", number, true or [list]`,
      error,
    )
  }
  const placeOf: PlaceOf = (keys) => `${path}:${lineOfKey(text, keys, (part) => parse(part))}`
  applyFlags(command, { entries, place: (key) => placeOf([key]) })
  return Object.hasOwn(entries, 'hosts') ? readHosts(entries['hosts'], placeOf) : undefined
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await stat(path)
    if (size > CLI_LIMITS.maxConfigSize) {
      throw usageError(`--config ${path} has ${size} bytes; at most ${CLI_LIMITS.maxConfigSize} are read`)
    }
    return await readFile(path, 'utf8')
  } catch (error) {
    if (error instanceof CliError) throw error
    throw new CliError(
      EXIT.file,
      `cannot read --config ${path}: ${reasonOf(error)}; check its path and permissions`,
      error,
    )
  }
}
