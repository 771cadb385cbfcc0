import type { CommandModel, FlagModel, ValueKind } from './command-model.ts'

/** For zsh 5: to be sourced, or put as `_trawl` where `fpath` leads. */
export function zshCompletion(program: CommandModel): string {
  const { name, commands } = program
  return `#compdef ${name}
# zsh completion of ${name}, as "${name} completion zsh" prints it.

_${name}() {
  local curcontext="$curcontext" state line
  typeset -A opt_args
  _arguments -C -s -S \\
${flagLines(program).join('')}    ':command:->command' \\
    '*::argument:->argument'
  case $state in
  command)
    local -a commands=(
${commands.map((each) => `      ${quote(`${each.name}:${each.description}`)}\n`).join('')}    )
    _describe -t commands '${name} command' commands
    ;;
  argument)
    case $line[1] in
${commands.map(argumentCase).join('')}    esac
    ;;
  esac
}

if [[ $funcstack[1] == _${name} ]]; then
  _${name} "$@"
else
  compdef _${name} ${name}
fi
`
}

function argumentCase(command: CommandModel): string {
  const lines = [...flagLines(command), ...argumentLines(command)]
  return `    ${command.name})\n      _arguments -s -S \\\n${lines.join('').replace(/ \\\n$/u, '\n')}      ;;\n`
}

function flagLines({ flags }: CommandModel): string[] {
  return flags.map((flag) => `    ${flagSpec(flag)} \\\n`)
}

/** `'(-A --user-agent)'{-A+,--user-agent=}'[the User-Agent to send]:name: '`. */
function flagSpec(flag: FlagModel): string {
  const { short, long, repeatable } = flag
  const takesValue = flag.kind !== 'none'
  const both = short !== '' && long !== ''
  const names = [takesValue && short !== '' ? `${short}+` : short, takesValue ? `${long}=` : long]
  const tail = `[${escape(flag.description)}]${takesValue ? valueSpec(flag) : ''}`
  if (!both) return quote((repeatable ? '*' : '') + names.join('') + tail)
  return `${quote(repeatable ? '*' : `(${short} ${long})`)}{${names.join(',')}}${quote(tail)}`
}

function valueSpec({ placeholder, kind, choices }: FlagModel): string {
  return `:${escape(placeholder.slice(1, -1))}:${actionOf(kind, choices)}`
}

function argumentLines({ arguments: given, commands, name }: CommandModel): string[] {
  if (given.length === 0 && commands.length === 0) return []
  return given.map(({ placeholder, kind, choices }) => {
    const many = placeholder.includes('...')
    const message = escape(placeholder.slice(1, -1))
    // What "help" is followed by is a command again.
    const action = name === 'help' ? ' ' : actionOf(kind, choices)
    return `    ${quote(`${many ? '*' : ''}:${message}:${action}`)} \\\n`
  })
}

function actionOf(kind: ValueKind, choices: readonly string[]): string {
  if (kind === 'choice') return `(${choices.join(' ')})`
  if (kind === 'file') return '_files'
  return kind === 'folder' ? '_files -/' : ' '
}

/** Signs that mean something within a spec of `_arguments`. */
function escape(text: string): string {
  return text.replaceAll(/[\\[\]:]/gu, '\\$&')
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`
}
