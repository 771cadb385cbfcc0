import { describe, expect, it } from 'vitest'
import {
  validateJson,
  type SchemaResult,
  type StandardSchema,
} from '../../../lib/call/response/json-schema.ts'
import { ArgumentError, DecodingError } from '../../../lib/core/errors.ts'

function schema<T>(
  validate: (value: unknown) => SchemaResult<T> | Promise<SchemaResult<T>>,
): StandardSchema<unknown, T> {
  return { '~standard': { version: 1, vendor: 'spec', validate } }
}

const asNumber = schema<number>((value) => {
  const number = Number(value)
  return Number.isNaN(number) ? { issues: [{ message: 'must be a number' }] } : { value: number }
})

function thrown(run: () => unknown): unknown {
  try {
    run()
  } catch (error) {
    return error
  }
  return null
}

describe('validateJson', () => {
  it('gives what the schema makes of the value', () => {
    expect(validateJson(asNumber, '7')).toBe(7)
  })

  it('gives a promise for a schema that takes time', async () => {
    const slow = schema<number>(async (value) => asNumber['~standard'].validate(value))
    expect(validateJson(slow, '7')).toBeInstanceOf(Promise)
    expect(await validateJson(slow, '7')).toBe(7)
    await expect(validateJson(slow, 'x')).rejects.toThrow(DecodingError)
  })

  it('takes a schema that is a function, as those of arktype are', () => {
    const callable = Object.assign(() => {}, asNumber)
    expect(validateJson(callable, '7')).toBe(7)
  })

  it('keeps undefined and null as values', () => {
    expect(
      validateJson(
        schema(() => ({ value: undefined })),
        1,
      ),
    ).toBeUndefined()
    expect(
      validateJson(
        schema(() => ({ value: null, issues: undefined })),
        1,
      ),
    ).toBeNull()
  })

  const paths: readonly [path: readonly (PropertyKey | { key: PropertyKey })[], text: string][] = [
    [[], 'bad'],
    [['a'], 'a: bad'],
    [['a', 'b'], 'a.b: bad'],
    [['items', 3, 'price'], 'items[3].price: bad'],
    [[{ key: 'items' }, { key: 3 }], 'items[3]: bad'],
    [['3'], '[3]: bad'],
    [['a b', 'c"d'], '["a b"]["c\\"d"]: bad'],
    [[Symbol('s')], '[Symbol(s)]: bad'],
  ]
  it.each(paths)('says where: %j', (path, text) => {
    const issues = [{ message: 'bad', path }]
    const error = thrown(() =>
      validateJson(
        schema(() => ({ issues })),
        {},
      ),
    )
    expect(error).toBeInstanceOf(DecodingError)
    expect(error).toMatchObject({ message: `the JSON does not fit its schema: ${text}`, cause: issues })
  })

  it('names three issues, and says how many more there are', () => {
    const issues = ['a', 'b', 'c', 'd', 'e'].map((key) => ({ message: 'bad', path: [key] }))
    const error = thrown(() =>
      validateJson(
        schema(() => ({ issues })),
        {},
      ),
    )
    expect(error).toMatchObject({
      message: 'the JSON does not fit its schema: a: bad; b: bad; c: bad, and 2 more',
      cause: issues,
    })
  })

  it('bounds what it says of each', () => {
    const error = thrown(() =>
      validateJson(
        schema(() => ({ issues: [{ message: 'x'.repeat(9_999) }] })),
        {},
      ),
    )
    expect((error as Error).message.length).toBeLessThan(300)
  })

  it('lets through what the schema itself throws', () => {
    const broken = schema(() => {
      throw new RangeError('schema is broken')
    })
    expect(() => validateJson(broken, 1)).toThrow(RangeError)
  })

  it.each([null, undefined, 'x', {}, { '~standard': {} }])('refuses %j, which is no schema', (given) => {
    const error = thrown(() => validateJson(given as never, 1))
    expect(error).toBeInstanceOf(ArgumentError)
    expect((error as Error).message).toMatch(
      /is no schema; give one of a library that follows Standard Schema/,
    )
  })
})
