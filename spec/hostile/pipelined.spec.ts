import { describe, expect, it } from 'vitest'
import { expectedBody } from './honest-answer.ts'
import { HostileStage } from './hostile-stage.ts'
import { CASES, checkGets, checkHealth, WAYS } from './misdeed-cases.ts'
import { pathWith, type MisdeedKind } from './misdeeds.ts'

const DEPTH = 8
/** Which of the pipelined requests suffers. */
const VICTIM = 4
const OPTIONS = { maxRetries: 0, maxConnPerTarget: 1, maxPipelinedRequests: DEPTH }

describe.concurrent('requests in a pipeline with one that is misused', () => {
  it.each(CASES)('get their own answers: $name', async ({ tls, row }) => {
    await using stage = await HostileStage.open(tls, OPTIONS)
    stage.lingers = row.lingers ?? false
    // A connection is pipelined once it has answered.
    await stage.ask('/first')
    const path = pathWith('/x', row.misdeed)
    const { method = 'GET' } = row.options ?? {}
    const paths = Array.from({ length: DEPTH }, (_, n) => (n === VICTIM ? path : `/${n}`))
    const found = await Promise.all(paths.map((each) => stage.ask(each, each === path ? row.options : {})))
    for (const [n, outcome] of found.entries()) {
      if (n === VICTIM) checkGets(outcome, (tls ? row.tls : undefined) ?? row.gets, method, path)
      else checkGets(outcome, (n === VICTIM + 1 && row.behind) || [200, 'own'], 'GET', `/${n}`)
    }
    await checkHealth(stage, row.closes && row.behind === undefined)
    expect(stage.server.timesOf(method, path)).toBe(row.sent ?? 1)
    // Who breaks a pipeline gets one request at a time for a while.
    const broken = row.behind !== undefined
    expect(broken ? stage.client.stats().targets[0]?.depth : 1).toBe(1)
  })

  // As `maxPipelinedRequests` says: nothing in HTTP/1.1 shows it. What is left over ends the shift.
  it.each(WAYS)('get what comes where the server answers twice, over %s', async (_way, tls) => {
    await using stage = await HostileStage.open(tls, OPTIONS)
    await stage.ask('/first')
    const twice = pathWith('/x', { kind: 'extra-answer' })
    const found = await Promise.all(['/0', twice, '/1', '/2'].map((path) => stage.ask(path)))
    const bodies = ['own', 'own', 'another\n', expectedBody('GET', '/1')]
    expect(found).toEqual(bodies.map((body) => ({ status: 200, body })))
    // It is written by itself, and may come after the answers before it have been taken.
    await checkHealth(stage, true)
  })

  it.each(
    WAYS.flatMap(([way, tls]) =>
      (['extra-answer', 'extra-aligned'] as const).map((kind) => ({ way, tls, kind })),
    ),
  )(
    'get their own at depth 1, even of a server that answers twice: $kind over $way',
    async ({ tls, kind }) => {
      await using stage = await HostileStage.open(tls, { ...OPTIONS, maxPipelinedRequests: 1 })
      const paths = Array.from({ length: 6 }, (_, n) => pathWith(`/${n}`, { kind }))
      const found = await Promise.all(paths.map((path) => stage.ask(path)))
      expect(found).toEqual(paths.map(() => ({ status: 200, body: 'own' })))
      expect(stage.server.connections).toBe(6)
      await checkHealth(stage)
    },
  )
})

describe.concurrent('a connection that goes when it is used again', () => {
  const KINDS: readonly (readonly [MisdeedKind, string])[] = [
    ['close-reuse', 'the server closed the connection before a byte'],
    ['reset-reuse', 'ECONNRESET) before a byte'],
  ]

  it.each(KINDS.flatMap(([kind, says]) => WAYS.map(([way, tls]) => ({ kind, says, way, tls }))))(
    'costs a GET nothing, and a POST is not sent twice: $kind over $way',
    async ({ kind, says, tls }) => {
      await using stage = await HostileStage.open(tls, { maxConnPerTarget: 1 })
      const first = pathWith('/x', { kind })
      await stage.ask(first)
      expect(await stage.ask('/get')).toEqual({ status: 200, body: 'own' })
      expect(stage.server.timesOf('GET', '/get')).toBe(2)
      await stage.ask(first)
      checkGets(
        await stage.ask('/post', { method: 'POST', body: 'once' }),
        ['ERR_CONNECTION_CLOSED', says],
        'POST',
        '/post',
      )
      expect(stage.server.timesOf('POST', '/post')).toBe(1)
      await checkHealth(stage)
    },
  )
})
