import { describe, expect, it } from 'vitest'
import { ArgumentError } from '../../lib/core/errors.ts'
import { proxyFromEnvironment } from '../../lib/net/proxy-environment.ts'

const HTTP = 'http://a.test/'
const HTTPS = 'https://a.test/'

describe('the proxy variables', () => {
  it.each([
    [{}, null, null],
    [{ http_proxy: 'h' }, 'h', null],
    [{ HTTP_PROXY: 'h' }, 'h', null],
    [{ http_proxy: 'lower', HTTP_PROXY: 'upper' }, 'lower', null],
    [{ https_proxy: 's' }, null, 's'],
    [{ HTTPS_PROXY: 's' }, null, 's'],
    [{ https_proxy: 'lower', HTTPS_PROXY: 'upper' }, null, 'lower'],
    [{ all_proxy: 'a' }, 'a', 'a'],
    [{ ALL_PROXY: 'a' }, 'a', 'a'],
    [{ ALL_PROXY: 'a', HTTPS_PROXY: 's' }, 'a', 's'],
    [{ ALL_PROXY: 'a', http_proxy: '' }, 'a', 'a'],
    [{ http_proxy: '', HTTP_PROXY: 'h' }, 'h', null],
    [{ http_proxy: 'h', https_proxy: 's', no_proxy: '*' }, null, null],
    // CVE-2016-5385: in a CGI script, HTTP_PROXY is what a request says in its field `Proxy`.
    [{ HTTP_PROXY: 'evil', REQUEST_METHOD: 'GET' }, null, null],
    [{ HTTP_PROXY: 'evil', http_proxy: 'h', REQUEST_METHOD: 'GET' }, 'h', null],
    [{ HTTP_PROXY: 'evil', all_proxy: 'a', REQUEST_METHOD: 'GET' }, 'a', 'a'],
    [{ HTTP_PROXY: 'h', REQUEST_METHOD: '' }, 'h', null],
    [{ HTTPS_PROXY: 's', REQUEST_METHOD: 'GET' }, null, 's'],
  ])('%o: for http %s, for https %s', (env, http, https) => {
    const proxyFor = proxyFromEnvironment(env)
    expect(proxyFor(HTTP)).toBe(http)
    expect(proxyFor(HTTPS)).toBe(https)
  })

  it('are read once', () => {
    const env = { http_proxy: 'h' }
    const proxyFor = proxyFromEnvironment(env)
    env.http_proxy = 'other'
    expect(proxyFor(HTTP)).toBe('h')
  })

  it('mean nothing for other schemes', () => {
    expect(proxyFromEnvironment({ all_proxy: 'a' })('ftp://a.test/')).toBeNull()
  })

  it('need a URL', () => {
    expect(() => proxyFromEnvironment({})('a.test')).toThrow(ArgumentError)
  })
})

describe('NO_PROXY', () => {
  it.each<[list: string, direct: string[], proxied: string[]]>([
    ['', [], ['http://a.test']],
    [
      'a.test',
      ['http://a.test', 'https://a.test:8443', 'http://www.a.test'],
      ['http://ba.test', 'http://a.test.b'],
    ],
    ['A.Test', ['http://a.TEST'], ['http://b.test']],
    ['.a.test', ['http://www.a.test', 'http://a.test'], ['http://wwwa.test']],
    ['*.a.test', ['http://www.a.test'], ['http://b.test']],
    ['a.test.', ['http://a.test', 'http://www.a.test.'], ['http://b.test']],
    ['a.test', ['http://a.test.'], []],
    ['b.test, a.test', ['http://a.test', 'http://b.test'], ['http://c.test']],
    ['b.test a.test', ['http://a.test', 'http://b.test'], ['http://c.test']],
    [' ,, a.test ,', ['http://a.test'], ['http://b.test']],
    ['*', ['http://a.test', 'http://192.0.2.1', 'http://[::1]'], []],
    ['b.test,*', ['http://a.test'], []],
    ['.', [], ['http://a.test']],
    ['test', ['http://a.test'], ['http://contest']],
    ['a.test:8080', ['http://a.test:8080', 'http://www.a.test:8080'], ['http://a.test', 'http://a.test:808']],
    ['a.test:80', ['http://a.test'], ['https://a.test', 'http://a.test:81']],
    ['a.test:443', ['https://a.test'], ['http://a.test']],
    ['b\u00fccher.test', ['http://b\u00fccher.test', 'http://xn--bcher-kva.test'], []],
    ['localhost', ['http://localhost:3000'], ['http://127.0.0.1']],
    ['192.0.2.1', ['http://192.0.2.1', 'https://192.0.2.1:444'], ['http://192.0.2.11', 'http://1.192.0.2']],
    ['192.0.2.1:8080', ['http://192.0.2.1:8080'], ['http://192.0.2.1']],
    ['2.1', [], ['http://192.0.2.1']],
    ['10.0.0.0/8', ['http://10.200.3.4'], ['http://11.0.0.1', 'http://10.a.test']],
    ['192.0.2.128/25', ['http://192.0.2.129'], ['http://192.0.2.127']],
    ['0.0.0.0/0', ['http://192.0.2.1'], ['http://a.test', 'http://[::1]']],
    ['10.0.0.0/33,10.0.0.0/x,10.0.0.0/', [], ['http://10.0.0.0', 'http://10.0.0.1']],
    ['::1', ['http://[::1]', 'http://[0:0:0:0:0:0:0:1]:81'], ['http://[::2]']],
    ['[::1]', ['http://[::1]'], ['http://[::2]']],
    ['[::1]:8080', ['http://[::1]:8080'], ['http://[::1]']],
    ['2001:db8::/32', ['http://[2001:db8:1::1]'], ['http://[2001:db9::1]']],
  ])('%j', (list, direct, proxied) => {
    for (const env of [{ no_proxy: list }, { NO_PROXY: list }]) {
      const proxyFor = proxyFromEnvironment({ ...env, all_proxy: 'p' })
      expect(direct.filter((url) => proxyFor(url) !== null)).toEqual([])
      expect(proxied.filter((url) => proxyFor(url) === null)).toEqual([])
    }
  })

  it('in lower case goes before the one in upper case', () => {
    const proxyFor = proxyFromEnvironment({ all_proxy: 'p', no_proxy: 'a.test', NO_PROXY: 'b.test' })
    expect(proxyFor('http://a.test')).toBeNull()
    expect(proxyFor('http://b.test')).toBe('p')
  })
})
