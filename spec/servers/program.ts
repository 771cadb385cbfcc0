import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/** A server that specs start. */
export interface Program {
  readonly name: string
  /** What it may be called, in the folders of PATH and where Debian puts servers. */
  readonly files: readonly string[]
  /** Debian's packages. */
  readonly packages: string
  /** The environment variable that names its file. */
  readonly variable: string
  /** What else it lacks; null: nothing. */
  readonly lacks?: (path: string) => string | null
}

export function findProgram({ files, variable }: Program): string | null {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin']
  const named = process.env[variable]
  const candidates =
    named === undefined ? folders.flatMap((folder) => files.map((file) => join(folder, file))) : [named]
  return candidates.find((path) => existsSync(path)) ?? null
}

/** Why it cannot be run here, and what to do about it; null when all is well. */
export function whyNot(program: Program): string | null {
  const { name, packages, variable } = program
  const remedy = `install it with "apt-get install ${packages}" (Debian), or set ${variable} to its path`
  const path = findProgram(program)
  if (path === null) return `${name} was not found; ${remedy}`
  const lacks = program.lacks?.(path) ?? null
  return lacks === null ? null : `${path} ${lacks}; ${remedy}`
}
