import { bashCompletion } from './completion-bash.ts'
import { fishCompletion } from './completion-fish.ts'
import { zshCompletion } from './completion-zsh.ts'
import type { CommandModel } from './command-model.ts'
import type { Shell } from './shells.ts'

const SCRIPTS: Readonly<Record<Shell, (program: CommandModel) => string>> = {
  bash: bashCompletion,
  fish: fishCompletion,
  zsh: zshCompletion,
}

/** A script that makes a shell complete the arguments of the command. */
export function completionScript(shell: Shell, program: CommandModel): string {
  return SCRIPTS[shell](program)
}
