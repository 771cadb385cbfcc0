import { posix } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  clientChecks,
  extendChecks,
  requestChecks,
  sharedChecks,
} from '../../lib/call/request/option-checks.ts'
import { LIMITS, RETRY_ERRORS, RETRY_STATUSES } from '../../lib/index.ts'
import { RULES } from './import-rules.ts'
import { listFiles, read } from './repository.ts'
import { linksOf } from './tidy-rules.ts'

/** Rows of the tables under a heading, as lists of cells; `heading` as it stands in the page. */
function rowsUnder(page: string, heading: string): string[][] {
  const text = read(page)
  const start = text.indexOf(`\n${heading}\n`)
  if (start === -1) throw new Error(`${page} has no ${heading}`)
  const end = text.indexOf('\n## ', start + heading.length)
  const lines = text.slice(start, end === -1 ? text.length : end).split('\n')
  const rows = lines.filter((line) => line.startsWith('| `'))
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim()),
  )
}

function nameOf(row: readonly string[]): string {
  return row[0]!.replaceAll('`', '')
}

/** `256 MiB` and `10,000` as numbers; NaN for what is none. */
function numberOf(cell: string): number {
  const [, digits = '', unit = ''] = /^([\d,]+)( MiB)?(?:$|[:;])/.exec(cell) ?? []
  return digits === '' ? NaN : Number(digits.replaceAll(',', '')) * (unit === '' ? 1 : 1_048_576)
}

/** The names that headings have in links, as GitHub makes them. */
function headingsOf(page: string): string[] {
  const headings = [...read(page).matchAll(/^#+ (.*)$/gm)].map((match) => match[1]!.toLowerCase())
  return headings.map((heading) => heading.replace(/[^\p{L}\p{N}\- _]/gu, '').replaceAll(' ', '-'))
}

const OPTIONS = 'docs/options.md'
const SHARED = '## Of a client and of each request'
const OF_A_REQUEST = '## Of a request'
const OF_A_CLIENT = '## Of a client'

describe('docs/options.md', () => {
  const shared = new Set(sharedChecks.map(([name]) => name))
  const own = (checks: ReadonlyMap<string, unknown>): string[] =>
    [...checks.keys()].filter((name) => !shared.has(name)).toSorted()

  it.each([
    [SHARED, [...shared].toSorted()],
    [OF_A_REQUEST, own(requestChecks)],
    [OF_A_CLIENT, own(clientChecks)],
  ])('has each option once, and no other: %s', (heading, names) => {
    expect(rowsUnder(OPTIONS, heading).map(nameOf).toSorted()).toEqual(names)
  })

  it('has the defaults that the limits have', () => {
    const rows = [SHARED, OF_A_REQUEST, OF_A_CLIENT].flatMap((heading) => rowsUnder(OPTIONS, heading))
    const limited = rows.filter((row) => Object.hasOwn(LIMITS, nameOf(row)))
    const told = limited.map((row) => [nameOf(row), numberOf(row[2]!)])
    expect(told.length).toBeGreaterThan(15)
    expect(told).toEqual(limited.map((row) => [nameOf(row), LIMITS[nameOf(row) as keyof typeof LIMITS]]))
  })

  it('has the statuses that are tried again', () => {
    const row = rowsUnder(OPTIONS, SHARED).find((one) => nameOf(one) === 'retryStatuses')
    expect(row?.[2]).toBe(RETRY_STATUSES.join(', '))
  })

  it('says what extend takes', () => {
    expect([...extendChecks.keys()].toSorted()).toEqual([...shared, 'cacheMode', 'use'].toSorted())
    expect(read(OPTIONS)).toContain('the options of the first table, `cacheMode` and `use`')
  })
})

describe('docs/responses.md', () => {
  const rows = rowsUnder('docs/responses.md', '## Errors')

  it('has each code of an error once, and no other', () => {
    const union = /export type ErrorCode =\n((?: {2}\| '\w+'\n)+)/.exec(read('lib/core/errors.ts'))![1]!
    const codes = [...union.matchAll(/'(\w+)'/g)].map((match) => match[1]!)
    expect(codes.length).toBeGreaterThan(15)
    expect(rows.map(nameOf).toSorted()).toEqual(codes.toSorted())
  })

  it('says which are tried again', () => {
    const told = rows.filter((row) => row[3]!.startsWith('yes')).map(nameOf)
    expect(told.toSorted()).toEqual([...RETRY_ERRORS].toSorted())
  })

  it('names classes that there are', () => {
    const errors = read('lib/core/errors.ts')
    const unknown = rows.filter((row) => !errors.includes(`export class ${row[1]!.replaceAll('`', '')} `))
    expect(unknown).toEqual([])
  })
})

describe('docs/diagnostics.md', () => {
  it('has each channel once, and no other', () => {
    const sources = listFiles().filter((path) => /^lib\/.*\.ts$/.test(path))
    const made = sources.flatMap((path) => [...read(path).matchAll(/channel\('(trawl:[\w:-]+)'\)/g)])
    const told = rowsUnder('docs/diagnostics.md', '## For programs: channels').map(nameOf)
    expect(told.length).toBeGreaterThan(10)
    expect(told.toSorted()).toEqual(made.map((match) => match[1]!).toSorted())
  })
})

describe('docs/architecture.md', () => {
  it('says who may import whom as it is checked', () => {
    const folders = ['core', 'http1', 'net', 'cookies', 'cache', 'scheduler', 'call', 'jobs', 'reports']
    const entries = (cell = ''): string[] =>
      cell.split(', ').flatMap((name) => (name === 'all folders above' ? folders : name === '' ? [] : [name]))
    const told = rowsUnder('docs/architecture.md', '## Who may import whom').map((row) => [
      nameOf(row),
      { values: entries(row[1]).toSorted(), types: entries(row[2]).toSorted() },
    ])
    const checked = Object.entries(RULES).map(([name, { values, types = [] }]) => [
      name,
      { values: values.toSorted(), types: types.toSorted() },
    ])
    expect(Object.fromEntries(told)).toEqual(Object.fromEntries(checked))
  })

  it('names files that there are', () => {
    const sources = listFiles().filter((path) => path.startsWith('lib/'))
    const text = read('docs/architecture.md').replaceAll(/\S*spec\S*/g, '')
    const named = [...text.matchAll(/\b[\w/-]+\.ts\b/g)].map((match) => match[0])
    expect(named.length).toBeGreaterThan(30)
    expect(named.filter((name) => !sources.some((path) => path.endsWith(`/${name}`)))).toEqual([])
  })
})

describe('the pages', () => {
  const files = listFiles()

  it('are all in the index', () => {
    const pages = files.filter((path) => /^docs\/(?!README)[^/]+\.md$/.test(path))
    const listed = linksOf(read('docs/README.md')).map((link) => `docs/${link}`)
    expect(pages.filter((page) => !listed.includes(page))).toEqual([])
  })

  it('link to headings that exist', () => {
    const pages = files.filter((path) => path.endsWith('.md'))
    const dead = pages.flatMap((page) =>
      [...read(page).matchAll(/\]\(([^)\s:#]*)#([^)\s]+)\)/g)]
        .map(([, path, anchor]) => ({
          to: path === '' ? page : posix.join(posix.dirname(page), path!),
          anchor,
        }))
        .filter(({ to, anchor }) => !to.endsWith('.md') || !headingsOf(to).includes(anchor!))
        .map(({ to, anchor }) => `${page}: ${to}#${anchor}`),
    )
    expect(dead).toEqual([])
  })

  it('name every example', () => {
    const text = files
      .filter((path) => path === 'README.md' || /^docs\/[^/]+\.md$/.test(path))
      .map(read)
      .join('\n')
    const examples = files.filter((path) => /^examples\/(?!run-all)[\w-]+\.ts$/.test(path))
    expect(examples.length).toBeGreaterThan(4)
    expect(examples.filter((path) => !text.includes(path))).toEqual([])
  })
})
