import { describe, expect, it } from 'vitest'
import { makeProgram } from '../../lib/cli/command-line.ts'
import { modelOf, namesOf, type FlagModel } from '../../lib/cli/command-model.ts'
import { completionScript } from '../../lib/cli/completion.ts'
import { HOST_KEYS } from '../../lib/cli/config-keys.ts'
import { manPage } from '../../lib/cli/man-page.ts'
import { SHELLS } from '../../lib/cli/shells.ts'
import { read } from './repository.ts'

const io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: {} }
const none = (): Promise<never> => Promise.reject(new Error('nothing is run here'))
const program = modelOf(makeProgram(io, { get: none, job: none }, () => undefined))
const flags = [program, ...program.commands].flatMap((command) => command.flags)
const help = '--help'

/** The part of a page under a heading. */
function section(page: string, heading: string): string {
  const [, part = ''] = read(page).split(`\n${heading}\n`)
  return part.split('\n## ')[0]!
}

/** As the page shows a flag: `-H`, `--header <field>`. */
function shownAs(flag: FlagModel): string {
  const value = flag.placeholder === '' ? '' : ` ${flag.placeholder}`
  return namesOf(flag)
    .map((name, i, all) => `\`${name}${i === all.length - 1 ? value : ''}\``)
    .join(', ')
}

describe('every flag', () => {
  it('is in the list of docs/command.md, as it is', () => {
    const rows = section('docs/command.md', '## All flags')
      .split('\n')
      .filter((line) => line.startsWith('| `'))
    const told = rows.map((row) => row.split(' | ')[0]!.slice(2).replaceAll('\\|', '|'))
    const wanted = flags.filter(({ long }) => long !== help).map(shownAs)
    expect(told.toSorted()).toEqual(wanted.toSorted())
  })

  it.each(SHELLS)('is completed by %s', (shell) => {
    const script = completionScript(shell, program)
    for (const { long } of flags) {
      const name = shell === 'fish' ? `-l ${long.slice(2)} ` : long
      expect(script).toContain(name)
    }
  })

  it('is on the manual page', () => {
    const page = manPage(program, '1.2.3')
    for (const flag of flags) {
      for (const name of namesOf(flag)) expect(page).toContain(`\\fB${name.replaceAll('-', '\\-')}\\fR`)
    }
  })

  it('that takes a value says what it is', () => {
    const silent = flags.filter(({ kind, placeholder }) => (kind === 'none') !== (placeholder === ''))
    expect(silent).toEqual([])
    expect(flags.filter(({ kind }) => kind === 'file').length).toBeGreaterThan(8)
  })
})

it('every key of a host is in docs/command.md', () => {
  const rows = [...section('docs/command.md', '## The config file').matchAll(/^\| `([\w-]+)` \|/gm)]
  expect(rows.map(([, key]) => key)).toEqual([...HOST_KEYS.keys()])
})
