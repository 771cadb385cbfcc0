import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import {
  ArgumentError,
  Client,
  StatusError,
  type CallRequest,
  type ClientOptions,
  type Middleware,
  type Response,
} from '../../lib/index.ts'
import { Sites, to } from '../client/sites.ts'

let sites: Sites
let site = ''

beforeAll(async () => {
  sites = await Sites.open(1)
  site = sites.origin(0)
})
afterAll(() => sites.close())
beforeEach(() => {
  sites.seen.length = 0
  sites.routes.clear()
})

async function withClient<T>(options: ClientOptions, run: (client: Client) => Promise<T>): Promise<T> {
  await using client = new Client({ maxRetries: 0, ...options })
  return await run(client)
}

describe('middleware', () => {
  it('is wrapped around the whole call, the first one outermost', async () => {
    const log: string[] = []
    const note =
      (name: string): Middleware =>
      async (request, next) => {
        log.push(`${name} ${request.method ?? 'GET'} ${String(request.url)}`)
        const response = await next(request)
        log.push(`${name} ${response.status} after ${response.redirects.length}`)
        return response
      }
    await withClient({ use: [note('a'), note('b')] }, (client) => client.get(site + to('/x')))
    const asked = `GET ${site}${to('/x')}`
    expect(log).toEqual([`a ${asked}`, `b ${asked}`, 'b 200 after 1', 'a 200 after 1'])
  })

  it('sees what the caller gave, by whichever method, and whether it is streamed', async () => {
    const seen: CallRequest[] = []
    const use: Middleware[] = [(request, next) => (seen.push(request), next(request))]
    await withClient({ use, baseUrl: site }, async (client) => {
      await client.get('/a')
      await client.request({ url: '/b', headers: { a: 'b' } })
      await client.post(new URL('/c', site), { body: 'x' })
      await (await client.stream('/d')).discard()
      await (await client.fetch(`${site}/e`)).text()
    })
    const parts = seen.map(({ url, method, streamed }) => [String(url).replace(site, ''), method, streamed])
    expect(parts).toEqual([
      ['/a', undefined, false],
      ['/b', undefined, false],
      ['/c', 'POST', false],
      ['/d', undefined, true],
      ['/e', 'GET', true],
    ])
    expect(seen[1]!.headers).toEqual({ a: 'b' })
  })

  it('changes the request, the response, or answers by itself', async () => {
    const use: Middleware[] = [
      async (request, next) => {
        const response = await next({ ...request, url: `${site}/other`, headers: { 'x-added': '1' } })
        return response
      },
    ]
    const response = await withClient({ use }, (client) => client.get(`${site}/x`))
    expect([response.url, sites.seen[0]!.fields['x-added']]).toEqual([`${site}/other`, '1'])
    const kept = new Map<string, Response>([['k', response]])
    const again = await withClient({ use: [async () => kept.get('k')!] }, (client) => client.get(`${site}/y`))
    expect([again === response, sites.seen.length]).toEqual([true, 1])
  })

  it('may go on twice: each is a call of its own', async () => {
    let count = 0
    sites.on('/x', (_seen, response) => void response.writeHead(++count === 1 ? 401 : 200).end(`${count}`))
    const use: Middleware[] = [
      async (request, next) => {
        const first = await next(request)
        return first.status === 401 ? next({ ...request, headers: { authorization: 'new' } }) : first
      },
    ]
    const response = await withClient({ use }, (client) => client.get(`${site}/x`))
    expect([response.status, response.text(), response.retries]).toEqual([200, '2', 0])
    expect(sites.seen.map(({ fields }) => fields['authorization'])).toEqual([undefined, 'new'])
  })

  it('rejects with what it throws, at once or later, and may catch what comes', async () => {
    const oops = new Error('oops')
    const throwing: Middleware[][] = [
      [
        () => {
          throw oops
        },
      ],
      [() => Promise.reject(oops)],
      [(request, next) => next(request).then(() => Promise.reject(oops))],
    ]
    for (const use of throwing) {
      await expect(withClient({ use }, (client) => client.get(`${site}/x`))).rejects.toBe(oops)
    }
    const caught: unknown[] = []
    const use: Middleware[] = [
      (request, next) =>
        next(request).catch((error: unknown) => {
          caught.push(error)
          throw error
        }),
    ]
    sites.on('/404', (_seen, response) => void response.writeHead(404).end('gone'))
    const call = withClient({ use, expectSuccess: true }, (client) => client.get(`${site}/404`))
    await expect(call).rejects.toThrow(StatusError)
    expect(caught[0]).toBeInstanceOf(StatusError)
    await expect(withClient({ use }, (client) => client.get('nowhere'))).rejects.toThrow(ArgumentError)
  })
})

describe('expectSuccess', () => {
  it('rejects with the response, whole, once all retries are over', async () => {
    sites.on('/404', (_seen, response) => void response.writeHead(404, 'Gone Away').end('gone'))
    const error = await withClient({ expectSuccess: true }, (client) =>
      client.get(`${site}/404`).catch((thrown: unknown) => thrown as StatusError),
    )
    expect(error).toBeInstanceOf(StatusError)
    expect(error).toMatchObject({ status: 404, code: 'ERR_STATUS', url: `${site}/404` })
    expect(((error as StatusError).response as Response).text()).toBe('gone')
  })

  it('is content with 200 to 299, and with a redirect that is not to be followed it is not', async () => {
    sites.on('/204', (_seen, response) => void response.writeHead(204).end())
    await withClient({ expectSuccess: true }, async (client) => {
      expect((await client.get(`${site}/204`)).status).toBe(204)
      expect((await client.get(site + to('/x'))).status).toBe(200)
      await expect(client.get(site + to('/x'), { redirect: 'manual' })).rejects.toThrow('answered 302')
      expect((await client.get(site + to('/x'), { redirect: 'manual', expectSuccess: false })).status).toBe(
        302,
      )
    })
  })
})

describe('validate', () => {
  it('sees the last response, decides in its own time, and what it throws is the error', async () => {
    const seen: number[] = []
    const validate: ClientOptions['validate'] = async (response) => {
      await new Promise((resolve) => void setImmediate(resolve))
      seen.push(response.status)
      if ((await response.text()) !== 'ok') throw new Error('not ok')
    }
    sites.on('/bad', (_seen, response) => void response.end('bad'))
    await withClient({ validate }, async (client) => {
      expect((await client.get(site + to('/x'))).text()).toBe('ok')
      await expect(client.get(`${site}/bad`)).rejects.toThrow(/^not ok$/)
    })
    expect(seen).toEqual([200, 200])
  })

  it.each([
    [
      'at once',
      () => {
        throw new Error('no')
      },
    ],
    ['later', () => Promise.reject(new Error('no'))],
    [
      'what is no Error',
      () => {
        throw 'no' as unknown as Error
      },
    ],
  ])('frees the connection of a stream that it refuses: %s', async (_when, validate) => {
    await withClient({ maxConn: 1 }, async (client) => {
      sites.on('/big', (_seen, response) => void response.end(Buffer.alloc(5_000_000)))
      await expect(client.stream(`${site}/big`, { validate })).rejects.toThrow('no')
      expect((await client.get(`${site}/x`)).text()).toBe('ok')
    })
  })

  it('may give the promise of any library', async () => {
    // oxlint-disable-next-line unicorn/no-thenable -- that is what it is about
    const refusing = { then: (_pass: unknown, refuse: (error: Error) => void) => refuse(new Error('no')) }
    const validate = (): Promise<void> => refusing as unknown as Promise<void>
    await withClient({ validate }, (client) => expect(client.get(`${site}/x`)).rejects.toThrow('no'))
  })

  it('is not asked where there is no response', async () => {
    let count = 0
    const validate = (): void => void count++
    sites.on('/cut', (_seen, response) => void response.destroy())
    await withClient({ validate }, (client) => expect(client.get(`${site}/cut`)).rejects.toThrow('closed'))
    expect(count).toBe(0)
  })
})
