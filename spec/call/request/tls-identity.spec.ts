import { describe, expect, it } from 'vitest'
import { TlsIdentities } from '../../../lib/call/request/tls-identity.ts'
import { ArgumentError } from '../../../lib/core/errors.ts'

const check = (): undefined => undefined

describe('the name of TLS options', () => {
  const identities = new TlsIdentities()
  const name = (options: object): string => identities.name(options)

  it.each([
    [{}, {}],
    [{ servername: 'a' }, { servername: 'a' }],
    [
      { servername: 'a', minVersion: 'TLSv1.2' },
      { minVersion: 'TLSv1.2', servername: 'a' },
    ],
    [{ servername: 'a', ca: undefined }, { servername: 'a' }],
    [{ ca: Buffer.from('x') }, { ca: new Uint8Array([120]) }],
    [{ ca: ['x', Buffer.from('y')] }, { ca: ['x', Buffer.from('y')] }],
    [{ key: [{ pem: 'x', passphrase: 'y' }] }, { key: [{ passphrase: 'y', pem: 'x' }] }],
    [{ checkServerIdentity: check }, { checkServerIdentity: check }],
  ])('is equal for equal ones: %o, %o', (a, b) => {
    expect(name(a)).toBe(name(b))
  })

  const different: object[] = [
    {},
    { rejectUnauthorized: true },
    { rejectUnauthorized: false },
    { rejectUnauthorized: 'false' },
    { rejectUnauthorized: null },
    { servername: '' },
    { servername: 'a' },
    { servername: 'a', ca: 'x' },
    { ca: 'x' },
    { ca: ['x'] },
    { ca: [['x']] },
    { ca: ['x', 'y'] },
    { ca: ['x,y'] },
    { ca: ['x","y'] },
    { ca: Buffer.from('x') },
    { cert: 'x' },
    { ca: 'x', cert: '' },
    { key: 1 },
    { key: '1' },
    { key: 1n },
    { key: { 0: 'x' } },
    { checkServerIdentity: (): undefined => undefined },
    { checkServerIdentity: (): undefined => undefined },
    { secureContext: new Map() },
    { secureContext: new Map() },
  ]

  it('is different for different ones, whatever they hold', () => {
    expect(new Set(different.map((options) => name(options))).size).toBe(different.length)
  })

  it('changes with the options, so that none ride on what others verified', () => {
    const options = { servername: 'a', rejectUnauthorized: true, ca: ['x'] }
    const names = [name(options)]
    options.rejectUnauthorized = false
    names.push(name(options))
    options.ca.push('y')
    names.push(name(options))
    expect(new Set(names).size).toBe(3)
    expect(name({ servername: 'a', rejectUnauthorized: true, ca: ['x'] })).toBe(names[0])
  })

  it('tells nothing of what they hold, and fits into a key', () => {
    expect(name({ passphrase: 'secret\r\n from 1.2.3.4' })).toMatch(/^[\w-]{22}$/)
  })

  it('is refused to what is nested too deep, or in itself', () => {
    const cycle: Record<string, unknown> = {}
    cycle['ca'] = [cycle]
    expect(() => name(cycle)).toThrow(ArgumentError)
    expect(() => name({ ca: [[[[[[[[['x']]]]]]]]] })).toThrow('nested more than 8 deep')
  })
})

describe('the options of a name', () => {
  it('are those it was made of, though they be changed later', () => {
    const identities = new TlsIdentities()
    const options = { servername: 'a', rejectUnauthorized: true }
    const name = identities.name(options)
    options.rejectUnauthorized = false
    expect(identities.get(name)).toEqual({ servername: 'a', rejectUnauthorized: true })
    expect(() => identities.get('other')).toThrow('give them again')
  })

  it("stand over the client's own, in one object for each name: a secure context is kept for it", () => {
    const identities = new TlsIdentities({ servername: 'a', rejectUnauthorized: false })
    const name = identities.name({ servername: 'b' })
    expect(identities.get(name)).toEqual({ servername: 'b', rejectUnauthorized: false })
    expect(identities.get(identities.name({ servername: 'b' }))).toBe(identities.get(name))
    expect(identities.get('')).toEqual({ servername: 'a', rejectUnauthorized: false })
    expect(identities.get('')).toBe(identities.get(''))
  })

  it('leave out what is undefined: it must not hide the options of the client', () => {
    const identities = new TlsIdentities()
    const own = identities.get(identities.name({ rejectUnauthorized: undefined }))
    expect(Object.keys(own)).toEqual([])
  })

  it('are forgotten when there are a thousand others, the least recently named first', () => {
    const identities = new TlsIdentities()
    const names = Array.from({ length: 1000 }, (_, i) => identities.name({ servername: `host-${i}` }))
    identities.name({ servername: 'host-0' })
    identities.name({ servername: 'one more' })
    expect(identities.get(names[0]!)).toBeDefined()
    expect(() => identities.get(names[1]!)).toThrow('give them again')
    expect(identities.get(names[2]!)).toBeDefined()
  })
})
