import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { Client, ConnectError, systemClock, type ClientOptions, type Clock } from '../../lib/index.ts'
import { Sites, to } from './sites.ts'

/** Retries wait for nothing. */
const clock: Clock = Object.create(systemClock, { random: { value: () => 0 } }) as Clock
/** An address for documentation (RFC 5737): no machine has it. */
const FOREIGN = '192.0.2.1'
const [TWO, THREE, FOUR] = ['127.0.0.2', '127.0.0.3', '127.0.0.4'] as const

let sites: Sites
let client: Client
let A = ''
let B = ''

beforeAll(async () => {
  sites = await Sites.open(2)
  A = sites.origin(0, 'a.test')
  B = sites.origin(1, 'b.test')
})
afterAll(() => sites.close())
beforeEach(() => {
  sites.seen.length = 0
  sites.routes.clear()
})
afterEach(() => client.close())

function open(options: ClientOptions = {}): Client {
  client = new Client({ clock, resolve: sites.resolve, clientIps: [TWO, THREE, FOUR], ...options })
  return client
}

/** Which client IPs the servers saw, in order. */
const seen = (): string[] => sites.seen.map(({ from }) => from)

/** Answers these statuses to the first requests. */
function answers(path: string, ...statuses: number[]): void {
  sites.on(path, (_seen, response) => void response.writeHead(statuses.shift() ?? 200).end('ok'))
}

async function ask(times: number, url = `${A}/x`, options = {}): Promise<string[]> {
  const said: string[] = []
  for (let i = 0; i < times; i++) said.push((await client.get(url, options)).clientIp)
  return said
}

// Only Linux has the whole of 127.0.0.0/8.
describe.skipIf(process.platform !== 'linux')('client IPs: the server sees', () => {
  it('each in turn, by host, and the response says which', async () => {
    open()
    expect(await ask(4)).toEqual([TWO, THREE, FOUR, TWO])
    expect(seen()).toEqual([TWO, THREE, FOUR, TWO])
    await ask(3, `${B}/x`)
    expect(new Set(seen().slice(4))).toEqual(new Set([TWO, THREE, FOUR]))
  })

  it('none of them, and the error says why, where the name resolves to nonsense', async () => {
    open({ resolve: () => 'nonsense', maxRetries: 0 })
    await expect(client.get(`${A}/x`)).rejects.toMatchObject({
      code: 'ERR_CONNECT_DNS',
      message: expect.stringContaining('gave "nonsense"') as string,
    })
    expect(client.stats().clientIps.map(({ setAside }) => setAside)).toEqual([0, 0, 0])
  })

  it('the same one over all redirects and retries of a call', async () => {
    open()
    answers('/end', 500, 502)
    const response = await client.get(A + to(B + to(`${A}/end`)))
    expect([response.status, response.retries, response.redirects.length]).toEqual([200, 2, 2])
    expect(seen()).toEqual([TWO, TWO, TWO, TWO, TWO])
    await ask(1)
    expect(seen().at(-1)).toBe(THREE)
  })

  it('one for each session, in any order, and over clients', async () => {
    const options = { clientIpPolicy: 'sticky' } as const
    open(options)
    const sessions = ['ada', 'grace', 'edsger', 'tony']
    const first = await Promise.all(sessions.map(async (session) => (await ask(1, `${A}/x`, { session }))[0]))
    await client.close()
    open(options)
    const again = await Promise.all(
      sessions.toReversed().map(async (session) => (await ask(1, `${B}/x`, { session }))[0]),
    )
    expect(again.toReversed()).toEqual(first)
    expect(new Set(first).size).toBeGreaterThan(1)
  })

  it('the one that the user’s policy gives, of those that may be used', async () => {
    const asked: unknown[] = []
    open({
      clientIpPolicy: (choice) => {
        asked.push(choice)
        return choice.clientIps.at(-1)!
      },
    })
    expect(await ask(2, `${A}/x`, { session: 's' })).toEqual([FOUR, FOUR])
    expect(asked[0]).toEqual({ host: new URL(A).host, session: 's', clientIps: [TWO, THREE, FOUR] })
  })

  it('the request’s own, whatever the policy is', async () => {
    open()
    expect(await ask(2, `${A}/x`, { clientIp: FOUR })).toEqual([FOUR, FOUR])
    answers('/busy', 429, 403, 500)
    expect(await ask(1, `${A}/busy`, { clientIp: FOUR, retryStatuses: [403, 429, 500] })).toEqual([FOUR])
    expect(new Set(seen())).toEqual(new Set([FOUR]))
  })

  it('another one after a refusal, where that is asked for; an error of the server is none', async () => {
    open({ moveAfterRefusal: true, retryStatuses: [403, 500] })
    answers('/x', 403, 500, 403)
    const response = await client.get(`${A}/x`)
    expect([response.status, response.retries, response.clientIp]).toEqual([200, 3, FOUR])
    expect(seen()).toEqual([TWO, THREE, THREE, FOUR])
  })

  it('with another request too, from where it has moved to', async () => {
    open({ moveAfterRefusal: true, retryStatuses: [403], modifyRequest: () => undefined })
    answers('/x', 403, 403)
    expect((await client.get(`${A}/x`)).clientIp).toBe(FOUR)
    expect(seen()).toEqual([TWO, THREE, FOUR])
  })

  it('stays where it is when all have been refused', async () => {
    open({ moveAfterRefusal: true, retryStatuses: [403], maxRetries: 5 })
    answers('/x', 403, 403, 403, 403, 403)
    const response = await client.get(`${A}/x`)
    expect([response.status, sites.seen.length]).toEqual([200, 6])
    expect(new Set(seen())).toEqual(new Set([TWO, THREE, FOUR]))
  })

  it('none that a host keeps refusing, for that host alone', async () => {
    open({ clientIps: [TWO, THREE] })
    sites.on('/x', ({ from }, response) => void response.writeHead(from === TWO ? 403 : 200).end())
    await ask(6)
    expect(client.stats().clientIps[0]).toMatchObject({ clientIp: TWO, refusedBy: 1 })
    sites.seen.length = 0
    await ask(3)
    expect(seen()).toEqual([THREE, THREE, THREE])
    await ask(2, `${B}/y`)
    expect(new Set(seen().slice(3))).toEqual(new Set([TWO, THREE]))
  })

  it('none that is no address of this machine: it is set aside, uncounted, and stats() tell why', async () => {
    open({ clientIps: [FOREIGN, TWO], maxRetries: 0 })
    const response = await client.post(`${A}/x`, { body: 'x' })
    expect([response.status, response.clientIp, response.retries]).toEqual([200, TWO, 0])
    await ask(2)
    expect(seen()).toEqual([TWO, TWO, TWO])
    const [foreign, two] = client.stats().clientIps
    expect(foreign).toMatchObject({ clientIp: FOREIGN, chosen: 1 })
    expect(foreign!.reason).toContain('not an address of this machine')
    expect(foreign!.setAside).toBeGreaterThan(0)
    expect(two).toMatchObject({ clientIp: TWO, setAside: 0, reason: '' })
  })

  it('nothing, where none can be bound: the error names each', async () => {
    open({ clientIps: [FOREIGN, '198.51.100.7'] })
    const error = await client.get(`${A}/x`).catch((thrown: unknown) => thrown)
    expect(error).toBeInstanceOf(ConnectError)
    const { message, url } = error as ConnectError
    expect(url).toBe(`${A}/x`)
    expect(message).toContain(FOREIGN)
    expect(message).toContain('198.51.100.7')
    expect(sites.seen.length).toBe(0)
  })

  it('only those of its own family', async () => {
    open({ clientIps: ['::1', TWO] })
    expect(await ask(2, `${sites.origin(0)}/x`)).toEqual([TWO, TWO])
    // A name that has IPv4 addresses alone: from the other one there is no way to it.
    expect(await ask(2, `${A}/x`)).toEqual([TWO, TWO])
  })
})
