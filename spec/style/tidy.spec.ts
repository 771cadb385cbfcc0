import { existsSync } from 'node:fs'
import { join, posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import { version } from '../../lib/index.ts'
import { listFiles, read, root } from './repository.ts'
import { parse, type Source } from './source.ts'
import { checkDocs, checkEntriesDocumented, checkSizes, checkText, linksOf } from './tidy-rules.ts'

const files = listFiles()
const code = files.filter((path) => path.endsWith('.ts'))
/** These two hold what they look for. */
const texts = files.filter((path) => !path.startsWith('spec/style/tidy'))
const pages = files.filter((path) => path.endsWith('.md'))

function sourceOf(specifier: string): Source {
  const path = posix.join('lib', specifier)
  return parse(path, read(path))
}

describe('the repository', () => {
  it('has no loose ends, no focused or skipped specs, and nothing of one machine', () => {
    const breaches = texts.flatMap((path) => checkText(path, read(path)))
    expect(breaches).toEqual([])
  })

  it('keeps files and functions short', () => {
    expect(code.flatMap((path) => checkSizes(parse(path, read(path))))).toEqual([])
  })

  it('documents what is public', () => {
    const index = parse('lib/index.ts', read('lib/index.ts'))
    expect(checkDocs(index, sourceOf)).toEqual([])
  })

  it('gives each limit its unit and reason', () => {
    expect(checkEntriesDocumented(parse('lib/core/limits.ts', read('lib/core/limits.ts')), 'LIMITS')).toEqual(
      [],
    )
  })

  it('links to pages and examples that exist', () => {
    const dead = pages.flatMap((page) => {
      const text = read(page)
      const links = linksOf(text).map((link) => posix.join(posix.dirname(page), link))
      const examples = [...text.matchAll(/\bexamples\/[\w./-]*\w/g)].map((match) => match[0])
      return [...links, ...examples]
        .filter((path) => !existsSync(join(root, path)))
        .map((path) => `${page}: ${path}`)
    })
    expect(dead).toEqual([])
  })

  it('shows code in the README that is an example that runs', () => {
    const shown = /```ts\n([\s\S]*?)```/.exec(read('README.md'))?.[1]
    expect(shown).toBe(read('examples/quickstart.ts').replace("'../lib/index.ts'", "'trawl'"))
  })

  it('says one version everywhere', () => {
    const { version: packaged } = JSON.parse(read('package.json')) as { version: string }
    expect(version).toBe(packaged)
    expect(read('CHANGELOG.md')).toContain(`\n## [${packaged}]`)
    expect(read('package-lock.json')).toContain(`"version": "${packaged}"`)
  })
})

// Put together here, so that it does not stand in the tree itself.
const REGISTRY = ['registry', 'example', 'org'].join('.')

describe('the checker', () => {
  it.each([
    ['a loose end', 'lib/a.ts', '// TODO: finish', 'lib/a.ts:1: finish it'],
    ['a registry', 'docs/a.md', `npm i --registry https://${REGISTRY}/`, 'names a package registry'],
    [
      'a resolved address in the lock',
      'package-lock.json',
      '"resolved": "https://a.test/x.tgz"',
      'names a package registry',
    ],
    ['a path of one machine', 'docs/a.md', 'see /home/me/notes', 'names a path of one machine'],
    ['a focused spec', 'spec/a.spec.ts', "describe.only('x', f)", 'every spec runs'],
    ['a skipped spec', 'spec/a.spec.ts', "it.concurrent.skip('x', f)", 'every spec runs'],
  ])('finds %s', (_, path, text, message) => {
    expect(checkText(path, text)).toEqual([expect.stringContaining(message)])
  })

  it('lets pass what only looks alike', () => {
    expect(
      checkText('spec/a.spec.ts', "it.skipIf(x)('y', f)\nfetch('http://a/home.html')\nread.only()"),
    ).toEqual([])
  })

  it('finds long files and long functions', () => {
    const long = `export function f(): void {\n${'f()\n'.repeat(70)}}\n`
    expect(checkSizes(parse('lib/a.ts', long))).toEqual(['lib/a.ts:1: a function of 72 lines, more than 70'])
    expect(checkSizes(parse('spec/a.spec.ts', long))).toEqual([])
    expect(checkSizes(parse('spec/a.spec.ts', 'f()\n'.repeat(451)))).toEqual([
      'spec/a.spec.ts: 451 lines, more than 450',
    ])
  })

  it('finds what is public and undocumented', () => {
    const source = parse(
      'lib/a.ts',
      '/** One. */\nexport class A {}\nexport class B {}\n' +
        '// no docstring\nexport function f() {}\nexport interface I { x: 1 }',
    )
    const index = parse('lib/index.ts', "export { A, B, f, type I, gone } from './a.ts'")
    expect(checkDocs(index, () => source)).toEqual([
      'lib/a.ts: B is public and has no docstring',
      'lib/a.ts: f is public and has no docstring',
      'lib/a.ts: gone is public, but not declared here',
    ])
  })

  it('finds entries without a comment', () => {
    const source = parse(
      'lib/a.ts',
      'export const L = {\n  /** One. */\n  a: 1,\n  b: 2,\n  // three\n  c: 3,\n}',
    )
    expect(checkEntriesDocumented(source, 'L')).toEqual([
      'lib/a.ts:4: an entry of L without a comment',
      'lib/a.ts:6: an entry of L without a comment',
    ])
    expect(checkEntriesDocumented(parse('lib/a.ts', 'export const L = 1'), 'L')).toEqual([
      'lib/a.ts: no entries of L found',
    ])
  })

  it('reads the links of a page', () => {
    expect(linksOf('[a](docs/a.md#b) [c](https://example.org) [d](#e) ![f](g.svg)')).toEqual([
      'docs/a.md',
      'g.svg',
    ])
  })
})
