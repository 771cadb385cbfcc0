import { describe, expect, it } from 'vitest'
import { ArgumentError, ClosedError, type Middleware, type Response } from '../../lib/index.ts'
import { always, WireStage } from './wire-stage.ts'

const URL_ = 'http://a.test/x'
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

describe('onDownloadProgress', () => {
  it('has its last word before the response is there', async () => {
    const stage = new WireStage({}, always(OK))
    const told: number[] = []
    const call = stage.client.get(URL_, { onDownloadProgress: ({ transferred }) => told.push(transferred) })
    const seen = call.then(() => told.length)
    await stage.settle(call)
    expect([await seen, told.at(-1)]).toEqual([told.length, 2])
    await stage.finish()
  })

  it('rejects the call with what it throws', async () => {
    const stage = new WireStage({}, always(OK))
    const refusal = new Error('too slow for me')
    const call = stage.client.get(URL_, {
      onDownloadProgress: () => {
        throw refusal
      },
    })
    await expect(stage.settle(call)).rejects.toBe(refusal)
    await stage.finish()
  })

  it.each(['abort', 'destroy'] as const)('may end it all: %s', async (how) => {
    const stage = new WireStage({}, always(OK))
    const controller = new AbortController()
    const call = stage.client.get(URL_, {
      signal: controller.signal,
      onDownloadProgress: () => {
        if (how === 'abort') controller.abort()
        else stage.client.destroy()
      },
    })
    await expect(stage.settle(call)).rejects.toMatchObject({
      code: how === 'abort' ? 'ERR_ABORTED' : new ClosedError('').code,
    })
    await stage.finish()
  })
})

describe('onUploadProgress', () => {
  it.each(['small', 'x'.repeat(200_000)])(
    'rejects the call with what it throws as the cause',
    async (body) => {
      const stage = new WireStage({}, always(OK))
      const refusal = new Error('not that far')
      const call = stage.client.put(URL_, {
        body,
        onUploadProgress: () => {
          throw refusal
        },
      })
      await expect(stage.settle(call)).rejects.toMatchObject({ code: 'ERR_REQUEST_BODY', cause: refusal })
      await stage.finish()
    },
  )
})

describe('middleware', () => {
  it.each([
    ['an object', { 'X-A': '1' }],
    ['pairs', [['X-A', '1'] as const]],
    ['a Headers', new Headers({ 'X-A': '1' })],
  ])('sees the headers as an object, given as %s', async (_, headers) => {
    const use: Middleware[] = [
      (request, next) => next({ ...request, headers: { ...request.headers, 'X-Run': '7' } }),
    ]
    const stage = new WireStage({ use }, always(OK))
    await stage.settle(stage.client.get(URL_, { headers }))
    expect(stage.wire).toMatch(/^x-a: 1\r\nx-run: 7\r\n/im)
    await stage.finish()
  })

  it.each([undefined, 7, new globalThis.Response('mine')])(
    'must give a response of next(), not %s',
    async (given) => {
      const use: Middleware[] = [() => Promise.resolve(given as unknown as Response)]
      const stage = new WireStage({ use }, always(OK))
      const call = stage.client.get(URL_)
      await expect(call).rejects.toThrow(ArgumentError)
      await expect(call).rejects.toThrow(/it must give a response that next\(\) gave/)
      await stage.finish()
    },
  )
})

describe('what is thrown need not be an error', () => {
  const MOVED = 'HTTP/1.1 302 Found\r\nLocation: /y\r\nContent-Length: 0\r\n\r\n'
  const BUSY = 'HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n'

  it.each([null, undefined, 'words', 7])('modifyRequest: %s', async (thrown) => {
    const stage = new WireStage({}, always(BUSY))
    const modifyRequest = (): never => {
      throw thrown
    }
    const call = stage.client.get(URL_, { modifyRequest, maxRetries: 1 })
    await expect(stage.settle(call)).rejects.toMatchObject({
      message: expect.stringContaining(`threw ${thrown}`),
    })
    await stage.finish()
  })

  it('proxy, for where a redirect leads', async () => {
    const stage = new WireStage({}, always(MOVED))
    await expect(stage.settle(stage.client.get(URL_, { proxy: noneForX }))).rejects.toThrow('threw null')
    await stage.finish()
  })
})

describe('a function that is async where its result is not waited for', () => {
  const LATER = new Error('too late')
  const rejects = (): never => Promise.reject(LATER) as never

  // An unhandled rejection fails the whole run, as it would end a process.
  it('comes too late as onDownloadProgress, where the last piece was the only one', async () => {
    const stage = new WireStage({}, always(OK))
    const response = await stage.settle(stage.client.get(URL_, { onDownloadProgress: rejects }))
    expect(response.text()).toBe('ok')
    await stage.finish()
  })

  it('rejects the call as onUploadProgress', async () => {
    const stage = new WireStage({}, always(OK))
    const call = stage.client.post(URL_, { body: 'some text', onUploadProgress: rejects })
    await expect(stage.settle(call)).rejects.toMatchObject({ code: 'ERR_REQUEST_BODY', cause: LATER })
    await stage.finish()
  })

  it('is refused as proxy', async () => {
    const stage = new WireStage({}, always(OK))
    await expect(stage.client.get(URL_, { proxy: rejects })).rejects.toThrow(ArgumentError)
    await stage.finish()
  })

  it('is refused as clientIpPolicy', async () => {
    const options = { clientIps: ['192.0.2.7'], clientIpPolicy: rejects }
    const stage = new WireStage(options, always(OK))
    await expect(stage.client.get(URL_)).rejects.toThrow(/clientIpPolicy gave object/)
    await stage.finish()
  })

  it('is refused as toRequest of map', async () => {
    const stage = new WireStage({}, always(OK))
    const results = stage.client.map([1], (response) => response.status, { toRequest: rejects })
    const { value } = await stage.settle(results.next())
    expect(value?.error).toBeDefined()
    await stage.finish()
  })
})

function noneForX(url: string): null {
  if (url.endsWith('/x')) return null
  throw null
}
