/** A line of lib that keeps somebody out, what is left when it is taken away, and the spec that must fail then. */
export interface Guard {
  readonly name: string
  readonly file: string
  /** Stands in the file; every occurrence is replaced. */
  readonly find: string
  readonly replace: string
  readonly spec: string
  /** Part of the names of the specs that are run; without it the whole file is. */
  readonly only?: string
}

type Row = readonly [name: string, find: string, replace: string, spec: string, only?: string]

/** Guards of one file. */
export function guardsOf(file: string, rows: readonly Row[]): Guard[] {
  return rows.map(([name, find, replace, spec, only]) => ({
    name,
    file: `lib/${file}`,
    find,
    replace,
    spec: `spec/${spec}.spec.ts`,
    ...(only === undefined ? {} : { only }),
  }))
}
