import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { LIMITS } from '../../lib/core/limits.ts'
import { ConnectionWatch } from '../../lib/reports/page-connections.ts'
import { SimClock } from '../../lib/testing/sim-clock.ts'
import { HandClient } from './hand-client.ts'

const client = new HandClient(901)
let clock: SimClock
let watch: ConnectionWatch
let retries: number[]

beforeEach(() => {
  clock = new SimClock()
  retries = []
  watch = new ConnectionWatch({
    clock,
    clientId: client.id,
    onRetry: (status) => retries.push(status),
    onLoad: () => undefined,
  })
})

afterEach(() => watch.close())

/** A connection each, `count` of them. */
function exchanges(count: number, error?: Error): void {
  for (let i = 0; i < count; i++) {
    const connection = client.dial()
    client.send(connection)
    const exchange = client.send(connection)
    client.head(connection, exchange)
    client.end(connection, exchange, error)
    client.close(connection)
  }
}

describe('the connections of a run', () => {
  it('are followed from the dial to the close, exchange by exchange', () => {
    const connection = client.dial('http://one.test from 127.0.0.2')
    const first = client.send(connection)
    client.answer(connection, first, 404)
    const second = client.send(connection, 'http://one.test/b')
    client.answer(connection, second)
    client.close(connection, 2)
    expect(watch).toMatchObject({ dialled: 1, failedDials: 0, reused: 1, open: 0, mostOpen: 1, inFlight: 0 })
    expect(watch.rows()).toMatchObject([
      { target: 'http://one.test from 127.0.0.2', served: 2, peak: 1, failed: 0, flying: [] },
    ])
    const [window] = watch.slices.windows()
    expect(window!.name).toBe('the whole run')
    expect(window!.slices).toMatchObject([
      { url: 'http://one.test/a', status: 404, result: 'answered', lane: 0, exchange: null },
      { url: 'http://one.test/b', status: 200, result: 'answered', lane: 0, exchange: null },
    ])
  })

  it('have a lane for each exchange in flight at once, the lowest that is free', () => {
    const connection = client.dial()
    const [a, b] = [client.send(connection), client.send(connection)]
    client.answer(connection, a)
    const c = client.send(connection)
    const d = client.send(connection)
    for (const exchange of [b, c, d]) client.answer(connection, exchange)
    expect(watch.slices.windows()[0]!.slices.map(({ lane }) => lane)).toEqual([0, 1, 0, 2])
    client.close(connection, 4)
    expect(watch.rows()).toMatchObject([{ peak: 3 }])
  })

  it('that are lost take what is in flight with them; what fails is told apart', () => {
    const lost = client.dial()
    const [a, b] = [client.send(lost), client.send(lost)]
    client.head(lost, a)
    client.end(lost, a, new Error('cut'))
    client.close(lost)
    // It fails after that, or is sent again: on this connection it has ended.
    client.end(lost, b, new Error('lost'))
    client.dial('http://none.test', true)
    const [window] = watch.slices.windows()
    expect(window!.slices.map(({ result }) => result)).toEqual(['failed', 'lost'])
    expect(watch).toMatchObject({ dialled: 2, failedDials: 1, open: 0, inFlight: 0 })
    expect(watch.rows().map(({ failed }) => failed)).toEqual([2, 1])
  })

  it('that are open at the end are told as far as they went', () => {
    const connection = client.dial()
    client.send(connection)
    watch.close()
    expect(watch.slices.windows()[0]!.slices).toMatchObject([{ result: 'open' }])
    expect(watch.rows()).toMatchObject([{ closeAt: NaN, peak: 1 }])
  })

  it('of other clients are not followed, nor any after the end', () => {
    const other = new HandClient(902)
    other.answer(1, other.send(other.dial()))
    other.retry({ kind: 'status', status: 503 })
    watch.close()
    client.dial()
    client.retry({ kind: 'status', status: 503 })
    expect(watch).toMatchObject({ dialled: 0, mostOpen: 0 })
    expect(retries).toEqual([])
  })

  it('come with the retries of their calls', () => {
    client.retry({ kind: 'status', status: 503 })
    client.retry({ kind: 'error', error: new Error('cut') })
    expect(retries).toEqual([503, 0])
  })
})

describe('what is kept of a long run', () => {
  it('is the beginning, the end, and what is around the first failure between them', () => {
    const most = LIMITS.maxReportSlices
    const connection = client.dial()
    const urls = Array.from({ length: most * 5 }, (_, i) => `http://one.test/${i}`)
    for (const [i, url] of urls.entries()) {
      const exchange = client.send(connection, url)
      if (i === most * 2) client.end(connection, exchange, new Error('cut'))
      else client.answer(connection, exchange)
    }
    const windows = watch.slices.windows()
    const shown = windows.map(({ slices }) => [slices.length, slices[0]!.url, slices.at(-1)!.url])
    const failed = most * 2
    expect(watch.slices.seen).toBe(most * 5)
    expect(shown).toEqual([
      [most, urls[0], urls[most - 1]],
      [most, urls[failed - most / 2 + 1], urls[failed + most / 2]],
      [most, urls[most * 4], urls[most * 5 - 1]],
    ])
  })

  it('is bounded for connections: the first, the last, and those with the most failures', () => {
    const most = LIMITS.reportConnections
    exchanges(most * 3)
    exchanges(1, new Error('cut'))
    exchanges(most * 3)
    const rows = watch.rows()
    expect(watch.dialled).toBe(most * 6 + 1)
    expect(rows.length).toBeLessThanOrEqual(most * 3)
    expect(rows.length).toBeGreaterThanOrEqual(most * 2)
    const serials = rows.map(({ serial }) => serial)
    expect(serials).toContain(serials[0]! + most * 3)
    expect(serials[1]).toBe(serials[0]! + 1)
    expect(serials.at(-1)).toBe(serials[0]! + most * 6)
  })

  it('is bounded for connections that are open at once', () => {
    for (let i = 0; i < LIMITS.maxReportConnections + 10; i++) client.dial()
    expect(watch).toMatchObject({
      dialled: LIMITS.maxReportConnections + 10,
      open: LIMITS.maxReportConnections,
    })
  })
})
