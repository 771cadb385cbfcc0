import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { afterEach, describe, expect, it } from 'vitest'
import type { StatusError, StreamResponse } from '../../lib/index.ts'
import { RetryStage, status, type Act } from './retry-stage.ts'

const URL_ = 'http://a.test/x'
const LONG = `HTTP/1.1 200 OK\r\nContent-Length: 300000\r\n\r\n${'x'.repeat(300_000)}`

/** A head, a part of the body, and after 50 ms the end of the connection. */
function breaksOff(stage: () => RetryStage): Act {
  return ({ socket }) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nabc')
    stage().clock.after(50, () => socket.reset())
  }
}

async function readAll(response: StreamResponse): Promise<void> {
  await response.text()
}

async function giveToken(): Promise<string> {
  return 'token'
}

const unlisten: (() => void)[] = []

function listen(channel: string, heard: (message: unknown) => void): void {
  subscribe(channel, heard)
  unlisten.push(() => unsubscribe(channel, heard))
}

afterEach(() => {
  for (const stop of unlisten.splice(0)) stop()
})

describe('validate, with a response whose body is on its way', () => {
  it.each<[string, (response: StreamResponse) => unknown]>([
    ['discard it', (response) => void response.discard()],
    ['discard it and take its time', (response) => response.discard()],
    [
      'leave it in the middle',
      async (response) => {
        for await (const chunk of response.body) if (chunk.length > 0) break
      },
    ],
  ])('may %s: its caller is given the response', async (_what, validate) => {
    const stage = new RetryStage([LONG])
    const response = await stage.settle(stage.client.stream(URL_, { validate: validate as () => void }))
    expect(response.status).toBe(200)
    await stage.finish()
  })

  it('may read it: what is left is no empty body', async () => {
    const stage = new RetryStage([])
    const response = await stage.settle(
      stage.client.stream(URL_, { validate: readAll as () => Promise<void> }),
    )
    const { error } = await stage.failure(response.body.next())
    expect([error.code, error.message]).toEqual(['ERR_ARGUMENT', expect.stringContaining('read already')])
    await stage.finish()
  })

  it('takes its time, and the body breaks off meanwhile: its reader is told, and nothing asked again', async () => {
    const stage: RetryStage = new RetryStage([breaksOff(() => stage)])
    const validate = (): Promise<void> => new Promise((resolve) => stage.clock.after(100, resolve))
    const response = await stage.settle(stage.client.stream(URL_, { validate }))
    const { error } = await stage.failure(response.text())
    expect([error.code, response.retries, stage.count]).toEqual(['ERR_CONNECTION_CLOSED', 0, 1])
    await stage.finish()
  })

  it('reads the body, which breaks off: nobody has had it, so it is asked for again', async () => {
    const stage: RetryStage = new RetryStage([breaksOff(() => stage)])
    const read: string[] = []
    const validate = async (response: StreamResponse): Promise<void> => void read.push(await response.text())
    const response = await stage.settle(
      stage.client.stream(URL_, { validate: validate as () => Promise<void> }),
    )
    expect([read, response.retries, stage.count]).toEqual([['ok'], 1, 2])
    await stage.finish()
  })
})

describe('a call that is over while the user has the word', () => {
  it('aborted by validate, which takes its time, ends once', async () => {
    const stage = new RetryStage([])
    const aborter = new AbortController()
    let ends = 0
    listen('trawl:call:end', () => ends++)
    const validate = async (): Promise<void> => aborter.abort()
    const { error } = await stage.failure(stage.client.get(URL_, { signal: aborter.signal, validate }))
    await stage.finish()
    expect([error.code, ends]).toEqual(['ERR_ABORTED', 1])
  })

  it('aborted by whoever watches its retries, is not tried again', async () => {
    const stage = new RetryStage([status(503)])
    const aborter = new AbortController()
    listen('trawl:call:retry', () => aborter.abort())
    const { error } = await stage.failure(stage.client.get(URL_, { signal: aborter.signal }))
    await stage.pass(60_000)
    expect([error.code, stage.count]).toEqual(['ERR_ABORTED', 1])
    await stage.finish()
  })

  it('ended by expectSuccess, leaves a response whose body is not waited for', async () => {
    const stage = new RetryStage([status(404)])
    const { error } = await stage.failure(stage.client.stream(URL_, { expectSuccess: true }))
    const response = (error as StatusError).response as StreamResponse
    const read = await stage.failure(response.text())
    expect([error.code, read.error, stage.count]).toEqual(['ERR_STATUS', error, 1])
    await stage.finish()
  })
})

describe('maxQueued, for calls that wait before they have asked for anything', () => {
  it('holds for those that wait for the answer to the same request', async () => {
    const stage = new RetryStage([], { cache: true, maxQueued: 5 })
    const all = Array.from({ length: 20 }, () => stage.client.get(URL_))
    const settled = await stage.settle(Promise.allSettled(all))
    const refused = settled.filter((each) => each.status === 'rejected')
    expect([settled.length - refused.length, refused[0]?.reason]).toMatchObject([
      6,
      { limit: 'maxQueued', value: 5 },
    ])
    await stage.finish()
  })

  it('holds for those that wait for a token', async () => {
    const stage = new RetryStage([], {
      auth: { bearer: giveToken, origins: ['http://a.test'] },
      maxQueued: 5,
    })
    const all = Array.from({ length: 20 }, () => stage.client.get(URL_))
    const settled = await stage.settle(Promise.allSettled(all))
    const refused = settled.filter((each) => each.status === 'rejected')
    expect([settled.length - refused.length, refused[0]?.reason]).toMatchObject([
      5,
      { limit: 'maxQueued', value: 5 },
    ])
    await stage.finish()
  })
})
