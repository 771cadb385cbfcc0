import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, it } from 'vitest'
import { Client } from '../../lib/index.ts'

let server: Server
let client: Client
let page = 'old'
let gets = 0
/** The answers to GET that wait to be sent. */
let held: (() => void)[] = []
let holds = true

beforeEach(async () => {
  ;[page, gets, held, holds] = ['old', 0, [], true]
  server = createServer((request, response) => {
    if (request.method === 'POST') {
      page = 'new'
      response.end()
    } else answer(response)
  })
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve)
  })
  client = new Client({ cache: true, baseUrl: `http://127.0.0.1:${(server.address() as AddressInfo).port}` })
})

afterEach(async () => {
  await client.close()
  await new Promise((resolve) => {
    server.close(resolve)
  })
})

function answer(response: ServerResponse): void {
  gets++
  response.setHeader('Cache-Control', 'max-age=1000')
  const body = page
  if (holds) held.push(() => response.end(body))
  else response.end(body)
}

async function heldAnswers(count: number): Promise<void> {
  await expect.poll(() => held.length).toBe(count)
}

it('an answer asked for before a POST is neither kept after it, nor shared with who asks after it', async () => {
  const before = client.get('/page')
  await heldAnswers(1)
  await client.post('/page', { body: 'x' })
  const after = client.get('/page')
  await heldAnswers(2)
  for (const send of held) send()
  expect([(await before).text(), (await after).text(), gets]).toEqual(['old', 'new', 2])
  holds = false
  const later = await client.get('/page')
  expect([later.text(), later.cache]).toEqual(['new', 'hit'])
})

it('nor where it comes after the newer one', async () => {
  const before = client.get('/page')
  await heldAnswers(1)
  await client.post('/page', { body: 'x' })
  const after = client.get('/page')
  await heldAnswers(2)
  held[1]!()
  expect((await after).text()).toBe('new')
  held[0]!()
  expect((await before).text()).toBe('old')
  expect((await client.get('/page')).text()).toBe('new')
})

it('a call that waits for another waits no longer than it would for the server', async () => {
  const slow = client.get('/page')
  await heldAnswers(1)
  const joined = client.get('/page', { replyTimeout: 150, maxRetries: 0 })
  await heldAnswers(2)
  await expect(joined).rejects.toMatchObject({ code: 'ERR_TIMEOUT_HEAD' })
  held[0]!()
  expect((await slow).text()).toBe('old')
})
