import { expect, it } from 'vitest'
import { FetchBody } from '../../../lib/call/fetch/fetch-body.ts'
import { makeFetch } from '../../../lib/call/fetch/fetch.ts'
import { LimitError } from '../../../lib/core/errors.ts'
import { LIMITS } from '../../../lib/core/limits.ts'

it('a body that is gathered is given up beyond maxBodySize', async () => {
  const piece = Buffer.alloc(1_048_576)
  let left = 0
  let pieces = 0
  async function* endless(): AsyncGenerator<Uint8Array, undefined> {
    // Bounded all the same: a body that were not given up would fail the counts below.
    while (pieces++ < 1_000) yield piece
  }
  const discard = async (): Promise<void> => void left++
  const body = new FetchBody({ body: endless(), discard }, undefined)
  const error = await body.gather().catch((reason: unknown) => reason)
  expect(error).toBeInstanceOf(TypeError)
  expect((error as Error).cause).toBeInstanceOf(LimitError)
  expect([left, pieces]).toEqual([1, LIMITS.maxBodySize / piece.length + 1])
})

it('what is no URL is refused as Request refuses it, with an init and without', async () => {
  const fetch = makeFetch({ stream: () => Promise.reject(new Error('asked for')) }, '', true)
  for (const url of ['http://', 'https://a b/', 'http://a.test:99999/']) {
    for (const init of [undefined, {}]) {
      const error = (await fetch(url, init).catch((reason: unknown) => reason)) as Error
      expect([error.name, (error.cause as { code?: string }).code]).toEqual(['TypeError', 'ERR_INVALID_URL'])
    }
  }
})
