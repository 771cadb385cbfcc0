import { describe, expect, it } from 'vitest'
import { RequestCredentials } from '../../lib/call/auth/credentials.ts'
import { ProtectionSpace } from '../../lib/call/auth/protection-space.ts'
import { systemClock } from '../../lib/core/clock.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { madeBuilder } from './request/made-builder.ts'

describe('what is remembered from call to call is bounded', () => {
  it('credentials, for each origin they are given with', () => {
    const credentials = new RequestCredentials(systemClock)
    const given = { basic: { username: 'u', password: 'p' } }
    const first = credentials.get(given, 'https://h0.test')
    for (let i = 1; i < LIMITS.maxProtectionSpaces; i++) credentials.get(given, `https://h${i}.test`)
    expect(credentials.get(given, 'https://h0.test')).toBe(first)
    credentials.get(given, 'https://one-more.test')
    const again = credentials.get(given, 'https://h0.test')
    expect(again).not.toBe(first)
    expect(again.forCall().authorization('https://h0.test', 'GET', '/')).toBe('Basic dTpw')
  })

  it('ways to one host', () => {
    const builder = madeBuilder()
    const targetBy = (clientIp: string) =>
      builder.build('http://a.test/', { clientIp }, false, '').request.target
    const first = targetBy('198.18.0.0')
    for (let i = 1; i < LIMITS.maxRoutes; i++) targetBy(`198.18.${i >> 8}.${i & 255}`)
    expect(targetBy('198.18.0.0')).toBe(first)
    targetBy('198.19.0.0')
    const again = targetBy('198.18.0.0')
    expect(again).not.toBe(first)
    expect(again.key).toBe(first.key)
  })

  it('places of one challenge: those told first are forgotten, and asked again', () => {
    const space = new ProtectionSpace('https://a.test')
    space.extend('/login', ['/0/', '/1/'])
    expect([space.fit('https://a.test', '/0/x'), space.fit('https://a.test', '/1/x')]).toEqual([3, 3])
    space.extend(
      '/login',
      Array.from({ length: 14 }, (_, i) => `/${i + 2}/`),
    )
    // "/" is remembered, too: the folder where the challenge came.
    expect([space.fit('https://a.test', '/0/x'), space.fit('https://a.test', '/1/x')]).toEqual([1, 3])
  })
})
