import { once } from 'node:events'
import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { Random } from '../../lib/testing/random.ts'
import { until } from '../predecessors/scripted-server.ts'
import { expectedBody } from './honest-answer.ts'
import { HostileServer } from './hostile-server.ts'
import { drawMisdeed, misdeedFromPath, pathWith } from './misdeeds.ts'

describe('a misdeed', () => {
  it('goes into a path and comes out of it', () => {
    const random = new Random(1)
    for (let n = 0; n < 200; n++) {
      const misdeed = drawMisdeed(random)
      const path = pathWith(`/x?body=${n}`, misdeed)
      expect(misdeedFromPath(path)).toEqual(misdeed)
      expect(path.startsWith(`/x?body=${n}&`)).toBe(true)
    }
  })

  it.each([
    ['/x', { kind: 'none' }],
    ['/x?misdeed=nothing-known', { kind: 'none' }],
    ['/x?misdeed=fin-at&at=often&size=-1&gap=2', { kind: 'fin-at', gap: 2 }],
  ])('is what %s asks for', (path, misdeed) => {
    expect(misdeedFromPath(path)).toEqual(misdeed)
  })
})

describe('an expected body', () => {
  it.each([0, 10, 160, 5_000])('names its request, whatever its size: %i', (size) => {
    const path = `/x?body=${size}`
    const body = expectedBody('GET', path)
    expect(body.startsWith(`GET ${path}\n`)).toBe(true)
    expect(body).toHaveLength(Math.max(size, `GET ${path}\n`.length))
    expect(expectedBody('PUT', path)).not.toBe(body)
    expect(expectedBody('HEAD', path)).toBe('')
  })
})

describe('the hostile server', () => {
  it('writes down what came, and closes what is open', async () => {
    const server = await HostileServer.listen(() => ({ kind: 'silence' }))
    const socket = connect(server.port, server.host)
    socket.write('POST /x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello')
    await until(() => server.requests[0]?.done === true)
    expect(server.requests[0]).toMatchObject({
      method: 'POST',
      path: '/x',
      bodyLength: 5,
      connection: 1,
      number: 1,
    })
    expect([server.open, server.connections, server.requestCount, server.timesOf('POST', '/x')]).toEqual([
      1, 1, 1, 1,
    ])
    await Promise.all([once(socket, 'close'), server.close()])
    expect(server.open).toBe(0)
  })

  it('writes down what is no request, and ends that connection', async () => {
    await using server = await HostileServer.listen(() => ({ kind: 'none' }))
    const socket = connect(server.port, server.host)
    socket.write('GET /x HTTP/1.1\r\nContent-Length : 5\r\n\r\n')
    await once(socket, 'close')
    expect(server.violations).toHaveLength(1)
    expect(server.violations[0]).toContain('field line "Content-Length : 5"')
  })
})
