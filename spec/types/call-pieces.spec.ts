import { describe, expect, expectTypeOf, it } from 'vitest'
import type { AuthOption } from '../../lib/call/auth/authenticator.ts'
import { makeFetch } from '../../lib/call/fetch/fetch.ts'
import { validateJson, type StandardSchema } from '../../lib/call/response/json-schema.ts'
import type { QueryInit } from '../../lib/call/request/query.ts'
import { Client } from '../../lib/index.ts'

interface Item {
  readonly id: number
}

/** As zod and others declare theirs: with an input type of its own, and methods besides. */
interface LibrarySchema<Input, Output> extends StandardSchema<Input, Output> {
  parse(value: unknown): Output
}

describe('the types of', () => {
  it('a schema: its output is what comes out', () => {
    const schema: StandardSchema<unknown, Item> = {
      '~standard': { version: 1, vendor: 'spec', validate: (value) => ({ value: value as Item }) },
    }
    const item = validateJson(schema, { id: 1 })
    expectTypeOf(item).toEqualTypeOf<Item | Promise<Item>>()
    expectTypeOf<LibrarySchema<{ id: string }, Item>>().toExtend<StandardSchema<unknown, Item>>()
    expectTypeOf(validateJson<Item>)
      .parameter(0)
      .toEqualTypeOf<StandardSchema<unknown, Item>>()
    expect(item).toEqual({ id: 1 })
  })

  it('fetch: it can stand where Node has its own', () => {
    const client = new Client()
    expectTypeOf(makeFetch(client)).toEqualTypeOf<typeof globalThis.fetch>()
    client.destroy()
  })

  it('auth: one kind, with what belongs to it', () => {
    const login = { username: 'u', password: 'p' }
    expectTypeOf({ basic: login }).toExtend<AuthOption>()
    expectTypeOf({ digest: login, origins: ['https://a.test'] }).toExtend<AuthOption>()
    expectTypeOf({
      bearer: 't',
      refresh: (why: { status: number; url: string }) => why.url,
    }).toExtend<AuthOption>()
    expectTypeOf({ bearer: async () => 't' }).toExtend<AuthOption>()
    expectTypeOf({ bearer: () => 7 }).not.toExtend<AuthOption>()
    expectTypeOf({ basic: { username: 'u' } }).not.toExtend<AuthOption>()
    expectTypeOf({ origins: ['https://a.test'] }).not.toExtend<AuthOption>()
  })

  it('query: what has one text', () => {
    expectTypeOf({ a: 1, b: ['x', null], c: undefined, d: 1n, e: true }).toExtend<QueryInit>()
    expectTypeOf<URLSearchParams>().toExtend<QueryInit>()
    expectTypeOf<[string, number][]>().toExtend<QueryInit>()
    expectTypeOf<Map<string, string>>().toExtend<QueryInit>()
    expectTypeOf({ a: { b: 1 } }).not.toExtend<QueryInit>()
    expectTypeOf({ a: new Date() }).not.toExtend<QueryInit>()
    expectTypeOf<string>().not.toExtend<QueryInit>()
  })
})
