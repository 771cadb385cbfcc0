import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Shell } from '../../lib/cli/shells.ts'

/** Whether this machine has a program. */
export function has(program: string): boolean {
  return spawnSync(program, ['--version'], { stdio: 'ignore' }).error === undefined
}

/** ms; a shell that waits for input that does not come is ended. */
const LONGEST = 20_000

/** What a program prints on standard output and then on standard error, in this folder. */
export async function output(folder: string, program: string, ...args: string[]): Promise<[string, string]> {
  const env = { PATH: process.env['PATH'], HOME: folder, TERM: 'dumb', LC_ALL: 'C.UTF-8' }
  const child = spawn(program, args, {
    cwd: folder,
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: LONGEST,
  })
  const out: Buffer[] = []
  const err: Buffer[] = []
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk: Buffer) => err.push(chunk))
  await once(child, 'close')
  return [Buffer.concat(out).toString(), Buffer.concat(err).toString()]
}

/**
 * Each prints its completions of the lines after the first argument, the folder, and an end for each line. bash gets
 * the words as it breaks them; the first of its lines is what the script has registered.
 */
const DRIVERS: Readonly<Record<Shell, string>> = {
  bash: `
source "$1/trawl.bash"
shift
complete -p trawl
for line in "$@"; do
  IFS=' ' read -ra COMP_WORDS <<<"\${line//=/ = }"
  [[ $line == *' ' || $line == *= ]] && COMP_WORDS+=('')
  [[ $line == *= ]] && unset 'COMP_WORDS[-1]'
  COMP_CWORD=$((\${#COMP_WORDS[@]} - 1))
  _trawl
  [[ \${#COMPREPLY[@]} == 0 ]] || printf '>%s\\n' "\${COMPREPLY[@]}"
  echo end
done
`,
  fish: `
source $argv[1]/trawl.fish
for line in $argv[2..]
  complete -C $line | string replace -r '^' '>' | string replace -r '\\t.*' ''
  echo end
end
`,
  // In a terminal of its own, since it completes only where somebody types. \\1 is before an end, \\2 before a hit.
  zsh: `
zmodload zsh/zpty
zpty z zsh -f -i
zpty -w z "source $1/driver.zsh"
zpty -r -m z answer '*ready*'
for line in "\${@[2,-1]}"; do
  zpty -w -n z $'\\C-u'"$line"$'\\t'
  zpty -r -m z answer $'*\\1end*'
  print -r -- "$answer"
done
zpty -d z
`,
}

const IN_ZSH = `
PS1=
autoload -Uz compinit
compinit -u -D
source \${0:h}/trawl.zsh
zstyle ':completion:*' insert-tab false
tab() {
  zle complete-word
  print -r -- $'\\1end'
}
zle -N tab
bindkey '^I' tab
compadd() {
  if [[ \${@[1,(i)(-|--)]} != *-(O|A|D)\\ * ]]; then
    local -a hits
    builtin compadd -A hits "$@"
    for hit in $hits; do print -r -- $'\\2'"$hit"; done
  fi
  builtin compadd "$@"
}
print rea''dy
`

/** What a shell would complete each of these lines to, by the script that the command prints for it. */
export async function complete(
  shell: Shell,
  script: string,
  folder: string,
  lines: readonly string[],
): Promise<string[][]> {
  await writeFile(join(folder, `trawl.${shell}`), script)
  if (shell === 'zsh') await writeFile(join(folder, 'driver.zsh'), IN_ZSH)
  const flags = { bash: ['--norc', '--noprofile'], fish: ['--no-config'], zsh: ['-f'] }[shell]
  // fish takes the first argument as such, the others as what `$0` is.
  const first = shell === 'fish' ? [] : [shell]
  const [out, err] = await output(folder, shell, ...flags, '-c', DRIVERS[shell], ...first, folder, ...lines)
  if (err !== '') throw new Error(`${shell} says: ${err}`)
  const found: string[][] = [[]]
  const marked = out.replaceAll('\u0002', '\n>').replaceAll('\u0001', '\n')
  for (const line of marked.split(/[\r\n]+/)) {
    if (line === 'end') found.push([])
    else if (line.startsWith('>')) found.at(-1)!.push(line.slice(1))
  }
  return found.slice(0, -1).map((each) => [...new Set(each)])
}
