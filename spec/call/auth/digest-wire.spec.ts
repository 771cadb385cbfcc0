import { describe, expect, it } from 'vitest'
import { Client } from '../../../lib/index.ts'
import { DigestServer, type DigestServerOptions } from './digest-server.ts'

const username = 'J\u00e4s\u00f8n "x" \\ Doe'
const password = 'Secret, or not? \u20ac:"'

async function verdicts(options: DigestServerOptions, requests: number): Promise<string[]> {
  await using server = await DigestServer.start(username, password, options)
  await using client = new Client({ auth: { digest: { username, password }, origins: [server.origin] } })
  for (let i = 0; i < requests; i++) await client.get(`${server.origin}/a%20b?i=${i}`)
  return server.verdicts
}

describe('digest, through the client, to a server that checks all of it', () => {
  const cases: readonly [what: string, options: DigestServerOptions][] = [
    ['MD5', {}],
    ['MD5-sess', { algorithms: ['MD5-sess'] }],
    ['SHA-256', { algorithms: ['SHA-256'] }],
    ['SHA-256-sess', { algorithms: ['SHA-256-sess'] }],
    ['SHA-512-256', { algorithms: ['SHA-512-256'] }],
    ['SHA-512-256-sess', { algorithms: ['SHA-512-256-sess'] }],
    ['a choice of algorithms', { algorithms: ['MD5', 'SHA-1', 'SHA-256', 'MD5-sess'] }],
    ['all challenges in one field', { algorithms: ['MD5', 'SHA-256'], oneField: true }],
    ['no qop', { qop: '' }],
    ['only auth', { qop: 'auth' }],
    ['userhash', { userhash: true, algorithms: ['SHA-256'] }],
    ['UTF-8', { utf8: true }],
    ['UTF-8 and userhash', { utf8: true, userhash: true }],
  ]
  it.each(cases)('%s', async (_what, options) => {
    expect(await verdicts(options, 3)).toEqual(['asked', 'let in', 'let in', 'let in'])
  })

  it('a nonce that is good for one request', async () => {
    expect(await verdicts({ uses: 1 }, 3)).toEqual(['asked', 'let in', 'stale', 'let in', 'stale', 'let in'])
  })

  it('a server that does not say why it refuses a nonce', async () => {
    expect(await verdicts({ uses: 1, silent: true }, 2)).toEqual(['asked', 'let in', 'stale', 'let in'])
  })

  it('a server that always says that the nonce is stale', async () => {
    expect(await verdicts({ uses: 0 }, 1)).toEqual(['asked', 'stale', 'stale'])
  })

  it('only auth-int, which is not spoken', async () => {
    expect(await verdicts({ qop: 'auth-int' }, 2)).toEqual(['asked', 'asked'])
  })

  it('many at once: no count comes twice', async () => {
    await using server = await DigestServer.start(username, password)
    await using client = new Client({
      auth: { digest: { username, password }, origins: [server.origin] },
      maxConnPerTarget: 8,
    })
    const all = Array.from({ length: 100 }, (_, i) => client.get(`${server.origin}/${i}`))
    const responses = await Promise.all(all)
    expect(responses.map((response) => response.text())).toEqual(all.map((_, i) => `GET /${i}`))
    expect(new Set(server.verdicts)).toEqual(new Set(['asked', 'let in']))
  })

  it('credentials that a request brings: the same object is asked once', async () => {
    await using server = await DigestServer.start(username, password)
    await using client = new Client()
    const auth = { digest: { username, password } }
    for (let i = 0; i < 3; i++) expect((await client.get(`${server.origin}/${i}`, { auth })).status).toBe(200)
    expect(server.verdicts).toEqual(['asked', 'let in', 'let in', 'let in'])
    expect((await client.get(`${server.origin}/`)).status).toBe(401)
  })
})
