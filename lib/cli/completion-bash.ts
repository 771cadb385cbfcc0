import { namesOf, type CommandModel, type FlagModel } from './command-model.ts'

/** For bash 3.2 and later; nothing of the bash-completion package is needed. */
export function bashCompletion(program: CommandModel): string {
  const { name } = program
  return `# bash completion of ${name}, as "${name} completion bash" prints it.

_${name}_paths() {
  local IFS=$'\\n'
  COMPREPLY=($(compgen "$1" -- "$2"))
  # Only while a completion is under way, and not in bash 3.
  compopt -o filenames 2>/dev/null
}

# Flags that may still be given. A word is a flag's names with | between; one after + may come again.
_${name}_flags() {
  local given=" $1 " entry flag names=
  shift 2
  for entry in "$@"; do
    for flag in \${entry//|/ }; do
      [[ $entry != +* && $given == *" $flag "* ]] && continue 2
    done
    entry=\${entry#+}
    names+=" \${entry//|/ }"
  done
  COMPREPLY=($(compgen -W "$names" -- "$cur"))
}

_${name}() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} given command= i
  # --flag=value comes as three words.
  if [[ $cur == = ]]; then
    cur=
  elif [[ $prev == = ]]; then
    prev=\${COMP_WORDS[COMP_CWORD-2]}
  fi
  COMPREPLY=()
  given="\${COMP_WORDS[*]:1:COMP_CWORD-1}"
  for ((i = 1; i < COMP_CWORD; i++)); do
    [[ \${COMP_WORDS[i]} == -* ]] && continue
    command=\${COMP_WORDS[i]}
    break
  done
  case $command in
${program.commands.map((command) => caseOf(command.name, bodyOf(name, command))).join('')}${caseOf("''", bodyOf(name, program))}  esac
}

complete -F _${name} ${name}
`
}

function caseOf(pattern: string, body: readonly string[]): string {
  return `  ${pattern})\n${body.map((line) => `    ${line}\n`).join('')}    ;;\n`
}

/** What follows a command's name. */
function bodyOf(program: string, command: CommandModel): string[] {
  const { flags } = command
  const named = (kind: FlagModel['kind']): string =>
    flags
      .filter((flag) => flag.kind === kind)
      .flatMap(namesOf)
      .join('|')
  const values = [
    ...valueCase(named('file'), `_${program}_paths -f "$cur"`),
    ...valueCase(named('folder'), `_${program}_paths -d "$cur"`),
    ...flags
      .filter(({ kind }) => kind === 'choice')
      .flatMap((flag) => valueCase(namesOf(flag).join('|'), wordsOf(flag.choices))),
    ...valueCase(named('text'), ':'),
  ]
  const entries = flags.map((flag) => (flag.repeatable ? '+' : '') + namesOf(flag).join('|'))
  return [
    ...(values.length === 0 ? [] : ['case $prev in', ...values, 'esac']),
    'if [[ $cur == -* ]]; then',
    `  _${program}_flags "$given" -- ${entries.map((entry) => `'${entry}'`).join(' ')}`,
    '  return',
    'fi',
    ...positionals(program, command),
  ]
}

function valueCase(pattern: string, action: string): string[] {
  return pattern === '' ? [] : [`  ${pattern}) ${action}; return ;;`]
}

function wordsOf(words: readonly string[]): string {
  return `COMPREPLY=($(compgen -W '${words.join(' ')}' -- "$cur"))`
}

function positionals(program: string, { arguments: given, commands }: CommandModel): string[] {
  if (commands.length > 0) return [wordsOf(commands.map(({ name }) => name))]
  return given.flatMap(({ kind, choices }) => {
    if (kind === 'choice') return [wordsOf(choices)]
    if (kind === 'file') return [`_${program}_paths -f "$cur"`]
    return kind === 'folder' ? [`_${program}_paths -d "$cur"`] : []
  })
}
