import type { Rates } from './mood.ts'
import type { CallSpec } from './workload.ts'

/** What a call is without its frills; each may be left out by itself. */
const PLAIN_CALL = {
  at: 0,
  bodyKind: 'none',
  bodySize: 0,
  expectContinue: false,
  idempotent: null,
  priority: 0,
  clientIp: '',
  way: 'plain',
  reader: null,
  closes: false,
  maxBodySize: null,
  abortAfter: null,
  timeouts: {},
  session: '',
  secret: 'none',
  redirect: null,
  cacheMode: null,
  variant: '',
} satisfies Partial<CallSpec>

/** What is left out of the world that a seed gives: the seed of a failure, and less and less of its world. */
export interface Narrowing {
  /** The calls that are made; null: all of them. */
  readonly calls: readonly number[] | null
  /** What does not go wrong, which options keep their defaults, which stages are off; see `partsOf`. */
  readonly without: readonly string[]
}

export const WHOLE: Narrowing = { calls: null, without: [] }

/** What one kind of a world's parts is called in `without`. */
export type Part = 'deed' | 'option' | 'stage' | 'call' | 'network'

export function lacks(narrowing: Narrowing, part: Part, name: string): boolean {
  return narrowing.without.includes(`${part}:${name}`)
}

/** The parts that can be left out of calls, by name. */
export const CALL_PARTS: readonly string[] = Object.keys(PLAIN_CALL)

export function narrowRates(narrowing: Narrowing, rates: Rates): Rates {
  const left = Object.entries(rates).filter(([name]) => !lacks(narrowing, 'deed', name))
  return Object.fromEntries(left)
}

/** Those of `values` that are not left at their defaults. */
export function narrowOptions<T extends object>(narrowing: Narrowing, values: T, defaults: Partial<T>): T {
  const plain = Object.entries(defaults).filter(([name]) => lacks(narrowing, 'option', name))
  return { ...values, ...Object.fromEntries(plain) }
}

export function narrowCalls(narrowing: Narrowing, calls: readonly CallSpec[]): CallSpec[] {
  const plain = Object.fromEntries(
    Object.entries(PLAIN_CALL).filter(([name]) => lacks(narrowing, 'call', name)),
  )
  const made = narrowing.calls === null ? calls : calls.filter(({ id }) => narrowing.calls?.includes(id))
  return made.map((call) => ({ ...call, ...plain }))
}
