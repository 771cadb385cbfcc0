import type { CommandModel, FlagModel, ValueKind } from './command-model.ts'

/** For fish 3 and later. */
export function fishCompletion(program: CommandModel): string {
  const { name, commands } = program
  const lines = [
    `# fish completion of ${name}, as "${name} completion fish" prints it.`,
    // Only what takes a path is completed with paths.
    `complete -c ${name} -f`,
    ...program.flags.map((flag) => lineOf(name, '__fish_use_subcommand', flagPart(flag))),
    ...commands.map((command) =>
      lineOf(name, '__fish_use_subcommand', `-a ${command.name} -d ${quote(command.description)}`),
    ),
    ...commands.flatMap((command) => linesOf(name, command)),
  ]
  return `${lines.join('\n')}\n`
}

function linesOf(program: string, command: CommandModel): string[] {
  const condition = `__fish_seen_subcommand_from ${command.name}`
  return [
    ...command.flags.map((flag) => lineOf(program, condition, flagPart(flag))),
    ...command.arguments
      .filter(({ kind }) => kind !== 'text')
      .map(({ kind, choices }) => lineOf(program, condition, valuePart(kind, choices))),
  ]
}

function lineOf(program: string, condition: string, part: string): string {
  return `complete -c ${program} -n ${quote(condition)} ${part}`
}

function flagPart(flag: FlagModel): string {
  const { short, long, kind, choices, description } = flag
  const names = [
    ...(short === '' ? [] : [`-s ${short.slice(1)}`]),
    ...(long === '' ? [] : [`-l ${long.slice(2)}`]),
  ]
  const value = kind === 'none' ? [] : ['-r', valuePart(kind, choices)]
  return [...names, ...value, `-d ${quote(description)}`].join(' ')
}

function valuePart(kind: ValueKind, choices: readonly string[]): string {
  if (kind === 'choice') return `-f -a ${quote(choices.join(' '))}`
  if (kind === 'file') return '-F'
  return kind === 'folder' ? "-f -a '(__fish_complete_directories)'" : '-f'
}

function quote(text: string): string {
  return `'${text.replaceAll(/[\\']/gu, '\\$&')}'`
}
