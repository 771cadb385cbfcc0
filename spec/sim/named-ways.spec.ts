import { describe, expect, test } from 'vitest'
import { ClosedError, type ClientOptions, type RequestError, type Response } from '../../lib/index.ts'
import { Random } from '../../lib/testing/random.ts'
import type { AnswerPlan } from './answer-plan.ts'
import { NO_BODY, deserved, pathOf } from './answers.ts'
import { authOption, Gate, Tokens, type AuthKind } from './gate.ts'
import { PROXY_FIELD, PROXY_URL, SimProxy } from './proxy.ts'
import type { Behaviour } from './server.ts'
import { answering, range, Stage } from './stage.ts'

const ORIGIN = 'http://a.test'

/** A server that lets only those in who prove who they are, and the tokens that are good there. */
function guarded(kind: AuthKind, options: ClientOptions = {}): { stage: Stage; tokens: Tokens } {
  const tokens = new Tokens(ORIGIN)
  const gate = new Gate(kind, ORIGIN, new Random(1), tokens, true)
  const stage = new Stage(
    { auth: authOption(kind, ORIGIN, tokens), ...options },
    {
      'a.test': {
        answer: (request, connection): AnswerPlan => {
          const plan = answering().answer(request, connection)
          const refusal = gate.refusal(request)
          return refusal === null ? plan : { ...plan, status: 401, fields: refusal }
        },
      },
    },
  )
  return { stage, tokens }
}

function statuses(stage: Stage): number[] {
  return stage.book.answers.map(({ status }) => status)
}

function proxied(options: ClientOptions): Stage {
  const stage = new Stage({ proxy: PROXY_URL, ...options }, { 'a.test': answering(), 'b.test': answering() })
  new SimProxy(Object.values(stage.servers), new Random(1), 0).listen(stage.network)
  return stage
}

/** Leads on so many times, and answers then; now and then on a connection that is closed after it. */
function leading(stage: () => Stage, hops: number): Behaviour {
  return answering((_id, connection) => {
    const asked = stage().book.received.length
    if (asked > hops) return {}
    const fields = [`Location: ${pathOf(1, 100, 200, asked)}`]
    return { status: 302, fields, end: connection.serial % 2 === 0 ? 'close' : 'keep' }
  })
}

describe('credentials', () => {
  test.each([1, 4])(
    'digest: one call is asked, and all after it know the answer (depth %i)',
    async (depth) => {
      const { stage } = guarded('digest', { maxPipelinedRequests: depth, maxConnPerTarget: 1 })
      await stage.getAll('a.test', [1])
      await stage.getAll('a.test', range(2, 10))
      expect(statuses(stage)).toEqual([401, ...range(1, 10).map(() => 200)])
      await stage.finish()
    },
  )

  test('bearer: what is revoked is fetched anew once, for all that wait', async () => {
    const { stage, tokens } = guarded('bearer')
    await stage.getAll('a.test', [1])
    tokens.revoke()
    await stage.getAll('a.test', range(2, 7))
    expect(statuses(stage).filter((status) => status === 401)).toHaveLength(6)
    expect(statuses(stage).filter((status) => status === 200)).toHaveLength(7)
    await stage.finish()
  })

  test('bearer: a token service that is down fails the calls that wait for it, and no later ones', async () => {
    const { stage, tokens } = guarded('bearer')
    tokens.failures = 1
    const first = await stage.failure(stage.client.get(stage.url('a.test', 1)))
    expect(first.error.code).toBe('ERR_CREDENTIALS')
    expect(stage.book.answers).toHaveLength(0)
    await stage.getAll('a.test', [2])
    await stage.finish()
  })
})

describe('proxies', () => {
  test('plain requests say the whole URL to it, and who asks; each target has its own connection', async () => {
    const stage = proxied({ maxConnPerTarget: 1 })
    await stage.getAll('a.test', [1])
    await stage.getAll('b.test', [2])
    const seen = stage.tap.written.map(({ absolute, headers }) => [
      absolute,
      headers.get('proxy-authorization'),
    ])
    expect(seen).toEqual([
      ['http://a.test', PROXY_FIELD],
      ['http://b.test', PROXY_FIELD],
    ])
    expect(stage.network.dials).toBe(2)
    await stage.finish()
  })

  test('a client IP that cannot be bound is set aside, though the dial was to a proxy', async () => {
    const stage = proxied({ clientIps: ['192.0.2.11', '192.0.2.12'] })
    stage.network.unbindable.add('192.0.2.11')
    const responses = await stage.getAll('a.test', range(1, 4))
    expect(responses.map(({ clientIp }) => clientIp)).toEqual(range(1, 4).map(() => '192.0.2.12'))
    expect(stage.client.stats().clientIps[0]).toMatchObject({ clientIp: '192.0.2.11' })
    expect(stage.client.stats().clientIps[0]?.setAside).toBeGreaterThan(0)
    await stage.finish()
  })

  test('where none can be bound, the error says so for each', async () => {
    const stage = proxied({ clientIps: ['192.0.2.11', '192.0.2.12'] })
    for (const clientIp of ['192.0.2.11', '192.0.2.12']) stage.network.unbindable.add(clientIp)
    const { error } = await stage.failure(stage.client.get(stage.url('a.test', 1)))
    expect(error.code).toBe('ERR_CONNECT_TCP')
    expect(error.message).toContain('192.0.2.12 is set aside')
    await stage.finish()
  })
})

describe('families', () => {
  test.each([
    [4, '192.0.2.11'],
    [6, '2001:db8::11'],
  ] as const)('a host of IPv%i is asked from %s, whoever comes first', async (family, expected) => {
    const clientIps = ['192.0.2.11', '2001:db8::11']
    const stage = new Stage({ clientIps }, { 'a.test': answering() })
    const address = family === 4 ? '198.19.0.1' : '2001:db8:19::1'
    stage.network.setHost('a.test', { addresses: [address] })
    const responses = await stage.getAll('a.test', range(1, 4))
    expect(responses.map(({ clientIp }) => clientIp)).toEqual(range(1, 4).map(() => expected))
    await stage.finish()
  })

  test('a lookup that fails for a moment is no reason to go from another client IP', async () => {
    let lookups = 0
    const clientIps = ['192.0.2.11', '192.0.2.12']
    const stage = new Stage({ clientIps, maxRetries: 1 }, { 'a.test': answering() })
    stage.network.setHost('a.test', { onLookup: () => (++lookups === 1 ? 'fail' : 'found') })
    const [response] = await stage.getAll('a.test', [1])
    expect(response).toMatchObject({ clientIp: '192.0.2.11', retries: 1 })
    await stage.finish()
  })
})

describe('map and fetch', () => {
  test('map gives each item its own answer, in a pipeline that is cut again and again', async () => {
    const stage = new Stage(
      { maxPipelinedRequests: 4, maxConnPerTarget: 2 },
      { 'a.test': answering((id) => (id % 7 === 0 ? { end: 'half-close' } : { delay: 3 })) },
    )
    const items = range(1, 100)
    const seen: number[] = []
    const toRequest = (id: number): string => stage.url('a.test', id)
    const run = async (): Promise<void> => {
      for await (const { item, ok, value } of stage.client.map(items, (response) => response, {
        toRequest,
        concurrency: 10,
      })) {
        expect(ok).toBe(true)
        stage.expectOwn(value as Response, 'a.test', item)
        seen.push(item)
        expect(stage.client.stats().waiting).toBeLessThanOrEqual(10)
      }
    }
    await stage.settle(run())
    expect(seen.toSorted((a, b) => a - b)).toEqual(items)
    await stage.finish()
  })

  test('a map over a client that is destroyed ends, with an error for each item', async () => {
    const stage = new Stage({ maxConn: 1 }, { 'a.test': answering({ delay: 1000 }) })
    const errors: unknown[] = []
    const run = async (): Promise<void> => {
      const urls = range(1, 5).map((id) => stage.url('a.test', id))
      for await (const { error } of stage.client.map(urls, (response) => response.status)) errors.push(error)
    }
    stage.clock.after(50, () => stage.client.destroy())
    await stage.settle(run())
    expect(errors).toHaveLength(5)
    for (const error of errors) expect(error).toBeInstanceOf(ClosedError)
    await stage.finish()
  })

  test('fetch: a body that breaks off is an error, and the code is in its cause', async () => {
    const stage = new Stage({}, { 'a.test': answering({ cut: 0.9, end: 'drop' }) })
    const read = async (): Promise<string> => (await stage.client.fetch(stage.url('a.test', 1))).text()
    const { error } = await stage.failure(read())
    expect((error.cause as RequestError).code).toBe('ERR_CONNECTION_CLOSED')
    await stage.finish()
  })
})

describe('chains of redirects', () => {
  test.each([1, 5, 20])('%i hops lead to the answer', async (hops) => {
    let stage: Stage | null = null
    stage = new Stage({ maxRedirects: 20 }, { 'a.test': leading(() => stage!, hops) })
    const response = await stage.settle(stage.client.get(stage.url('a.test', 1)))
    expect(response.redirects).toHaveLength(hops)
    const path = pathOf(1, 100, 200, hops)
    const number = Number(response.headers.get('x-answer'))
    const expected = { method: 'GET', origin: ORIGIN, path, status: 200, sent: NO_BODY, number }
    expect(response.text()).toBe(deserved(expected).toString('latin1'))
    await stage.finish()
  })

  test('one hop more than maxRedirects is an error, and nothing is left', async () => {
    let stage: Stage | null = null
    stage = new Stage({ maxRedirects: 3 }, { 'a.test': leading(() => stage!, 4) })
    const { error } = await stage.failure(stage.client.get(stage.url('a.test', 1)))
    expect(error.code).toBe('ERR_REDIRECT')
    expect(stage.book.answers).toHaveLength(4)
    await stage.finish()
  })
})
