import { describe, expect, it } from 'vitest'
import type { ClientOptions, RequestOptions } from '../../lib/index.ts'
import { WireStage, type Peer } from '../client/wire-stage.ts'

const BASIC = { basic: { username: 'u', password: 'p' } }
const OTHER = { basic: { username: 'v', password: 'q' } }

/** The second head, which `b.test` got, by field. */
async function elsewhere(
  modifyRequest: RequestOptions['modifyRequest'],
  options: RequestOptions = {},
  client: ClientOptions = {},
): Promise<Record<string, string>> {
  let asked = 0
  const onHead = ({ socket }: Peer): void => {
    socket.write(`HTTP/1.1 ${asked++ === 0 ? 500 : 200} X\r\nContent-Length: 0\r\n\r\n`)
  }
  const stage = new WireStage({ maxRetries: 1, ...client }, onHead, ['a.test', 'b.test'])
  const url = 'http://a.test/'
  const response = await stage.settle(stage.client.get(url, { ...options, modifyRequest }))
  expect([response.status, stage.peers.length]).toEqual([200, 2])
  expect(stage.peers[1]!.dial.host).toBe('b.test')
  await stage.finish()
  const lines = stage.peers[1]!.text.trim().split('\r\n').slice(1)
  return Object.fromEntries(lines.map((line) => line.toLowerCase().split(': ') as [string, string]))
}

describe('a try that modifyRequest sends to another origin', () => {
  const url = 'http://b.test/'

  it('takes plain fields along, leaves secrets behind, and has a Host of its own', async () => {
    const fields = await elsewhere((request) => ({ ...request, url }), {
      headers: { 'x-plain': '1', authorization: 'Bearer a', cookie: 'a=b' },
    })
    expect(fields).toMatchObject({ host: 'b.test', 'x-plain': '1' })
    expect([fields['authorization'], fields['cookie']]).toEqual([undefined, undefined])
  })

  it('takes secrets that were given for it just now', async () => {
    const fields = await elsewhere(
      ({ headers: _headers, ...request }) => ({ ...request, url, headers: { authorization: 'Bearer b' } }),
      { headers: { authorization: 'Bearer a' } },
    )
    expect(fields['authorization']).toBe('bearer b')
  })

  it('takes a secret in several lines only if one of them is new', async () => {
    const secretHeaders = ['x-key']
    const headers = { 'x-key': ['1', '2'] }
    const same = await elsewhere((request) => ({ ...request, url, headers }), { headers }, { secretHeaders })
    expect(same['x-key']).toBe(undefined)
    const mixed = { 'x-key': ['1', '3'] }
    const next = await elsewhere(
      (request) => ({ ...request, url, headers: mixed }),
      { headers },
      { secretHeaders },
    )
    expect(next['x-key']).toBe('3')
  })

  it('sends no field of the client that the user leaves out', async () => {
    const headers = { 'x-client': null, 'x-one': '1' }
    const fields = await elsewhere(
      (request) => ({ ...request, url, headers }),
      {},
      { headers: { 'x-client': 'c' } },
    )
    expect([fields['x-client'], fields['x-one']]).toEqual([undefined, '1'])
  })

  it('goes with the credentials that it is given, and without those of the first', async () => {
    expect((await elsewhere((request) => ({ ...request, url }), { auth: BASIC }))['authorization']).toBe(
      undefined,
    )
    const given = await elsewhere((request) => ({ ...request, url, auth: OTHER }), { auth: BASIC })
    expect(given['authorization']).toBe('basic djpx'.toLowerCase())
  })
})

// eslint-disable-next-line typescript/prefer-promise-reject-errors -- That is what it is about.
const rejecting = (): Promise<void> => Promise.reject('no reason')

it('what modifyRequest throws or rejects with, and is no error, ends the call as one', async () => {
  const stage = new WireStage({ maxRetries: 1 }, ({ socket }) =>
    socket.write('HTTP/1.1 500 X\r\nContent-Length: 0\r\n\r\n'),
  )
  const { error } = await stage.failure(stage.client.get('http://a.test/', { modifyRequest: rejecting }))
  expect(error).toBeInstanceOf(Error)
  expect([error.message, error.cause]).toEqual(['modifyRequest threw no reason', 'no reason'])
  await stage.finish()
})
