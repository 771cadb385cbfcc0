import type { Argument, Command, Help, Option } from 'commander'
import { RepeatableOption } from './repeatable-option.ts'

/** What may stand for a value: paths and choices can be completed. */
export type ValueKind = 'none' | 'file' | 'folder' | 'choice' | 'text'

export interface FlagModel {
  /** `-H`; '' for none. */
  readonly short: string
  /** `--header`. */
  readonly long: string
  /** The heading of its group in the help, without colon. */
  readonly group: string
  readonly kind: ValueKind
  /** `<field>`; '' for none. */
  readonly placeholder: string
  readonly choices: readonly string[]
  readonly repeatable: boolean
  readonly description: string
  /** Where the help tells it; '' for none. */
  readonly defaultValue: string
}

export interface ArgumentModel {
  /** As the help has it: `<dir>`, `[urls...]`. */
  readonly placeholder: string
  readonly kind: ValueKind
  readonly choices: readonly string[]
  readonly description: string
}

/** A command as completion and man page need it: what commander knows, and nothing besides. */
export interface CommandModel {
  readonly name: string
  readonly description: string
  readonly flags: readonly FlagModel[]
  readonly arguments: readonly ArgumentModel[]
  readonly commands: readonly CommandModel[]
}

export function modelOf(command: Command, help: Help = command.createHelp()): CommandModel {
  return {
    name: command.name(),
    description: command.description(),
    flags: help.visibleOptions(command).map(flagOf),
    arguments: command.registeredArguments.map(argumentOf),
    commands: help.visibleCommands(command).map((each) => modelOf(each, help)),
  }
}

function flagOf(option: Option): FlagModel {
  const { short, long, description, defaultValue, argChoices, negate } = option
  const placeholder = option.required ? option.flags.slice(option.flags.indexOf('<')) : ''
  return {
    short: short ?? '',
    long: long ?? '',
    group: (option.helpGroupHeading ?? 'Options:').replace(/:$/u, ''),
    kind: placeholder === '' ? 'none' : kindOf(placeholder, argChoices),
    placeholder,
    choices: argChoices ?? [],
    repeatable: option instanceof RepeatableOption,
    description,
    // A --no-x has one that nobody asked for.
    defaultValue: negate || defaultValue === undefined ? '' : String(defaultValue),
  }
}

function argumentOf(argument: Argument): ArgumentModel {
  const name = argument.name() + (argument.variadic ? '...' : '')
  const choices = argument.argChoices ?? []
  return {
    placeholder: argument.required ? `<${name}>` : `[${name}]`,
    kind: kindOf(name, argument.argChoices),
    choices,
    description: argument.description,
  }
}

/** By what the help calls the value: `<file>`, `<data|file>`, `<dir>`. */
function kindOf(placeholder: string, choices: readonly string[] | undefined): ValueKind {
  if (choices !== undefined) return 'choice'
  if (/\bfile\b/u.test(placeholder)) return 'file'
  return /\bdir\b/u.test(placeholder) ? 'folder' : 'text'
}

/** Both names of a flag, the short one first. */
export function namesOf({ short, long }: FlagModel): readonly string[] {
  return [short, long].filter((name) => name !== '')
}
