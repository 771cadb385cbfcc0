import { WHOLE, type Narrowing } from '../narrowing.ts'
import { World } from '../world.ts'
import type { Failure } from './crew.ts'
import { shrink, type Live } from './shrink.ts'
import { Trace } from './trace.ts'

/** Complaints that are shown of one world. */
const MAX_SHOWN = 10

function listed(wrong: readonly string[]): string {
  const more = wrong.length > MAX_SHOWN ? [`and ${wrong.length - MAX_SHOWN} more`] : []
  return [...wrong.slice(0, MAX_SHOWN), ...more].map((text) => `  ${text}`).join('\n')
}

function describeWorld({ options, stages, caps, servers, records, network }: World): string {
  const calls = records.map(({ spec: { server, ...spec } }) =>
    JSON.stringify({ ...spec, server: server.origin }),
  )
  return [
    `options: ${JSON.stringify({ ...options, ...stages.options, ...caps.options })}`,
    `stages: ${stages.names.join(' ') || 'none'}; servers: ${servers.map(({ origin }) => origin).join(' ')}; ` +
      `network: ${JSON.stringify(network.conditions)}`,
    ...calls,
  ].join('\n')
}

/** Lives through one world once more, and tells all that can be seen of it. */
export async function replay(
  seed: number,
  narrowing: Narrowing = WHOLE,
): Promise<{ wrong: readonly string[]; text: string }> {
  const trace = new Trace()
  const world = new World(seed, narrowing, (network, clock) => trace.watch(network, clock))
  const wrong = await world.run()
  const verdict = wrong.length === 0 ? 'nothing is wrong' : `${wrong.length} wrong:\n${listed(wrong)}`
  return {
    wrong,
    text: `${describeWorld(world)}\n\n${trace.text(world.records)}\n\nseed ${seed}: ${verdict}`,
  }
}

async function live(seed: number, narrowing: Narrowing): ReturnType<Live> {
  const world = new World(seed, narrowing)
  const wrong = await world.run()
  return { wrong, calls: world.records.map(({ spec }) => spec.id) }
}

/** A failure as it is printed: the seed, what is wrong, the smallest world that still fails, its trace. */
export async function describeFailure(failure: Failure, shrinks: boolean): Promise<string> {
  const { seed, wrong, ended } = failure
  const lines = [`seed ${seed} failed:`, listed(wrong), `  replay: npm run sim -- --seed ${seed}`]
  if (!shrinks || !ended) return lines.join('\n')
  const { narrowing, tries } = await shrink((left) => live(seed, left), wrong)
  const again = await replay(seed, narrowing)
  lines.push(
    '',
    `shrunk, after ${tries} worlds, to ${narrowing.calls?.length ?? 'all'} calls:`,
    `  replay: npm run sim -- --seed ${seed} --narrowing '${JSON.stringify(narrowing)}'`,
    again.text,
  )
  return lines.join('\n')
}
