import { existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs'
import { setImmediate as turn } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Bench } from './run-trawl.ts'

let bench: Bench
let base = ''

beforeEach(async () => {
  bench = await Bench.make()
  const port = await bench.serve((request, response) => {
    void clockStep().then(() => response.end(`body of ${request.url!}`))
  })
  base = `http://127.0.0.1:${port}`
})

afterEach(() => bench.dispose())

/** File systems take their times from the kernel's last tick: until there is another one. */
async function clockStep(): Promise<void> {
  const path = bench.path('clock')
  const now = (): number => {
    writeFileSync(path, 'x')
    return statSync(path).mtimeMs
  }
  for (const first = now(); now() === first;) await turn()
}

const job = (...args: string[]): string[] => [
  'get',
  '--job',
  bench.path('job'),
  '--progress',
  'none',
  ...args,
]

describe('the files of a job itself', () => {
  it.each(['report', 'html-report', 'har', 'trace', 'cookie-jar', 'cache'])(
    'are not written by --%s',
    async (flag) => {
      for (const name of ['journal.jsonl', 'lock', 'owner', 'command.json', 'waiting-1']) {
        const path = bench.path(`job/${name}`)
        const { code, stderr } = await bench.run(job('--discard', `--${flag}`, path, `${base}/a`))
        expect([code, stderr]).toEqual([
          2,
          expect.stringContaining(`--${flag} ${path} is a file of the job itself; give it another name`),
        ])
      }
      expect(existsSync(bench.path('job'))).toBe(false)
    },
  )

  it('are not written by items, where --output-dir is its folder', async () => {
    const lines = ['journal.jsonl', 'lock'].map((out) => JSON.stringify({ url: `${base}/${out}`, out }))
    const { code, stderr } = await bench.run(
      job('--output-dir', bench.path('job'), '--input', '-'),
      lines.join('\n'),
    )
    expect(stderr).toContain('is a file of the job itself; give the item another name by out=')
    expect(code).toBe(3)
    expect(readFileSync(bench.path('job/journal.jsonl'), 'utf8')).toMatch(/^\{"job":1,/u)
  })
})

describe('a file that is written', () => {
  it.each(['report', 'html-report', 'har', 'trace', 'cookie-jar', 'cache'])(
    'is not the input, as that of --%s',
    async (flag) => {
      const input = bench.path('urls')
      writeFileSync(input, `${base}/a\n`)
      symlinkSync('urls', bench.path('link'))
      const link = bench.path('link')
      const { code, stderr } = await bench.run(['get', '--discard', '--input', input, `--${flag}`, link])
      expect([code, stderr]).toEqual([
        2,
        expect.stringContaining(`${link} is the input too; choose another --${flag}`),
      ])
      expect(readFileSync(input, 'utf8')).toBe(`${base}/a\n`)
    },
  )

  it('is not two of them', async () => {
    const path = bench.path('x')
    const { code, stderr } = await bench.run([
      'get',
      '--discard',
      '--report',
      path,
      '--cookie-jar',
      path,
      `${base}/a`,
    ])
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining(`${path} is --report too; choose another --cookie-jar`),
    ])
  })

  it('may be a device, of several', async () => {
    const args = ['--report', '/dev/null', '--cookie-jar', '/dev/null', '--progress', 'none', `${base}/a`]
    expect((await bench.run(['get', '--discard', ...args])).code).toBe(0)
  })
})

describe('two items of a job with one file', () => {
  it('fail but for the first', async () => {
    const lines = ['a', 'b'].map((name) => JSON.stringify({ url: `${base}/${name}`, out: 'same' }))
    const args = job('--output-dir', bench.path('out'), '--input', '-', '--max-conn', '1')
    const { code, stderr } = await bench.run(args, lines.join('\n'))
    expect(stderr).toContain('was written in this run already, for another item')
    expect(code).toBe(3)
    expect(await bench.files('out')).toEqual({ same: 'body of /a' })
  })
})
