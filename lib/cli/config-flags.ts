import type { Command, Option } from 'commander'
import { checkKey, readFlag, readText, readTexts, type ConfigTable } from './config-table.ts'
import { RepeatableOption } from './repeatable-option.ts'

/** Several names of one thing: whichever the command line has goes before all of them. */
const SAME: readonly (readonly string[])[] = [['clientIp', 'interface']]
/** They say what to do with the command line itself. */
const NO_KEYS = new Set(['config', 'help'])

/** The flags of a command that a config file may have, by their long names. */
export function configKeys(command: Command): ReadonlyMap<string, Option> {
  const options = command.options.filter(({ long }) => long !== undefined && !NO_KEYS.has(long.slice(2)))
  return new Map(options.map((option) => [option.long!.slice(2), option]))
}

/** Gives a command the flags that a file has and its command line has not. Throws a CliError. */
export function applyFlags(command: Command, table: ConfigTable): void {
  const options = configKeys(command)
  for (const key of Object.keys(table.entries)) {
    checkKey(table, key, 'trawl get', [...options.keys(), 'hosts'])
    if (key === 'hosts') continue
    const option = options.get(key)!
    const name = option.attributeName()
    const value = readOption(table, key, option)
    const names = SAME.find((same) => same.includes(name)) ?? [name]
    if (value === undefined || names.some((each) => command.getOptionValueSource(each) === 'cli')) continue
    command.setOptionValueWithSource(name, value, 'config')
  }
}

/** undefined: as if it were not there. */
function readOption(table: ConfigTable, key: string, option: Option): unknown {
  if (!option.required) return readFlag(table, key) ? !option.negate : undefined
  const parse = (value: string, previous?: unknown): unknown =>
    option.parseArg === undefined ? value : option.parseArg(value, previous)
  return option instanceof RepeatableOption ? readTexts(table, key, parse) : readText(table, key, parse)
}
