import { describe, expect, it } from 'vitest'
import { Target, type TargetParts } from '../../lib/core/target.ts'

const parts: Required<TargetParts> = {
  scheme: 'http',
  host: 'a.test',
  port: 8080,
  clientIp: '192.0.2.1',
  proxy: { name: 'http://proxy.test:3128', forwards: true, fields: '' },
  tlsIdentity: 'abc',
}

describe('a target', () => {
  it.each([
    [{ scheme: 'http', host: 'a.test', port: 80 }, 'a.test', 'http://a.test'],
    [{ scheme: 'https', host: 'a.test', port: 443 }, 'a.test', 'https://a.test'],
    [{ scheme: 'http', host: 'a.test', port: 443 }, 'a.test:443', 'http://a.test:443'],
    [{ scheme: 'https', host: 'a.test', port: 80 }, 'a.test:80', 'https://a.test:80'],
    [{ scheme: 'http', host: '::1', port: 80 }, '[::1]', 'http://[::1]'],
    [{ scheme: 'http', host: '::1', port: 8080 }, '[::1]:8080', 'http://[::1]:8080'],
  ] as const)('has the authority that the Host field must have: %o', (given, authority, origin) => {
    const target = new Target(given)
    expect(target.authority).toBe(authority)
    expect(target.origin).toBe(origin)
    expect(target.key).toBe(origin)
    expect(target.host).toBe(given.host)
  })

  it('names in its key all that two exchanges must have in common, readably', () => {
    expect(new Target(parts).key).toBe('http://a.test:8080 from 192.0.2.1 via http://proxy.test:3128 tls abc')
    expect(new Target({ ...parts }).key).toBe(new Target(parts).key)
  })

  it.each([
    ['scheme', 'https'],
    ['host', 'b.test'],
    ['port', 8081],
    ['clientIp', '192.0.2.2'],
    ['clientIp', ''],
    ['proxy', { name: 'http://other.test', forwards: true, fields: '' }],
    ['proxy', ''],
    ['tlsIdentity', 'abd'],
  ])('has another key for another %s', (name, value) => {
    expect(new Target({ ...parts, [name]: value }).key).not.toBe(new Target(parts).key)
  })

  it.each([
    ['http', true, true],
    ['https', true, false],
    ['http', false, false],
  ] as const)(
    'of scheme %s behind a proxy that forwards (%s) has requests in absolute form: %s',
    (...row) => {
      const [scheme, forwards, absolute] = row
      const proxy = { name: 'p', forwards, fields: '' }
      const target = new Target({ scheme, host: 'a.test', port: 8080, proxy })
      expect(target).toMatchObject({ absolute, proxy: 'p', via: proxy })
      expect(new Target({ scheme, host: 'a.test', port: 8080, proxy: '' })).toMatchObject({
        absolute: false,
        via: null,
      })
    },
  )
})
