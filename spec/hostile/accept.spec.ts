import { describe, expect, it } from 'vitest'
import { refusedPort } from '../net/loopback.ts'
import { HostileStage } from './hostile-stage.ts'
import { checkGets, WAYS } from './misdeed-cases.ts'
import type { Gets } from './misdeed-table.ts'
import type { AcceptDeed } from './misdeeds.ts'

interface AcceptRow {
  readonly deed: AcceptDeed
  readonly tcp: Gets
  readonly tls: Gets
  /** Connections that a GET without retries costs over plain TCP; over TLS it is one. Default 1. */
  readonly dials?: number
}

const CLOSED = 'ERR_CONNECTION_CLOSED'
const BROKEN: Gets = ['ERR_CONNECT_TLS', 'the server closed the connection during the handshake']
const NOT_TLS: Gets = ['ERR_CONNECT_TLS', 'the server does not speak TLS on this port']
const NO_HEAD: Gets = ['ERR_TIMEOUT_HEAD', 'no response head within 100 ms']
const NO_CONNECTION: Gets = ['ERR_TIMEOUT_CONNECT', 'no connection within 200 ms']

const ROWS: readonly AcceptRow[] = [
  {
    deed: 'close',
    tcp: [CLOSED, 'the server closed the connection before a byte of the answer'],
    tls: BROKEN,
    dials: 4,
  },
  { deed: 'silence', tcp: NO_HEAD, tls: NO_CONNECTION },
  {
    deed: 'hello-close',
    tcp: [CLOSED, 'the server closed the connection before a byte of the answer'],
    tls: BROKEN,
    dials: 4,
  },
  { deed: 'hello-reset', tcp: [CLOSED, 'ECONNRESET) before a byte'], tls: BROKEN, dials: 4 },
  {
    deed: 'hello-stall',
    tcp: ['ERR_PROTOCOL', String.raw`not a status line: "\u0016\u0003\u0003`],
    tls: NO_CONNECTION,
  },
  { deed: 'hello-garbage', tcp: ['ERR_PROTOCOL', 'not a status line'], tls: NOT_TLS },
  {
    deed: 'hello-alert',
    tcp: ['ERR_PROTOCOL', String.raw`not a status line: "\u0015\u0003\u0003`],
    tls: ['ERR_CONNECT_TLS', 'no cipher is common to the server and us'],
  },
  { deed: 'hello-http', tcp: [400, 'not meant here'], tls: NOT_TLS },
]

/** Served from the second connection on. */
const ONCE = (deed: AcceptDeed) => (connection: number) => (connection === 1 ? deed : 'accept')

describe.concurrent('a server that does not serve', () => {
  it.each(ROWS.flatMap((row) => WAYS.map(([way, tls]) => ({ ...row, way, isTls: tls }))))(
    'is named in an error that says how: $deed over $way',
    async ({ deed, tcp, tls, dials = 1, isTls }) => {
      // Only what must time out is hurried: a machine may be slow.
      const hurry = {
        replyTimeout: tcp === NO_HEAD ? 100 : 60_000,
        connectTimeout: tls === NO_CONNECTION && isTls ? 200 : 60_000,
      }
      await using stage = await HostileStage.open(isTls, { maxRetries: 0, ...hurry }, { accept: () => deed })
      stage.lingers = deed === 'silence'
      checkGets(await stage.ask('/x'), isTls ? tls : tcp, 'GET', '/x')
      expect(stage.server.connections).toBe(isTls ? 1 : dials)
      expect(stage.server.requestCount).toBe(0)
    },
  )

  // Whether the dial or the request meets the reset is a race.
  it.each(WAYS)('is named where it resets what it accepts, over %s', async (_way, tls) => {
    await using stage = await HostileStage.open(tls, { maxRetries: 0 }, { accept: () => 'reset' })
    const found = await stage.ask('/x')
    expect(found).toHaveProperty('code')
    expect(['ERR_CONNECT_TCP', 'ERR_CONNECT_TLS', CLOSED]).toContain((found as { code: string }).code)
    expect((found as { message: string }).message).toContain('ECONNRESET')
  })

  it.each(
    WAYS.flatMap(([way, tls]) =>
      (['close', 'reset', 'hello-close', 'hello-reset'] as const).map((deed) => ({ way, tls, deed })),
    ),
  )('costs nothing when the next connection is served: $deed over $way', async ({ tls, deed }) => {
    const options = { maxRetries: 1, maxConnPerTarget: 1 }
    await using stage = await HostileStage.open(tls, options, { accept: ONCE(deed) })
    expect(await stage.ask('/x')).toEqual({ status: 200, body: 'own' })
    expect(stage.server.connections).toBe(2)
  })

  it('says what to look at when TLS and plain HTTP meet', async () => {
    await using plain = await HostileStage.open(false, { maxRetries: 0 })
    const https = plain.server.origin.replace('http:', 'https:')
    checkGets(await plain.ask('/x', {}, https), NOT_TLS, 'GET', '/x')
    await using tls = await HostileStage.open(true, { maxRetries: 0 })
    const http = tls.server.origin.replace('https:', 'http:')
    const found = await tls.ask('/x', {}, http)
    expect(found).toHaveProperty('code')
    expect(['ERR_PROTOCOL', CLOSED]).toContain((found as { code: string }).code)
    // Both still serve who asks them right.
    expect(await plain.ask('/x')).toEqual({ status: 200, body: 'own' })
    expect(await tls.ask('/x')).toEqual({ status: 200, body: 'own' })
  })

  it.each(['http', 'https'])('is named where nothing listens: %s', async (scheme) => {
    await using stage = await HostileStage.open(false, { maxRetries: 0 })
    const origin = `${scheme}://127.0.0.1:${await refusedPort()}`
    const found = await stage.ask('/x', {}, origin)
    expect(found).toMatchObject({ code: 'ERR_CONNECT_TCP' })
    expect((found as { message: string }).message).toContain('nothing listens there (ECONNREFUSED)')
  })
})
