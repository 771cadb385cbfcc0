import { ArgumentError, DecodingError } from '../../core/errors.ts'
import { typeName } from '../request/body-source.ts'

/**
 * A schema of any library that follows Standard Schema v1 (https://standardschema.dev): zod, valibot,
 * arktype and others. Only the shape is known here; no library is needed.
 */
export interface StandardSchema<Input = unknown, Output = Input> {
  readonly '~standard': {
    readonly version: 1
    readonly vendor: string
    readonly validate: (value: unknown) => SchemaResult<Output> | Promise<SchemaResult<Output>>
    readonly types?: { readonly input: Input; readonly output: Output } | undefined
  }
}

export type SchemaResult<Output> =
  | { readonly value: Output; readonly issues?: undefined }
  | { readonly issues: readonly SchemaIssue[] }

/** What a value does not fulfil, and where. */
export interface SchemaIssue {
  readonly message: string
  readonly path?: readonly (PropertyKey | { readonly key: PropertyKey })[] | undefined
}

/** Issues that a message names, and characters of each. All are in the error's `cause`. */
const NAMED_ISSUES = 3
const ISSUE_LENGTH = 200

/**
 * `value` as `schema` gives it back: checked, and with its defaults and conversions.
 *
 * Throws DecodingError when it does not fit; its message names the first issues, its `cause` is all
 * of them. A schema that checks asynchronously gives a promise, which rejects likewise. Throws
 * ArgumentError when `schema` is none.
 */
export function validateJson<T>(schema: StandardSchema<unknown, T>, value: unknown): T | Promise<T> {
  const standard = (schema as Partial<StandardSchema<unknown, T>> | null | undefined)?.['~standard']
  if (typeof standard?.validate !== 'function') {
    throw new ArgumentError(
      `json: ${typeName(schema)} is no schema; give one of a library that follows Standard Schema v1, such as zod, valibot or arktype`,
    )
  }
  const result = standard.validate(value)
  return isPromise(result) ? Promise.resolve(result).then(valueOf) : valueOf(result)
}

function isPromise<T>(result: T | Promise<T>): result is Promise<T> {
  return typeof (result as Partial<Promise<T>> | null)?.then === 'function'
}

function valueOf<T>(result: SchemaResult<T>): T {
  if (result.issues === undefined) return result.value
  const { issues } = result
  const named = issues.slice(0, NAMED_ISSUES).map((issue) => issueText(issue))
  const more = issues.length > NAMED_ISSUES ? `, and ${issues.length - NAMED_ISSUES} more` : ''
  throw new DecodingError(`the JSON does not fit its schema: ${named.join('; ')}${more}`, issues)
}

function issueText({ path, message }: SchemaIssue): string {
  const where = pathText(path ?? [])
  const text = where === '' ? message : `${where}: ${message}`
  return text.length > ISSUE_LENGTH ? `${text.slice(0, ISSUE_LENGTH)}...` : text
}

/** As one would write it in code: `items[3].price`. */
function pathText(path: NonNullable<SchemaIssue['path']>): string {
  let text = ''
  for (const part of path) {
    const key = typeof part === 'object' ? part.key : part
    if (typeof key === 'number' || (typeof key === 'string' && /^\d+$/.test(key))) text += `[${key}]`
    else if (typeof key === 'string' && /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(key))
      text += text === '' ? key : `.${key}`
    else text += `[${typeof key === 'symbol' ? String(key) : JSON.stringify(key)}]`
  }
  return text
}
