import { usageError } from './cli-error.ts'
import { fieldValue } from './options.ts'

/** What -b and -c were given. */
export interface CookieArgs {
  /** `name=value; name=value`, as it is sent; '' for none. */
  readonly data: string
  /** Files that are read, in order. */
  readonly files: readonly string[]
  /** Where they are written at the end; `-` for standard output, '' for nowhere. */
  readonly jarFile: string
  /** Whether what servers set is kept and sent back. */
  readonly keeps: boolean
}

/** As curl: with a `=` it is data, else a file, and the empty name only keeps cookies. */
export function readCookieArgs(given: readonly string[], jarFile: string | undefined): CookieArgs {
  const data: string[] = []
  const files: string[] = []
  for (const text of given) {
    if (text.includes('=')) data.push(...pairsOf(text))
    else if (text === '-') throw usageError('-b does not read standard input; give the name of a file')
    else if (text !== '') files.push(text)
  }
  if (jarFile === '') throw usageError('-c has no file name; give one, or - for standard output')
  const keeps = jarFile !== undefined || given.some((text) => !text.includes('='))
  return { data: data.join('; '), files, jarFile: jarFile ?? '', keeps }
}

function pairsOf(text: string): string[] {
  let value: string
  try {
    value = fieldValue(text)
  } catch (error) {
    throw usageError(
      '-b has line ends or other control characters; give name=value pairs with ; between',
      error,
    )
  }
  return value
    .split(';')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
}
