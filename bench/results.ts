import type { BenchCase, Metric, Sample } from './measure.ts'
import { ratios, type Spread, spread } from './statistics.ts'

/** What one client of a case gave. */
export interface ClientResult {
  readonly client: string
  /** By round; null: it failed in that one. */
  readonly samples: (Sample | null)[]
  /** Why it failed, once for each time. */
  readonly failures: string[]
}

/** What a case gave: all of it, as it goes into the JSON. */
export interface CaseResult extends Pick<
  BenchCase,
  'name' | 'title' | 'text' | 'unit' | 'metrics' | 'peer' | 'floor'
> {
  readonly clients: ClientResult[]
}

export function resultFor(of: BenchCase, clients: readonly string[]): CaseResult {
  const { name, title, text, unit, metrics, peer, floor } = of
  return {
    name,
    title,
    text,
    unit,
    metrics,
    ...(peer === undefined ? {} : { peer }),
    ...(floor === undefined ? {} : { floor }),
    clients: clients.map((client) => ({ client, samples: [], failures: [] })),
  }
}

/** By round; undefined: it was not measured in that one. */
export function valuesOf(result: ClientResult, metric: Metric): (number | undefined)[] {
  return result.samples.map((sample) => sample?.[metric])
}

export function spreadOf(result: ClientResult, metric: Metric): Spread | null {
  return spread(valuesOf(result, metric).filter((value) => value !== undefined))
}

/** Of the ratios round by round; null: there is no round with both. */
export function ratioOf(result: ClientResult, to: ClientResult | undefined, metric: Metric): Spread | null {
  return to === undefined ? null : spread(ratios(valuesOf(result, metric), valuesOf(to, metric)))
}

/** Whom the others of a case are compared with: what the case says, or the first that is undici, and the raw socket. */
export function referencesOf({ clients, peer, floor = 'raw socket' }: CaseResult): {
  peer: ClientResult | undefined
  floor: ClientResult | undefined
} {
  return {
    peer: clients.find(({ client }) => (peer === undefined ? client.startsWith('undici') : client === peer)),
    floor: clients.find(({ client }) => client === floor),
  }
}

/** Cases, or clients of them, that no run was begun of. */
export function unmeasured(results: readonly CaseResult[]): string[] {
  return results.flatMap(({ name, clients }) => {
    const never = clients.filter(({ samples }) => samples.length === 0)
    return never.length === clients.length ? [name] : never.map(({ client }) => `${name}, ${client}`)
  })
}

/** `case, client: why`, for all that failed. */
export function failuresOf(results: readonly CaseResult[]): string[] {
  return results.flatMap(({ name, clients }) =>
    clients.flatMap(({ client, failures }) => failures.map((why) => `${name}, ${client}: ${why}`)),
  )
}
