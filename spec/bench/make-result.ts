import type { Metric } from '../../bench/measure.ts'
import type { CaseResult } from '../../bench/results.ts'

/** A case with one metric, by client and round; null: it failed. */
export function makeResult(
  name: string,
  metric: Metric,
  clients: Readonly<Record<string, readonly (number | null)[]>>,
): CaseResult {
  return {
    name,
    title: `Title of ${name}`,
    text: `Text of ${name}.`,
    unit: 'request',
    metrics: [metric],
    clients: Object.entries(clients).map(([client, values]) => ({
      client,
      samples: values.map((value) => (value === null ? null : { [metric]: value })),
      failures: values.flatMap((value) => (value === null ? ['it fell over'] : [])),
    })),
  }
}
