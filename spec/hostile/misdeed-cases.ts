import { assert } from 'vitest'
import { until } from '../predecessors/scripted-server.ts'
import { expectedBody } from './honest-answer.ts'
import type { HostileStage, Outcome } from './hostile-stage.ts'
import { CUT_ROWS, FLOOD_ROWS, HONEST_ROWS, LIE_ROWS, type Gets, type Row } from './misdeed-table.ts'

export const ROWS: readonly Row[] = [...HONEST_ROWS, ...CUT_ROWS, ...LIE_ROWS, ...FLOOD_ROWS]

/** Plain, and over TLS. */
export const WAYS: readonly (readonly [way: string, tls: boolean])[] = [
  ['tcp', false],
  ['tls', true],
]

interface Case {
  readonly name: string
  readonly tls: boolean
  readonly row: Row
}

/** Each row over each way. */
export const CASES: readonly Case[] = ROWS.flatMap((row) =>
  WAYS.map(([way, tls]) => {
    const { kind, at } = row.misdeed
    return { name: `${kind}${at === undefined ? '' : ` ${at}`} over ${way}`, tls, row }
  }),
)

export function checkGets(found: Outcome, [first, second]: Gets, method: string, path: string): void {
  if (typeof first === 'string') {
    assert.include(found, { code: first })
    assert.include((found as { message: string }).message, second)
  } else {
    const body = second === 'short' ? expectedBody(method, path).slice(0, -10) : second
    assert.deepEqual(found, { status: first, body })
  }
}

/**
 * Nothing that went wrong before is left: the next request is answered. `closes`: the client is to
 * close the connection before that, for what came unasked.
 */
export async function checkHealth(stage: HostileStage, closes = false): Promise<void> {
  if (closes) await until(() => stage.server.open === 0)
  assert.deepEqual(await stage.ask('/after'), { status: 200, body: 'own' })
}
