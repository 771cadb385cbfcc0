import { mkdir, writeFile } from 'node:fs/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { SHELLS, type Shell } from '../../lib/cli/shells.ts'
import { Bench } from './run-trawl.ts'
import { complete, has } from './shells.ts'

let bench: Bench

beforeAll(async () => {
  bench = await Bench.make()
  await mkdir(bench.path('place/pages'), { recursive: true })
  await writeFile(bench.path('place/pa list.txt'), '')
  await writeFile(bench.path('place/other'), '')
})

afterAll(() => bench.dispose())

/** What the lines are completed to, in a folder with two files and a folder. */
async function ask(shell: Shell, lines: readonly string[]): Promise<string[][]> {
  const { stdout, stderr } = await bench.run(['completion', shell])
  expect(stderr).toBe('')
  return complete(shell, stdout, bench.path('place'), lines)
}

describe.each(SHELLS)('completion by %s', (shell: Shell) => {
  it.skipIf(!has(shell))('knows commands, flags and choices', async () => {
    const cases: [line: string, found: readonly string[], notFound: readonly string[]][] = [
      ['trawl ', ['get', 'job', 'completion', 'man', 'help'], ['--input']],
      ['trawl g', ['get'], ['job']],
      ['trawl --v', ['--version'], ['--header']],
      ['trawl get --hea', ['--header'], ['--har']],
      ['trawl get --rat', ['--rate', '--rate-per-host'], ['--report']],
      ['trawl get --no-', ['--no-dedupe', '--no-fsync'], ['--noproxy']],
      ['trawl get --progress ', ['auto', 'bar', 'plain', 'json', 'none'], ['get', 'pages']],
      ['trawl get --progress p', ['plain'], ['bar']],
      ['trawl get --progress=', ['auto', 'bar', 'plain', 'json', 'none'], ['get', 'pages']],
      ['trawl get -L --client-ip-policy st', ['sticky'], ['round-robin']],
      ['trawl get https://a.example/ --cache-mode re', ['reload', 'replay'], ['default']],
      ['trawl job --', ['--status', '--retry-failed', '--export', '--json'], ['--input']],
      ['trawl completion ', ['bash', 'fish', 'zsh'], ['get', 'pages']],
      ['trawl get -H X --header ', [], ['pages', 'get', '--header']],
      ['trawl get -H X --head', ['--header'], []],
    ]
    const all = await ask(
      shell,
      cases.map(([line]) => line),
    )
    const told = cases.map(([line, found, notFound], i) => {
      // fish has whole words, and zsh the sign that a value comes next.
      const names = all[i]!.map((each) => each.replace(/^--progress=/, '').replace(/=$/, ''))
      return [
        line,
        names.filter((name) => found.includes(name)),
        names.filter((name) => notFound.includes(name)),
      ]
    })
    expect(told.map(([line, found, wrong]) => [line, new Set(found), wrong])).toEqual(
      cases.map(([line, found]) => [line, new Set(found), []]),
    )
  })

  it.skipIf(!has(shell))('knows which flags take files and which folders', async () => {
    const lines = ['--input pa', '--report=pa', '--output-dir pa', '-b pa'].map((end) => `trawl get ${end}`)
    const all = await ask(shell, [...lines, 'trawl job pa'])
    // fish has whole words, shows which are folders, and how a blank is typed.
    const names = all.map((each) =>
      each
        .map((name) =>
          name
            .replace(/^--report=/, '')
            .replace(/\/$/, '')
            .replace('\\ ', ' '),
        )
        .toSorted(),
    )
    const both = ['pa list.txt', 'pages']
    expect(names).toEqual([both, both, ['pages'], both, ['pages']])
  })

  it.skipIf(!has(shell) || shell === 'fish')('offers again only what may be repeated', async () => {
    const lines = ['-A x --user-a', '--progress=bar --progr', '-H x --hea', '--header x --hea']
    const all = await ask(
      shell,
      lines.map((end) => `trawl get ${end}`),
    )
    const names = all.map((each) => each.map((name) => name.replace(/=$/, '')))
    expect(names).toEqual([[], [], ['--header'], ['--header']])
  })
})
