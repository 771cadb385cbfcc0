import { join, normalize, sep } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fileNameOf, otherFileName, otherFolderName } from '../../lib/cli/file-names.ts'

function pathOf(url: string, foldCase = false): string {
  const { folders, name } = fileNameOf(new URL(url), foldCase)
  return [...folders, name].join('/')
}

describe('a file name', () => {
  it.each([
    ['https://example.com/a/b.html', 'example.com/a/b.html'],
    ['https://example.com/', 'example.com/~index'],
    ['https://example.com/a/', 'example.com/a/~index'],
    ['https://example.com/?q=1', 'example.com/~index@q=1'],
    ['https://example.com/index.html', 'example.com/index.html'],
    ['https://example.com/~index', 'example.com/~7eindex'],
    ['http://example.com/a', 'example.com+http/a'],
    ['http://example.com:8080/a', 'example.com+http+8080/a'],
    ['https://example.com:8443/a', 'example.com+8443/a'],
    ['http://example.com:80/a', 'example.com+http/a'],
    ['https://[::1]:8443/a', '[--1]+8443/a'],
    ['https://joe:secret@example.com/a', 'joe@example.com/a'],
    ['https://EXAMPLE.com/A', 'example.com/A'],
    ['https://example.com/a//b', 'example.com/a/~empty/b'],
    ['https://example.com/a/../../../etc/passwd', 'example.com/etc/passwd'],
    ['https://example.com/%2e%2e/%2e%2E/x', 'example.com/x'],
    ['https://example.com/..%2f..%2fx', 'example.com/~2e.%2f..%2fx'],
    ['https://example.com/a?q=../../x', 'example.com/a@q=..~2f..~2fx'],
    ['https://example.com/a?', 'example.com/a@'],
    ['https://example.com/?#x?', 'example.com/~index@'],
    ['https://example.com/a#?', 'example.com/a'],
    ['https://example.com/a?b?c@d', 'example.com/a@b~3fc@d'],
    ['https://example.com/a@b', 'example.com/a~40b'],
    ['https://example.com/a:b*c|d', 'example.com/a~3ab~2ac~7cd'],
    ['https://example.com/a%00b', 'example.com/a%00b'],
    ['https://example.com/caf\u00e9', 'example.com/caf%C3%A9'],
    ['https://example.com/.git/config', 'example.com/~2egit/config'],
    ['https://example.com/-rf', 'example.com/~2drf'],
    ['https://example.com/a.', 'example.com/a~2e'],
    ['https://example.com/...', 'example.com/~2e.~2e'],
    ['https://example.com/nul.txt', 'example.com/~6eul.txt'],
    ['https://example.com/COM1', 'example.com/~43OM1'],
    ['https://example.com/console', 'example.com/console'],
    ['https://con/a', '~63on/a'],
    ['https://example.com./a', 'example.com~2e/a'],
    ['https://a+http/b', 'a~2bhttp/b'],
    ['https://example.com/a#top', 'example.com/a'],
  ])('for %s is %s', (url, expected) => {
    expect(pathOf(url)).toBe(expected)
  })

  it('is cut when it is long, keeps its extension, and stays one of a kind', () => {
    const a = pathOf(`https://example.com/${'a'.repeat(300)}1.html`)
    const b = pathOf(`https://example.com/${'a'.repeat(300)}2.html`)
    expect(a).toMatch(/^example\.com\/a{161}~x[0-9a-f]{32}\.html$/)
    expect(b).not.toBe(a)
    expect(pathOf(`https://example.com/${'a'.repeat(200)}`)).toBe(`example.com/${'a'.repeat(200)}`)
  })

  it('moves to ~long when its path is long', () => {
    const deep = 'a/'.repeat(500)
    const one = pathOf(`https://example.com/${deep}x.png`)
    expect(one).toMatch(/^example\.com\/~long\/x~y[0-9a-f]{32}\.png$/)
    expect(pathOf(`https://example.com/${deep}a/x.png`)).not.toBe(one)
  })

  it('differs by more than case where the file system does not tell a from A', () => {
    expect(pathOf('https://example.com/a/b.txt', true)).toBe('example.com/a/b.txt')
    expect(pathOf('https://example.com/a/B.txt', true)).toMatch(/^example\.com\/a\/B~c[0-9a-f]{32}\.txt$/)
  })
})

/** Pieces that are near to each other once names are made of them. */
const PIECES = [
  '~ % @ ? . .. / - + : ; * | [ ] & = ^ a A 2 e 2e ~2e 7e %2e %2F %00 index empty con nul. COM1 x c d f',
  `~d ~f ~long ~part .html \\ ' \u00e9 ${'a'.repeat(90)} ${'b/'.repeat(120)}`,
]
const piece = fc.constantFrom(...PIECES.join(' ').split(' '))
const text = fc.array(piece, { maxLength: 7 }).map((pieces) => pieces.join(''))
const ORIGINS =
  'https://h http://h https://h:80 http://h:443 https://h+http https://h. https://[::1] https://--1 ' +
  'https://u@h https://con http://h:8080 https://h+8080'
const origin = fc.constantFrom(...ORIGINS.split(' '))
const anyUrl = fc
  .tuple(origin, text)
  .map(([start, rest]) => URL.parse(`${start}/${rest}`))
  .filter((url) => url !== null)

/** What is sent for it: equal for URLs that are the same to the server. */
function requestOf(url: URL): string {
  return `${url.protocol} ${url.username} ${url.host} ${url.pathname}${url.search}`
}

describe('any file name', () => {
  it('stays below the folder and is fit for every file system', () => {
    fc.assert(
      fc.property(anyUrl, fc.boolean(), (url, foldCase) => {
        const { folders, name } = fileNameOf(url, foldCase)
        const base = join(sep, 'out')
        const path = join(base, ...folders, name)
        expect(normalize(path)).toBe(path)
        expect(path.startsWith(base + sep)).toBe(true)
        expect(path.slice(base.length + 1).split(sep)).toEqual([...folders, name])
        for (const part of [...folders, name]) {
          expect(part).toMatch(/^[A-Za-z0-9_%!$&'()+,;=[\]@~][A-Za-z0-9._%!$&'()+,;=[\]@~-]*$/)
          expect(part).not.toMatch(/\.$|^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i)
          expect(part.length).toBeLessThanOrEqual(200)
          expect(part).not.toContain('~part')
          expect([otherFileName(''), otherFolderName('')]).not.toContain(part.slice(-2))
        }
      }),
      { numRuns: 2_000 },
    )
  })

  it('belongs to one URL only', () => {
    for (const foldCase of [false, true]) {
      const owners = new Map<string, string>()
      fc.assert(
        fc.property(anyUrl, (url) => {
          const { folders, name } = fileNameOf(url, foldCase)
          const path = [...folders, name].join('/')
          const key = foldCase ? path.toLowerCase() : path
          const owner = owners.get(key) ?? requestOf(url)
          owners.set(key, owner)
          expect(requestOf(url)).toBe(owner)
        }),
        { numRuns: 10_000 },
      )
    }
  })
})
