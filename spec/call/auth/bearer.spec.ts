import { describe, expect, it } from 'vitest'
import { BearerAuth } from '../../../lib/call/auth/bearer.ts'
import type { RefreshReason } from '../../../lib/call/auth/authenticator.ts'
import { systemClock } from '../../../lib/core/clock.ts'
import { ArgumentError, RequestError } from '../../../lib/core/errors.ts'
import { LIMITS } from '../../../lib/core/limits.ts'
import { SimClock } from '../../../lib/testing/sim-clock.ts'

const site = 'https://api.test'
const origins = new Set([site])

/** A function of the user's whose answers the spec gives by hand. */
function makeSource() {
  const asked: ((token: string | Error) => void)[] = []
  const reasons: RefreshReason[] = []
  return {
    reasons,
    times: () => asked.length,
    give: (token: string | Error) => asked.at(-1)!(token),
    call: (why?: RefreshReason): Promise<string> => {
      if (why !== undefined) reasons.push(why)
      return new Promise((resolve, reject) => {
        asked.push((token) => (typeof token === 'string' ? resolve(token) : reject(token)))
      })
    },
  }
}

function challenged(auth: BearerAuth, used: string, call = auth.forCall()): Promise<boolean> {
  return Promise.resolve(call.challenged(site, 'GET', '/x', [], used))
}

const field = (auth: BearerAuth): string => auth.forCall().authorization(site, 'GET', '/')
/** Runs what promise reactions there are. */
const settle = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve))

describe('a bearer token', () => {
  it('goes to its origins, at once', () => {
    const auth = new BearerAuth('t1', null, origins, systemClock)
    const call = auth.forCall()
    expect(call.prepare(site)).toBeNull()
    expect(call.authorization(site, 'GET', '/')).toBe('Bearer t1')
    expect(call.authorization('http://api.test', 'GET', '/')).toBe('')
    expect(call.authorization('https://api.test.evil.test', 'GET', '/')).toBe('')
  })

  it('that is refused is refused, where nothing gives another', () => {
    const auth = new BearerAuth('t1', null, origins, systemClock)
    expect(auth.forCall().challenged(site, 'GET', '/', [], 'Bearer t1')).toBe(false)
  })

  const wrong: readonly [string, RegExp][] = [
    ['', /is empty/],
    ['a b', /has a blank/],
    ['secret\n', /line end/],
    ['a\r\nX: y', /line end/],
    ['é', /outside ASCII/],
    ['x'.repeat(LIMITS.maxTokenSize + 1), /more than 65536/],
  ]
  it.each(wrong)('%j is an ArgumentError that does not tell it', (token, message) => {
    const make = () => new BearerAuth(token, null, origins, systemClock)
    expect(make).toThrow(ArgumentError)
    expect(make).toThrow(message)
    expect(make).not.toThrow(/secret/)
  })
})

describe('a bearer function', () => {
  it('is asked once, by the first who needs it, and all wait', async () => {
    const source = makeSource()
    const auth = new BearerAuth(() => source.call(), null, origins, systemClock)
    expect(source.times()).toBe(0)
    expect(auth.forCall().prepare('https://else.test')).toBeNull()
    const waits = [1, 2, 3].map(() => auth.forCall().prepare(site)!)
    await settle()
    expect(source.times()).toBe(1)
    expect(field(auth)).toBe('')
    source.give('t1')
    await Promise.all(waits)
    expect(field(auth)).toBe('Bearer t1')
    expect(auth.forCall().prepare(site)).toBeNull()
  })

  it('may answer at once', async () => {
    const auth = new BearerAuth(() => 't1', null, origins, systemClock)
    await auth.forCall().prepare(site)
    expect(field(auth)).toBe('Bearer t1')
  })

  it('is asked again after a 401', async () => {
    let count = 0
    const auth = new BearerAuth(() => `t${++count}`, null, origins, systemClock)
    await auth.forCall().prepare(site)
    expect(await challenged(auth, 'Bearer t1')).toBe(true)
    expect(field(auth)).toBe('Bearer t2')
  })

  it('that fails rejects all who wait, each with an error of its own, and is asked again by the next', async () => {
    const source = makeSource()
    const auth = new BearerAuth(() => source.call(), null, origins, systemClock)
    const waits = [auth.forCall().prepare(site)!, auth.forCall().prepare(site)!]
    await settle()
    const cause = new Error('no login')
    source.give(cause)
    const errors = await Promise.all(waits.map((wait) => wait.catch((error: unknown) => error)))
    for (const error of errors) {
      expect(error).toBeInstanceOf(RequestError)
      expect(error).toMatchObject({ message: 'no token: bearer() failed', cause })
    }
    expect(errors[0]).not.toBe(errors[1])
    const again = auth.forCall().prepare(site)
    await settle()
    expect(source.times()).toBe(2)
    source.give('t1')
    await again
    expect(field(auth)).toBe('Bearer t1')
  })

  it('may throw at once', async () => {
    const auth = new BearerAuth(
      () => {
        throw new Error('oh')
      },
      null,
      origins,
      systemClock,
    )
    await expect(auth.forCall().prepare(site)).rejects.toThrow('no token: bearer() failed')
  })

  it('that gives what is no token rejects, and does not tell it', async () => {
    for (const token of ['', 'secret\r\nHost: evil', 7, undefined]) {
      const auth = new BearerAuth(() => token as string, null, origins, systemClock)
      const error = await auth
        .forCall()
        .prepare(site)!
        .catch((thrown: Error) => thrown)
      expect(error).toBeInstanceOf(RequestError)
      expect((error as Error).message).toMatch(/^no token: what bearer\(\) gave /)
      expect((error as Error).message).not.toContain('secret')
    }
  })

  it('that hangs is given up, and the next call asks again', async () => {
    const clock = new SimClock()
    const source = makeSource()
    const auth = new BearerAuth(() => source.call(), null, origins, clock)
    const wait = auth
      .forCall()
      .prepare(site)!
      .catch((error: unknown) => error)
    await clock.advance(LIMITS.tokenTimeout)
    expect(await wait).toMatchObject({ message: 'no token: bearer() gave none within 60000 ms' })
    const again = auth.forCall().prepare(site)
    await settle()
    source.give('t2')
    await again
    expect(field(auth)).toBe('Bearer t2')
  })
})

describe('refresh()', () => {
  it('runs once for all whose token was refused, and says why', async () => {
    const source = makeSource()
    const auth = new BearerAuth('t1', source.call, origins, systemClock)
    const waits = [1, 2, 3].map(() => challenged(auth, 'Bearer t1'))
    await settle()
    expect(source.reasons).toEqual([{ status: 401, url: 'https://api.test/x' }])
    source.give('t2')
    expect(await Promise.all(waits)).toEqual([true, true, true])
    expect(field(auth)).toBe('Bearer t2')
  })

  it('is waited for by calls that begin meanwhile', async () => {
    const source = makeSource()
    const auth = new BearerAuth('t1', source.call, origins, systemClock)
    const refused = challenged(auth, 'Bearer t1')
    const begun = auth.forCall().prepare(site)
    expect(begun).not.toBeNull()
    await settle()
    source.give('t2')
    await begun
    expect(await refused).toBe(true)
    expect(source.times()).toBe(1)
  })

  it('does not run for a late 401 to a token that is not in use any more', async () => {
    const source = makeSource()
    const auth = new BearerAuth('t1', source.call, origins, systemClock)
    const first = challenged(auth, 'Bearer t1')
    await settle()
    source.give('t2')
    await first
    const late = auth.forCall()
    expect(await challenged(auth, 'Bearer t1', late)).toBe(true)
    expect(source.times()).toBe(1)
    // Had that not helped either, it may refresh for itself: once.
    const second = challenged(auth, 'Bearer t2', late)
    await settle()
    source.give('t3')
    expect(await second).toBe(true)
    expect(await challenged(auth, 'Bearer t3', late)).toBe(false)
    expect(source.times()).toBe(2)
  })

  it('runs once a call', async () => {
    let count = 1
    const auth = new BearerAuth('t1', () => `t${++count}`, origins, systemClock)
    const call = auth.forCall()
    expect(await challenged(auth, 'Bearer t1', call)).toBe(true)
    expect(await challenged(auth, 'Bearer t2', call)).toBe(false)
    expect(count).toBe(2)
  })

  it('that gives the refused token again has not helped', async () => {
    const auth = new BearerAuth('t1', () => 't1', origins, systemClock)
    expect(await challenged(auth, 'Bearer t1')).toBe(false)
  })

  it('does not run for other origins, nor for a request that had no token', async () => {
    const source = makeSource()
    const auth = new BearerAuth('t1', source.call, origins, systemClock)
    expect(auth.forCall().challenged('https://else.test', 'GET', '/', [], 'Bearer t1')).toBe(false)
    expect(auth.forCall().challenged(site, 'GET', '/', [], '')).toBe(false)
    expect(source.times()).toBe(0)
  })

  it('that fails rejects those who wait, keeps the old token, and runs again for the next', async () => {
    const source = makeSource()
    const auth = new BearerAuth('t1', source.call, origins, systemClock)
    const waits = [1, 2].map(() => challenged(auth, 'Bearer t1').catch((error: unknown) => error))
    await settle()
    source.give(new Error('down'))
    for (const error of await Promise.all(waits)) {
      expect(error).toMatchObject({ message: 'no token: refresh() failed', cause: new Error('down') })
    }
    const next = challenged(auth, 'Bearer t1')
    await settle()
    source.give('t2')
    expect(await next).toBe(true)
    expect(source.times()).toBe(2)
  })
})
