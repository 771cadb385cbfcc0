import { describe, expect, it } from 'vitest'
import { parseItemUrl, showUrlText, withoutCredentials } from '../../lib/jobs/item-url.ts'

describe('a URL of the list', () => {
  it.each([
    ['http://a/b', 'http://a/b'],
    ['HTTPS://A/b#top', 'https://a/b'],
    ['http://a', 'http://a/'],
  ])('%s is %s', (text, href) => {
    expect((parseItemUrl(text) as URL).href).toBe(href)
  })

  it.each([
    ['example.com/a', '"example.com/a" is not a URL; write the scheme too, as in http://example.com/'],
    ['localhost:80/a', '"localhost:80/a" is not a URL; write the scheme too, as in http://example.com/'],
    [
      'http://a/\thttp://b/',
      String.raw`"http://a/\thttp://b/" has a tab or a line end inside; put one URL on a line`,
    ],
    [
      'http://a/\rhttp://b/',
      String.raw`"http://a/\rhttp://b/" has a tab or a line end inside; put one URL on a line`,
    ],
    ['http://a/\uFFFD', '"http://a/\uFFFD" is not UTF-8; save the list as UTF-8, or write %XX for its bytes'],
    ['ftp://a/b', '"ftp://a/b": the scheme ftp is not supported; use http or https'],
    ['http://', '"http://" is not a valid URL; check its host and port'],
    ['http://a:99999/', '"http://a:99999/" is not a valid URL; check its host and port'],
    ['http://joe:pw@a:b/', '"http://***@a:b/" is not a valid URL; check its host and port'],
  ])('%s is refused, with the remedy', (text, message) => {
    expect(parseItemUrl(text)).toBe(message)
  })

  it('is shown without name and password, and not at any length', () => {
    expect(withoutCredentials(new URL('http://joe:pw@a/b'))).toBe('http://a/b')
    expect(withoutCredentials(new URL('http://a/b'))).toBe('http://a/b')
    expect(showUrlText('http://joe:p@w@a/b@c')).toBe('http://***@a/b@c')
    expect(showUrlText('x'.repeat(300))).toBe(`${'x'.repeat(200)}...`)
  })
})
