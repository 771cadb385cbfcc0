import { parseArgs, type ParseArgsConfig } from 'node:util'

/** What the scripts of this folder have in common: `--help`, and exit code 2 with a word for arguments that they do not take. */
export class Script {
  readonly #help: string

  constructor(help: string) {
    this.#help = help
  }

  read<T extends ParseArgsConfig>(config: T): ReturnType<typeof parseArgs<T>> {
    if (process.argv.includes('--help')) {
      console.log(this.#help)
      process.exit(0)
    }
    try {
      return parseArgs(config)
    } catch (error) {
      return this.refuse((error as Error).message)
    }
  }

  refuse(why: string): never {
    console.error(`${why}\n\n${this.#help}`)
    return process.exit(2)
  }

  /** Both bounds are allowed. */
  number(name: string, text: string, least: number, most: number): number {
    const number = Number(text)
    if (text !== '' && number >= least && number <= most) return number
    return this.refuse(`--${name} ${text}: give a number from ${least} to ${most}`)
  }

  whole(name: string, text: string, least: number, most: number): number {
    const number = this.number(name, text, least, most)
    if (Number.isInteger(number)) return number
    return this.refuse(`--${name} ${text}: give a whole number from ${least} to ${most}`)
  }
}
