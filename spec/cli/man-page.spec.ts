import { writeFile } from 'node:fs/promises'
import { Command } from 'commander'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { modelOf } from '../../lib/cli/command-model.ts'
import { EXIT } from '../../lib/cli/exit-codes.ts'
import { EXIT_MEANINGS } from '../../lib/cli/help-text.ts'
import { manPage } from '../../lib/cli/man-page.ts'
import { Bench } from './run-trawl.ts'
import { has, output } from './shells.ts'

let bench: Bench

beforeEach(async () => {
  bench = await Bench.make()
})

afterEach(() => bench.dispose())

/** As a terminal of this width shows it, without bold and underlines. */
async function shown(page: string): Promise<string> {
  await writeFile(bench.path('trawl.1'), page)
  const flags = ['-man', '-Tascii', '-ww', '-rLL=200n', '-P-c', '-P-b', '-P-u']
  const [text, warnings] = await output(bench.folder, 'groff', ...flags, 'trawl.1')
  expect(warnings).toBe('')
  return text
}

describe('trawl man', () => {
  it.skipIf(!has('groff'))('prints a page that groff has nothing to say about', async () => {
    const { code, stdout, stderr } = await bench.run(['man'])
    expect([code, stderr]).toEqual([0, ''])
    const text = await shown(stdout)
    expect(text).toContain('trawl - An HTTP/1.1 client for scraping\n')
    expect(text).toContain('       trawl get [options] [urls...]\n       trawl job [options] dir\n')
    expect(text).toContain('\n       -H, --header field\n              "Name: value" to send; repeatable.\n')
    expect(text).toContain('one of auto, bar, plain, json, none; default: auto.\n')
    expect(text).toContain('\n       cat urls.txt | trawl get --input - --output-dir pages')
    expect(text).toContain('\n       [hosts."*.example.com"]\n')
    expect(text).toMatch(/\n {7}8 {4}Error status/)
  })

  it.skipIf(!has('groff'))('shows each sign as it is', async () => {
    const program = new Command('x').description(String.raw`It's ~ ^ a "b" \n \fB c-d`)
    program.command('y').description('.SH not a macro').option('--z <file>', "'tis `no` macro: %s")
    const text = await shown(manPage(modelOf(program), '1'))
    expect(text).toContain(String.raw`x - It's ~ ^ a "b" \n \fB c-d`)
    expect(text).toContain('\n       .SH not a macro\n')
    expect(text).toContain("\n              'tis `no` macro: %s.\n")
  })

  it('tells what each exit code means', () => {
    expect([...EXIT_MEANINGS.keys()].toSorted((a, b) => a - b)).toEqual(
      Object.values(EXIT).toSorted((a, b) => a - b),
    )
  })
})
