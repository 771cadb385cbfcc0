import { describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import type { ClientOptions } from '../../lib/index.ts'
import { TraceFile } from '../../lib/reports/trace-file.ts'
import { always, OK, type OnHead, WireStage } from '../client/wire-stage.ts'
import { ReportFolder } from './report-folder.ts'
import { countersOf, faultsOf, rowsOf, type TraceEvent } from './trace-events.ts'

const URL_ = 'http://a.test/x'

/** The events of a client's run against a server. */
async function traceOf(
  run: (stage: WireStage) => Promise<unknown>,
  onHead: OnHead = always(OK),
  client: ClientOptions = {},
  hosts: readonly string[] = ['a.test'],
): Promise<TraceEvent[]> {
  using folder = new ReportFolder()
  const stage = new WireStage(client, onHead, hosts)
  const notes: string[] = []
  const trace = await TraceFile.open(folder.file('run.json'), {
    clock: stage.clock,
    note: (text) => notes.push(text),
  })
  await stage.settle(run(stage))
  await stage.finish()
  await trace.close()
  expect(notes).toEqual([])
  const { traceEvents } = folder.json('run.json') as { traceEvents: TraceEvent[] }
  expect(faultsOf(traceEvents)).toEqual([])
  return traceEvents
}

/** Names of slices by row. */
function namesOf(events: readonly TraceEvent[]): [row: string, names: string[]][] {
  return rowsOf(events).map(({ row, slices }) => [row, slices.map(({ name }) => name)])
}

function exchangesOf(events: readonly TraceEvent[]): TraceEvent[] {
  return events.filter(({ cat }) => cat === 'exchange')
}

/** Answers one after the other, so that what is pipelined waits. */
function oneByOne(stage: () => WireStage): OnHead {
  return (peer, nth) => {
    stage().clock.after(nth * 20, () => peer.socket.write(OK))
  }
}

describe('a trace', () => {
  it('has a row for a connection, and one for each exchange in flight on it', async () => {
    let stage: WireStage
    const events = await traceOf(
      async (made) => {
        stage = made
        await made.client.get(`${URL_}/0`)
        await Promise.all([1, 2, 3].map((n) => made.client.get(`${URL_}/${n}`)))
      },
      oneByOne(() => stage),
      { maxConn: 1, maxPipelinedRequests: 3 },
    )
    expect(namesOf(events)).toEqual([
      ['#1 connection', ['connect']],
      ['#1 in flight 1', ['200 /x/0', 'wait', '200 /x/1', 'wait']],
      ['#1 in flight 2', ['200 /x/2', 'wait']],
      ['#1 in flight 3', ['200 /x/3', 'wait']],
    ])
    const [, first, second, third] = exchangesOf(events)
    // They were sent together, and came one after the other.
    expect([second!.ts, third!.ts]).toEqual([first!.ts, first!.ts])
    expect(second!.dur).toBeGreaterThan(first!.dur!)
    expect(third!.dur).toBeGreaterThan(second!.dur!)
    expect(first!.args).toMatchObject({
      method: 'GET',
      url: `${URL_}/1`,
      status: 200,
      fate: 'answered',
      bytes: 2,
      connection: 1,
    })
    const begun = events.filter(({ ph }) => ph === 'B').map(({ name }) => name)
    const ended = events.filter(({ ph }) => ph === 'E').map(({ args }) => args)
    expect([begun, ended]).toEqual([['connection 1'], [{ exchanges: 4 }]])
  })

  it('shows the wait for the head, and for the body', async () => {
    let stage: WireStage
    const events = await traceOf(
      (made) => {
        stage = made
        return made.client.get(URL_)
      },
      (peer) => {
        stage.clock.after(30, () => peer.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no'))
        stage.clock.after(70, () => peer.socket.write('k'))
      },
    )
    const parts = events.filter(({ name }) => name === 'wait' || name === 'receive')
    expect(parts.map(({ name, dur }) => [name, dur])).toEqual([
      ['wait', 32_000],
      ['receive', 40_000],
    ])
    expect(parts[1]!.ts).toBe(parts[0]!.ts + 32_000)
  })

  it('gives the rows of a connection that has closed to the next one', async () => {
    const closing = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'
    const events = await traceOf(async ({ client }) => {
      for (const n of [1, 2, 3]) await client.get(`${URL_}/${n}`)
    }, always(closing))
    expect(namesOf(events)).toEqual([
      ['#1 connection', ['connect', 'connect', 'connect']],
      ['#1 in flight 1', ['200 /x/1', 'wait', '200 /x/2', 'wait', '200 /x/3', 'wait']],
    ])
    expect(events.filter(({ ph }) => ph === 'B').map(({ name }) => name)).toEqual(
      [1, 2, 3].map((n) => `connection ${n}`),
    )
  })

  it('has a process for each target, and one for all', async () => {
    const hosts = ['a.test', 'b.test']
    let stage: WireStage
    const events = await traceOf(
      (made) => {
        stage = made
        return Promise.all(hosts.map((host) => made.client.get(`http://${host}/`)))
      },
      oneByOne(() => stage),
      {},
      hosts,
    )
    const rows = rowsOf(events).filter(({ row }) => row === '#1 connection')
    expect(rows.map(({ process }) => process)).toEqual(['http://a.test', 'http://b.test'])
    const gone = { dialling: 0, open: 0 }
    expect(countersOf(events, 'connections')).toEqual({
      'all targets': gone,
      'http://a.test': gone,
      'http://b.test': gone,
    })
    const most = events.filter(({ ph, pid, name }) => ph === 'C' && pid === 1 && name === 'connections')
    expect(Math.max(...most.map(({ args }) => Number(args!['dialling']) + Number(args!['open'])))).toBe(2)
  })

  it('counts what waits and what is in flight, down to nothing', async () => {
    let heads = 0
    const events = await traceOf(
      async ({ client }) => {
        await client.get(URL_)
        await Promise.allSettled(Array.from({ length: 20 }, (_, n) => client.get(`${URL_}/${n}`)))
      },
      // One is lost and sent again, one is refused for good, one breaks off.
      (peer) => {
        heads++
        if (heads === 5) peer.socket.reset()
        else if (heads === 9) peer.socket.write('SSH-2.0\r\n')
        else peer.socket.write(OK)
      },
      { maxConn: 2, maxPipelinedRequests: 3 },
    )
    expect(countersOf(events, 'exchanges')['all targets']).toEqual({ waiting: 0, 'in flight': 0 })
    expect(countersOf(events, 'connections')['all targets']).toEqual({ dialling: 0, open: 0 })
    const fates = new Set(exchangesOf(events).map(({ args }) => args!['fate']))
    expect(fates).toEqual(new Set(['answered', 'lost', 'failed']))
  })

  it('shows what waits in the pool, so many at once', async () => {
    const count = LIMITS.maxTraceWaits + 20
    const events = await traceOf(
      ({ client }) => Promise.all(Array.from({ length: count }, (_, n) => client.get(`${URL_}/${n}`))),
      always(OK),
      { maxConn: 1 },
    )
    const waits = events.filter(({ ph, name }) => ph === 'b' && name === 'waiting')
    expect(new Set(waits.map(({ id }) => id)).size).toBe(LIMITS.maxTraceWaits)
    expect(waits).toHaveLength(LIMITS.maxTraceWaits)
    expect(exchangesOf(events)).toHaveLength(count)
  })

  it('shows what never was sent, and dials that failed', async () => {
    const events = await traceOf(async (stage) => {
      stage.fate = 'refuse'
      await expect(stage.client.get(URL_)).rejects.toMatchObject({ code: 'ERR_CONNECT_TCP' })
    })
    expect(namesOf(events)).toEqual([['#1 connection', ['connect, given up or failed']]])
    const waits = events.filter(({ ph }) => ph === 'b').map(({ name }) => name)
    expect(waits).toEqual(['not sent: ERR_CONNECT_TCP'])
  })

  it('shows aborts, redirects and streams that are left', async () => {
    const events = await traceOf(
      async (stage) => {
        const { client } = stage
        await client.get(`${URL_}/moved`)
        const controller = new AbortController()
        stage.clock.after(20, () => controller.abort())
        await Promise.allSettled([client.get(`${URL_}/silent`, { signal: controller.signal })])
        await (await client.stream(`${URL_}/half`)).discard()
      },
      (peer) => {
        const path = / (\S+) HTTP\/1\.1\r\n(?!.* HTTP)/s.exec(peer.text)![1]
        if (path === '/x/moved')
          peer.socket.write('HTTP/1.1 302 Found\r\nLocation: /ok\r\nContent-Length: 0\r\n\r\n')
        else if (path === '/x/half')
          peer.socket.write('HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\nhalf')
        else if (path === '/ok') peer.socket.write(OK)
      },
    )
    expect(exchangesOf(events).map(({ name, args }) => [name, args!['fate']])).toEqual([
      ['302 /x/moved', 'left'],
      ['200 /ok', 'answered'],
      ['left /x/silent', 'left'],
      ['200 /x/half', 'left'],
    ])
  })

  it('shows a connection from where it is first heard of', async () => {
    using folder = new ReportFolder()
    const stage = new WireStage()
    await stage.settle(stage.client.get(`${URL_}/before`))
    const trace = await TraceFile.open(folder.file('run.json'), { clock: stage.clock, note: () => {} })
    await stage.settle(stage.client.get(`${URL_}/after`))
    await stage.finish()
    await trace.close()
    const { traceEvents } = folder.json('run.json') as { traceEvents: TraceEvent[] }
    expect(faultsOf(traceEvents)).toEqual([])
    expect(namesOf(traceEvents)).toEqual([['#1 in flight 1', ['200 /x/after', 'wait']]])
    expect(traceEvents.filter(({ ph }) => ph === 'B').map(({ name }) => name)).toEqual(['connection 1'])
    expect(countersOf(traceEvents, 'connections')['all targets']).toEqual({ dialling: 0, open: 0 })
  })
})

describe('faultsOf', () => {
  const slice = { ph: 'X' as const, pid: 1, tid: 1, name: 'a' }

  it.each([
    [
      'overlap',
      [
        { ...slice, ts: 0, dur: 10 },
        { ...slice, ts: 5, dur: 10 },
      ],
    ],
    [
      'a parent behind its child',
      [
        { ...slice, ts: 0, dur: 5 },
        { ...slice, ts: 0, dur: 10 },
      ],
    ],
    ['an end alone', [{ ...slice, ph: 'E' as const, ts: 0 }]],
    ['an async end alone', [{ ...slice, ph: 'e' as const, ts: 0, id: '1' }]],
  ])('finds %s', (_, events) => {
    expect(faultsOf(events)).toHaveLength(1)
  })

  it('lets slices within and behind one another pass', () => {
    const times = [
      [0, 10],
      [0, 5],
      [5, 5],
      [10, 3],
    ] as const
    expect(faultsOf(times.map(([ts, dur]) => ({ ...slice, ts, dur })))).toEqual([])
  })
})
