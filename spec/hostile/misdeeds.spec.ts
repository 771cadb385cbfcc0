import { describe, expect, it } from 'vitest'
import { HostileStage } from './hostile-stage.ts'
import { CASES, checkGets, checkHealth, ROWS } from './misdeed-cases.ts'
import { CUT_ROWS } from './misdeed-table.ts'
import { MISDEED_KINDS, pathWith } from './misdeeds.ts'

describe.concurrent('the client, misused', () => {
  it.each(CASES)('gets what it can: $name', async ({ tls, row }) => {
    await using stage = await HostileStage.open(tls, { maxRetries: 0 })
    stage.lingers = row.lingers ?? false
    const path = pathWith('/x', row.misdeed)
    const { method = 'GET' } = row.options ?? {}
    checkGets(await stage.ask(path, row.options), (tls ? row.tls : undefined) ?? row.gets, method, path)
    await checkHealth(stage, row.closes)
    expect(stage.server.timesOf(method, path)).toBe(row.sent ?? 1)
  })

  // Over TLS a loss is all that may be told otherwise.
  it.each(CASES.filter(({ tls, row }) => !tls || CUT_ROWS.includes(row)))(
    'sends no POST twice: $name',
    async ({ tls, row }) => {
      await using stage = await HostileStage.open(tls, { maxRetries: 2 })
      stage.lingers = row.lingers ?? false
      await stage.ask('/first')
      const path = pathWith('/x', row.misdeed)
      const options = { body: 'once', ...row.options, method: 'POST' }
      checkGets(
        await stage.ask(path, options),
        row.post ?? (tls ? row.tls : undefined) ?? row.gets,
        'POST',
        path,
      )
      await checkHealth(stage, row.closes)
      expect(stage.server.timesOf('POST', path)).toBe(1)
    },
  )

  it('meets each misdeed that there is', () => {
    const met = new Set<string>(ROWS.map((row) => row.misdeed.kind))
    // The rest have specs of their own, as what they come to is not one thing.
    expect(MISDEED_KINDS.filter((kind) => !met.has(kind))).toEqual([
      'early-reset',
      'extra-answer',
      'extra-aligned',
    ])
  })
})
