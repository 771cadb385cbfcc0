import { Command, InvalidArgumentError } from 'commander'
import { CliError, usageError } from './cli-error.ts'
import type { KeyPath } from './config-lines.ts'

/** A table of a config file, and how an error names a place in it. */
export interface ConfigTable {
  readonly entries: Readonly<Record<string, unknown>>
  /** A key's place, `site.toml:3`. Dear: for errors only. */
  readonly place: (key: string) => string
}

/** Values that an error does not show. */
const SECRET = new Set(['cookie', 'data', 'header', 'oauth2-bearer', 'proxy', 'proxy-user', 'user'])

export function isTable(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}

/** true or false. Throws a CliError. */
export function readFlag(table: ConfigTable, key: string): boolean {
  const value = table.entries[key]
  if (typeof value === 'boolean') return value
  throw badValue(table, key, 'It must be true or false.')
}

/** A text, or a number as text, by the parser of a flag. Throws a CliError. */
export function readText<T>(table: ConfigTable, key: string, parse: (value: string) => T): T {
  const value = table.entries[key]
  if (typeof value !== 'string' && typeof value !== 'number') {
    throw badValue(table, key, 'It must be one text or number.')
  }
  return parseValue(table, key, String(value), parse)
}

/** The same for one value or several. */
export function readTexts<T>(
  table: ConfigTable,
  key: string,
  parse: (value: string, previous?: T) => T,
): T | undefined {
  const value = table.entries[key]
  const all: readonly unknown[] = Array.isArray(value) ? value : [value]
  let parsed: T | undefined
  for (const each of all) {
    if (typeof each !== 'string' && typeof each !== 'number') {
      throw badValue(table, key, 'It must be a text, or a list of texts.')
    }
    parsed = parseValue(table, key, String(each), (text) => parse(text, parsed))
  }
  return parsed
}

function parseValue<T>(table: ConfigTable, key: string, value: string, parse: (value: string) => T): T {
  try {
    return parse(value)
  } catch (error) {
    const reason = error instanceof CliError ? error.cause : error
    if (reason instanceof InvalidArgumentError) throw badValue(table, key, reason.message)
    throw error
  }
}

function badValue(table: ConfigTable, key: string, rule: string): CliError {
  const value = SECRET.has(key) ? '...' : shown(table.entries[key])
  return usageError(`${table.place(key)}: ${key} = ${value}: ${rule}`)
}

const SHOWN = 64

function shown(value: unknown): string {
  if (isTable(value)) return 'a table'
  const text = JSON.stringify(value) ?? String(value)
  return text.length <= SHOWN ? text : `${text.slice(0, SHOWN)}...`
}

/** Throws a CliError for a key that is none of `keys`. `what`: what they are keys of. */
export function checkKey(table: ConfigTable, key: string, what: string, keys: readonly string[]): void {
  if (keys.includes(key)) return
  const nearest = nearestOf(key, keys)
  const remedy =
    nearest !== ''
      ? `did you mean ${nearest}?`
      : keys.length > 20
        ? `${what} --help lists them`
        : `it may have ${keys.join(', ')}`
  throw usageError(`${table.place(key)}: ${shown(key)} is no key for ${what}; ${remedy}`)
}

/** What commander would guess if it were a flag; '' where it would not. */
function nearestOf(key: string, keys: readonly string[]): string {
  const guesser = new Command().exitOverride().configureOutput({ writeErr: () => undefined })
  for (const each of keys) guesser.option(`--${each}`)
  try {
    guesser.parse([`--${key.slice(0, SHOWN)}`], { from: 'user' })
  } catch (error) {
    const [, , nearest = ''] = /\(Did you mean (one of )?--([a-z\d-]+)/u.exec(String(error)) ?? []
    return nearest
  }
  return ''
}

/** Where a key of a file stands: `site.toml:3`. Dear: for errors only. */
export type PlaceOf = (path: KeyPath) => string
