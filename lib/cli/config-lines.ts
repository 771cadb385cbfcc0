/** A key of a TOML file, with the tables that it is in. */
export type KeyPath = readonly string[]

/**
 * The line, from 1, where the value at `path` begins. The parser tells no places, so it is asked which is the
 * shortest beginning of the file that has the key: `parse` throws where a beginning ends within a value.
 */
export function lineOfKey(text: string, path: KeyPath, parse: (text: string) => unknown): number {
  const lines = text.split(/\r?\n/u)
  /** undefined: these first lines are no whole file. */
  const has = (count: number): boolean | undefined => {
    try {
      return hasKey(parse(lines.slice(0, count).join('\n')), path)
    } catch {
      return undefined
    }
  }
  let without = 0
  let within = lines.length
  while (within - without > 1) {
    const middle = (without + within) >> 1
    let whole = middle
    while (whole > without && has(whole) === undefined) whole--
    if (whole > without && has(whole) === true) within = whole
    else without = middle
  }
  while (within > 1 && has(within - 1) === undefined) within--
  return within
}

function hasKey(table: unknown, path: KeyPath): boolean {
  let value = table
  for (const key of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, key)) return false
    value = (value as Record<string, unknown>)[key]
  }
  return true
}
