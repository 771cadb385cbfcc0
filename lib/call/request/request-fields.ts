import { ArgumentError } from '../../core/errors.ts'

/** Header fields in any form. null leaves a default field out; undefined and [] are as if not given. */
export type HeadersInit =
  | Readonly<Record<string, string | number | readonly string[] | null | undefined>>
  | Iterable<readonly [name: string, value: string]>

export type FieldValue = string | number | readonly string[]
export type Field = readonly [name: string, value: FieldValue]

/** Fields as a caller gave them: once a client's, and again each request's. */
export interface GivenFields {
  readonly fields: readonly Field[]
  /** Lower-case names that were set to null. */
  readonly leftOut: ReadonlySet<string>
}

/** Fields that a message cannot do without (RFC 9112 sections 3.2 and 6). */
const KEPT = new Set(['host', 'content-length', 'transfer-encoding'])
const NOTHING: ReadonlySet<string> = new Set()

/** Reads what a caller gave as headers. Values are checked by the serializer, not here. */
export function readFields(headers: HeadersInit | undefined): GivenFields {
  if (headers === undefined) return { fields: [], leftOut: NOTHING }
  const entries = Symbol.iterator in headers ? [...headers] : Object.entries(headers)
  const fields: Field[] = []
  const leftOut = new Set<string>()
  for (const entry of entries) {
    if (!Array.isArray(entry) || entry.length !== 2) {
      throw new ArgumentError('option headers holds something that is no [name, value] pair')
    }
    const [name, value] = entry as [unknown, FieldValue | null | undefined]
    if (typeof name !== 'string') {
      throw new ArgumentError(`option headers has a ${typeof name} for a name; names are strings`)
    }
    if (value === undefined || (Array.isArray(value) && value.length === 0)) continue
    if (value !== null) fields.push([name, value])
    else if (!KEPT.has(name.toLowerCase())) leftOut.add(name.toLowerCase())
  }
  return { fields, leftOut }
}

/**
 * The fields of one request, in the order in which they go out: those of the client, except where the
 * request has its own, then the request's; defaults come last.
 */
export class RequestFields {
  readonly list: Field[]
  readonly #leftOut: ReadonlySet<string>

  constructor(defaults: GivenFields, own: GivenFields) {
    this.#leftOut = own.leftOut
    if (defaults.fields.length === 0 && defaults.leftOut.size === 0) {
      this.list = [...own.fields]
      return
    }
    const names = new Set(own.fields.map(([name]) => name.toLowerCase()))
    const isReplaced = (name: string): boolean => names.has(name) || own.leftOut.has(name)
    this.list = [...defaults.fields.filter(([name]) => !isReplaced(name.toLowerCase())), ...own.fields]
    if (defaults.leftOut.size > 0) this.#leftOut = new Set([...defaults.leftOut, ...own.leftOut])
  }

  /** The first value of a field; `name` in lower case. */
  valueOf(name: string): FieldValue | undefined {
    return this.list.find(([field]) => field.toLowerCase() === name)?.[1]
  }

  has(name: string): boolean {
    return this.valueOf(name) !== undefined
  }

  /** Whether any field of this name, a list of tokens, holds `token`. */
  hasToken(name: string, token: string): boolean {
    return this.list.some(
      ([field, value]) =>
        field.toLowerCase() === name &&
        String(value)
          .toLowerCase()
          .split(/[\s,]+/)
          .includes(token),
    )
  }

  /** Adds a field that nobody gave and nobody set to null. */
  addDefault(name: string, value: FieldValue): void {
    const key = name.toLowerCase()
    if (!this.#leftOut.has(key) && !this.has(key)) this.list.push([name, value])
  }
}

/** The fields of a client, and over them those of one that extends it; null still leaves a default out. */
export function mergeHeaders(base: HeadersInit | undefined, own: HeadersInit): HeadersInit {
  const [below, above] = [readFields(base), readFields(own)]
  const merged: [string, FieldValue | null][] = new RequestFields(below, above).list.map(([name, value]) => [
    name,
    value,
  ])
  for (const name of new Set([...below.leftOut, ...above.leftOut])) {
    if (!above.fields.some(([field]) => field.toLowerCase() === name)) merged.push([name, null])
  }
  return merged as Iterable<readonly [string, string]>
}

/** Headers of any form as an object: what has a value, and null for what is left out. */
export function headersRecord(
  headers: HeadersInit,
): Record<string, string | number | readonly string[] | null> {
  const { fields, leftOut } = readFields(headers)
  // Without a prototype: "constructor" and "__proto__" are names like all others.
  const record = Object.create(null) as Record<string, string | number | readonly string[] | null>
  for (const [name, value] of fields) {
    const before = record[name]
    record[name] = before === undefined || before === null ? value : [before, value].flat().map(String)
  }
  for (const name of leftOut) record[name] ??= null
  return record
}
