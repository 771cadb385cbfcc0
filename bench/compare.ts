/**
 * trawl beside its peers: the same small page of the same nginx, in one run.
 *
 *   npm run bench                  all cases, under three minutes
 *   npm run bench -- --quick       fewer connections and rounds, under one
 *   npm run bench -- --write       writes docs/benchmarks.md from this run, memory included
 */
import { setTimeout as wait } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { Nginx, whyNoNginx } from '../spec/servers/nginx.ts'
import type { CaseOptions, CaseResult } from './case.ts'
import { runScript } from './child.ts'
import { LOADS, PIPELINING } from './loads.ts'
import { speedTable } from './tables.ts'
import { writePage } from './page.ts'

const BODY_SIZE = 128
/** Milliseconds between two looks at the number of connections. */
const LOOK_EVERY = 250

export interface Measured {
  readonly load: string
  readonly connections: number
  readonly depth: number
  readonly results: readonly (CaseResult & { readonly connectionsSeen: number })[]
}

interface Plan {
  readonly connections: readonly number[]
  readonly rounds: number
  readonly warmUp: number
  readonly measure: number
  /** No round is begun that would end later than this, ms. */
  readonly atMost: number
}

const FULL: Plan = { connections: [10, 1], rounds: 3, warmUp: 500, measure: 1_000, atMost: 170_000 }
const QUICK: Plan = { connections: [10], rounds: 2, warmUp: 400, measure: 600, atMost: 55_000 }

async function measure(nginx: Nginx, plan: Plan): Promise<Measured[]> {
  const cases = plan.connections.flatMap((connections) =>
    [1, 10].flatMap((depth) =>
      (depth === 1 ? Object.keys(LOADS) : PIPELINING).map((load) => {
        const results: (CaseResult & { connectionsSeen: number })[] = []
        return { load, connections, depth, results }
      }),
    ),
  )
  const site = { origin: `http://127.0.0.1:${nginx.port}`, path: '/small', bodySize: BODY_SIZE }
  const { warmUp, measure: time } = plan
  // Rounds are interleaved: what else the machine does meanwhile falls on all alike.
  const started = performance.now()
  for (let round = 1; round <= plan.rounds; round++) {
    for (const { load, connections, depth, results } of cases) {
      process.stderr.write(`round ${round} of ${plan.rounds}: ${load}, ${connections} x ${depth}\n`)
      const options: CaseOptions = { load, connections, depth, ...site, warmUp, measure: time }
      const running = runScript('case.ts', [JSON.stringify(options)])
      const connectionsSeen = await countConnections(nginx, running)
      results.push({ ...(JSON.parse(await running) as CaseResult), connectionsSeen })
    }
    const elapsed = performance.now() - started
    if (elapsed + elapsed / round > plan.atMost) break
  }
  return cases
}

/** The most connections that the server has had: looked at now and then, until the case is over. */
async function countConnections(nginx: Nginx, running: Promise<string>): Promise<number> {
  let most = 0
  for (let isOver = false; !isOver;) {
    isOver = await Promise.race([running.then(() => true), wait(LOOK_EVERY, false)])
    if (!isOver) most = Math.max(most, await nginx.activeConnections())
  }
  return most
}

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: { quick: { type: 'boolean', default: false }, write: { type: 'boolean', default: false } },
  })
  const missing = whyNoNginx()
  if (missing !== null) throw new Error(missing)
  const nginx = await Nginx.start({
    accessLog: false,
    servers: ({ plain }) => `server {
      listen 127.0.0.1:${plain};
      keepalive_requests 100000000;
      location = /small { return 200 "${'x'.repeat(BODY_SIZE)}"; }
    }`,
  })
  let measured: Measured[]
  try {
    measured = await measure(nginx, values.quick ? QUICK : FULL)
  } finally {
    await nginx.stop()
  }
  const tables = [...groupByShape(measured).values()].map((group) => speedTable(group))
  console.log(`\n${tables.join('\n\n')}\n`)
  if (values.write) await writePage(tables, await runScript('memory.ts', []))
}

function groupByShape(measured: readonly Measured[]): Map<string, Measured[]> {
  return Map.groupBy(measured, ({ connections, depth }) => `${connections} x ${depth}`)
}

await main()
