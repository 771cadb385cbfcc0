import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { checkPatterns, slownessOf } from './regex-rules.ts'
import { listFiles, read, root } from './repository.ts'
import { parse } from './source.ts'

/** Patterns that the rules cannot see to be quick, and why they are. */
const QUICK: Readonly<Record<string, string>> = {
  'lib/cache/policy.ts /(?:W\\/)?"[^"]*"|[^\\s,"]+/':
    'a quote that is not closed is the last one: the run behind it is looked through once',
  'lib/call/response/charset.ts /(?:"(?:[^"\\\\]|\\\\[^])*(?:"|$)|[^,"])+/':
    'a quote begins a round, nothing else does, and its end is the only way on; nothing comes behind that could fail',
  'lib/core/debug.ts new RegExp is made at run time':
    'names of fields, escaped, at the beginning of a line, then blanks and a colon: one way to read it',
  'lib/http1/request-encoder.ts /(?:^|[\\t ,])chunked[\\t ]*$/':
    'the blanks behind each "chunked" are looked through once; and the text is the own user\'s',
  'lib/net/proxy-environment.ts /^(.*?)(?::(\\d+))?$/':
    "the digits behind each colon are looked through once; and the text is the environment's",
  'lib/testing/sim-network.ts /^[^ ]*?:\\/\\/(?:[^ @]*@)?(.*?):(\\d+)(?: |$)/':
    'a name that parseProxy made, in a simulation',
}

/** Runs a program and kills it when it takes much longer than it may: what backtracks takes hours. */
async function bounded(path: string, ms: number): Promise<{ code: number | null; stdout: string }> {
  const child = spawn(process.execPath, [join(root, path)], {
    timeout: ms,
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  const [code] = (await once(child, 'close')) as [number | null]
  return { code, stdout }
}

describe('patterns in lib', () => {
  it('take no longer than their text is long, but for those that are listed with the reason why', () => {
    const files = listFiles().filter((path) => /^lib\/.*\.ts$/.test(path))
    const found = files.flatMap((path) => checkPatterns(parse(path, read(path))))
    // Without the lines, which move. Whoever comes here with a new one: mend the pattern first.
    const unlisted = found.map((each) => each.replace(/:\d+ /, ' ')).filter((each) => !isListed(each))
    expect(unlisted).toEqual([])
    expect(found).toHaveLength(Object.keys(QUICK).length)
  })

  it('read hostile texts of 50 KB in no time', async () => {
    const { code, stdout } = await bounded('spec/style/hostile-texts.ts', 150_000)
    expect(code).toBe(0)
    expect(Number(stdout)).toBeGreaterThan(10_000)
  }, 180_000)
})

function isListed(found: string): boolean {
  return Object.keys(QUICK).some((listed) => found === listed || found.startsWith(`${listed} `))
}

describe('the rules', () => {
  it.each([
    ['(a+)+$', '', 'repeats what repeats itself'],
    ['^(?:a*)*$', '', 'repeats what repeats itself'],
    ['^(\\w+\\s?)*$', '', 'repeats what repeats itself'],
    ['^([a-z]+)+\\d', 'i', 'repeats what repeats itself'],
    ['^(?:x(?:a|b+)){2,}$', '', 'repeats what repeats itself'],
    ['^(?:a|a)*$', '', 'repeats a choice whose branches begin alike'],
    ['^(?:\\w|\\d)+;', '', 'repeats a choice whose branches begin alike'],
    ['^[ \\t]*[ \\t]*x', '', 'repeats the same characters side by side'],
    ['^\\d+\\.?\\d+$', '', 'repeats the same characters side by side'],
    ['^.*,.*;', '', 'repeats the same characters side by side'],
    ['^(.*?)[ \\t]*\\n', '', 'repeats the same characters side by side'],
    ['[ \\t]*(?:a[ \\t]*)?[ \\t]*$', 'y', 'repeats the same characters side by side'],
    ['^a(?:[^;]*)\\s*;', '', 'repeats the same characters side by side'],
    ['\\s+$', '', 'begins at each place and may run to the end from there'],
    ['[ \\t]*,', '', 'begins at each place and may run to the end from there'],
    ['//.*@', 's', 'begins at each place and may run to the end from there'],
    ['<!--[^]*-->', '', 'begins at each place and may run to the end from there'],
    ['^x.*y', 'm', 'begins at each place and may run to the end from there'],
  ])('see through /%s/%s: %s', (pattern, flags, why) => {
    expect(slownessOf(pattern, flags)).toBe(why)
  })

  it.each([
    ['^[a-z]+$', 'i'],
    ['^\\d+(?:\\.\\d*)?$', ''],
    ['^(?:a|b)*$', ''],
    ['^a*b*c*$', ''],
    ['^[^:]+:\\s*\\S', ''],
    ['\\d+', 'g'],
    ['[\\r\\n]', 'g'],
    ['^(?:0|[1-9]\\d{0,2})$', ''],
    ['//[^/]*@', ''],
    ['^"(?:[^"\\\\]|\\\\.)*"$', ''],
    ['[ \\t]*,', 'y'],
    ['^(\\w{1,10}\\s?){1,5}$', ''],
    ['(?=a+)b', ''],
    ['\\p{L}+', 'u'],
  ])('let /%s/%s pass', (pattern, flags) => {
    expect(slownessOf(pattern, flags)).toBe('')
  })

  it('find patterns wherever they stand, and those that are made at run time', () => {
    const text =
      "const a = [/x/, /(a+)+$/u]\nexport const b = (t: string) => t.replace(/\\s+$/, '')\nnew RegExp(b)"
    expect(checkPatterns(parse('lib/a.ts', text))).toEqual([
      'lib/a.ts:1 /(a+)+$/ repeats what repeats itself',
      'lib/a.ts:2 /\\s+$/ begins at each place and may run to the end from there',
      'lib/a.ts:3 new RegExp is made at run time',
    ])
  })
})
