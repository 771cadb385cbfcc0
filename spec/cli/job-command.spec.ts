import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { addGetOptions } from '../../lib/cli/get-flags.ts'
import { KEPT, keptCommand } from '../../lib/cli/job-command-line.ts'
import { Command } from 'commander'
import { Bench, type Running } from './run-trawl.ts'

const MAIN = join(import.meta.dirname, '../../lib/cli/main.ts')

let bench: Bench
let site = ''
/** Paths that fail, and those that are not answered. */
const bad = new Set<string>()
const silent = new Set<string>()
const asked: string[] = []

beforeEach(async () => {
  bench = await Bench.make()
  bad.clear()
  silent.clear()
  asked.length = 0
  const port = await bench.serve((request, response) => {
    asked.push(request.url!)
    if (silent.has(request.url!)) return
    response.writeHead(bad.has(request.url!) ? 404 : 200).end(request.url)
  })
  site = `http://127.0.0.1:${port}`
})

afterEach(() => bench.dispose())

/** The job's list in the bench's folder, and the command that works it off there. */
function listed(paths: readonly string[], ...flags: string[]): string[] {
  writeFileSync(bench.path('list'), paths.map((path) => `${site}${path}\n`).join(''))
  const [list, out, job] = ['list', 'out', 'job'].map((name) => bench.path(name))
  return ['get', '--input', list!, '--output-dir', out!, '--job', job!, '--progress', 'none', ...flags]
}

async function untilJournalHas(text: string): Promise<void> {
  await expect
    .poll(() => (statSync(bench.path('job/journal.jsonl'), { throwIfNoEntry: false }) ? journal() : ''), {
      timeout: 15_000,
    })
    .toContain(text)
}

function journal(): string {
  return readFileSync(bench.path('job/journal.jsonl'), 'utf8')
}

/** A job with one URL done and one that hangs. */
async function startHanging(): Promise<Running> {
  silent.add('/hang')
  const running = bench.start(listed(['/a', '/hang']))
  await untilJournalHas('/a')
  return running
}

async function kill({ child }: Running): Promise<void> {
  child.kill('SIGKILL')
  await once(child, 'exit')
}

describe('trawl job --status', () => {
  it('tells how far it is, while it runs, after a kill, and when all is done', async () => {
    const running = await startHanging()
    const status = async (): Promise<string> =>
      (await bench.run(['job', bench.path('job'), '--status'])).stdout
    const first = await status()
    expect(first).toMatch(
      /^1 finished: 1 ok, 0 failed\nbegun \S+, 1 run, journal of \S+ \w+\n {2}run 1: since \S+, running\n$/,
    )
    const json = await bench.run(['job', bench.path('job'), '--status', '--json'])
    expect(JSON.parse(json.stdout)).toMatchObject({ ok: 1, failed: 0, runs: 1, running: true, damaged: 0 })
    await kill(running)
    expect(await status()).toMatch(/run 1: \S+, killed\n$/)
    silent.clear()
    expect((await bench.run(listed(['/a', '/hang']))).code).toBe(0)
    expect(await status()).toMatch(
      /^2 finished: 2 ok, 0 failed\n.*\n.*killed\n.* 1 ok, 0 failed, to the end of the list\n$/,
    )
    expect(asked.filter((path) => path === '/a')).toHaveLength(1)
  })

  it.each(['--status', '--retry-failed'])(
    '%s of a folder that has none says so, and makes nothing',
    async (flag) => {
      const ran = await bench.run(['job', bench.path('none'), flag])
      expect(ran).toEqual({
        code: 3,
        stdout: '',
        stderr: `trawl: ${bench.path('none')} has no job; name the folder that a job keeps its journal in\n`,
      })
      expect(await bench.files('.')).toEqual({})
      mkdirSync(bench.path('empty'))
      expect((await bench.run(['job', bench.path('empty'), flag])).stderr).toContain('empty has no job;')
      expect(await bench.files('.')).toEqual({})
    },
  )

  it('of what is no journal says so', async () => {
    mkdirSync(bench.path('job'))
    writeFileSync(bench.path('job/journal.jsonl'), 'hello\n')
    const ran = await bench.run(['job', bench.path('job'), '--status'])
    expect(ran.code).toBe(3)
    expect(ran.stderr).toContain('it is no journal of trawl')
  })
})

describe('trawl job --export', () => {
  beforeEach(async () => {
    bad.add('/b')
    await bench.run(listed(['/a', '/b', '/c']))
  })

  it('writes a line for each finished URL, to a file or to standard output', async () => {
    const ran = await bench.run(['job', bench.path('job'), '--export', bench.path('out.jsonl')])
    expect(ran).toEqual({ code: 0, stdout: '', stderr: `3 lines in ${bench.path('out.jsonl')}\n` })
    const text = readFileSync(bench.path('out.jsonl'), 'utf8')
    const lines = text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { url: string; status: number })
    expect(lines.map(({ url, status }) => `${new URL(url).pathname} ${status}`).toSorted()).toEqual([
      '/a 200',
      '/b 404',
      '/c 200',
    ])
    expect(await bench.run(['job', bench.path('job'), '--export', '-'])).toEqual({
      code: 0,
      stdout: text,
      stderr: '',
    })
  })

  it('to a disk that is full says so, and exits with 3', async () => {
    const ran = await bench.run(['job', bench.path('job'), '--export', '/dev/full'])
    expect(ran).toMatchObject({
      code: 3,
      stderr: 'trawl: cannot write /dev/full: the disk is full; name another file\n',
    })
    const missing = await bench.run(['job', bench.path('job'), '--export', bench.path('no/such')])
    expect(missing).toMatchObject({
      code: 3,
      stderr: `trawl: cannot write ${bench.path('no/such')}: it does not exist; name another file\n`,
    })
  })

  it('whose reader goes ends without a word', async () => {
    const line = readFileSync(bench.path('job/journal.jsonl'), 'utf8')
      .split('\n')
      .find((each) => each.includes('"ok":true'))!
    const many = Array.from({ length: 50_000 }, (_, n) => {
      const key = createHash('md5').update(String(n)).digest('hex').slice(0, 16)
      return line.replace(/"key":"\w{16}/u, `"key":"${key}`)
    })
    writeFileSync(bench.path('job/journal.jsonl'), `${journal()}${many.join('\n')}\n`)
    const running = bench.start(['job', 'job', '--export', '-'])
    await once(running.child.stdout!, 'data')
    running.child.stdout!.destroy()
    expect(await running.ended).toMatchObject({ code: 0, stderr: '' })
  })

  it('does not write over the job itself', async () => {
    const before = journal()
    linkSync(bench.path('job/journal.jsonl'), bench.path('hard'))
    symlinkSync(bench.path('job/journal.jsonl'), bench.path('soft'))
    for (const file of ['job/journal.jsonl', 'hard', 'soft', 'job/lock'].map((name) => bench.path(name))) {
      const ran = await bench.run(['job', bench.path('job'), '--export', file])
      expect(ran).toMatchObject({
        code: 2,
        stderr: `trawl: --export ${file} is a file of the job itself; name another one\n`,
      })
    }
    expect(journal()).toBe(before)
  })
})

describe('trawl job --retry-failed', () => {
  it('fetches what has failed again, and nothing else, from wherever it is called', async () => {
    bad.add('/b')
    listed(['/a', '/b', '/c'])
    await bench.spawn(['get', '--input', 'list', '--output-dir', 'out', '--job', 'job'])
    bad.clear()
    asked.length = 0
    mkdirSync(bench.path('elsewhere'))
    symlinkSync(bench.path('job'), bench.path('elsewhere/link'))
    const cwd = bench.path('elsewhere')
    const { stderr } = await promisify(execFile)(process.execPath, [MAIN, 'job', 'link', '--retry-failed'], {
      cwd,
    })
    expect(stderr).toMatch(/^1 that have failed are fetched again\n1 done in .* 1 ok, 0 failed\n/)
    expect(asked).toEqual(['/b'])
    expect(Object.values(await bench.files('out')).toSorted()).toEqual(['/a', '/b', '/c'])
    expect(await bench.run(['job', bench.path('job'), '--retry-failed', '--json'])).toEqual({
      code: 0,
      stdout: '',
      stderr: '{"failed":0,"runs":false}\n',
    })
  })

  it('in JSON tells how many, and whether they are fetched now', async () => {
    bad.add('/b')
    await bench.run(listed(['/b']))
    const ran = await bench.run(['job', bench.path('job'), '--retry-failed', '--json'])
    expect(ran.code).toBe(8)
    expect(ran.stderr).toMatch(/^\{"failed":1,"runs":true\}\n/)
    rmSync(bench.path('job/command.json'))
    const without = await bench.run(['job', bench.path('job'), '--retry-failed', '--json'])
    expect(without).toMatchObject({ code: 0, stderr: '{"failed":1,"runs":false}\n' })
  })

  it('of a job whose command line is not kept says how to go on', async () => {
    bad.add('/b')
    for (const flags of [
      ['-u', 'me:secret'],
      ['-H', 'X-Mine: secret'],
    ]) {
      await bench.run(listed(['/b'], ...flags))
      expect(Object.keys(await bench.files('job'))).not.toContain('command.json')
      const ran = await bench.run(['job', bench.path('job'), '--retry-failed'])
      expect(ran.code).toBe(0)
      expect(ran.stderr).toContain(
        "1 that have failed are fetched again by the next run: give the job's command line once more",
      )
    }
    asked.length = 0
    await bench.run(listed(['/b']))
    expect(asked).toEqual(['/b'])
    expect(JSON.stringify(await bench.files('job'))).not.toContain('secret')
  })

  it('of a folder that was moved does not begin anew in the old one', async () => {
    bad.add('/b')
    await bench.run(listed(['/a', '/b']))
    renameSync(bench.path('job'), bench.path('moved'))
    const ran = await bench.run(['job', bench.path('moved'), '--retry-failed'])
    expect(ran.stderr).toContain('or the folder was moved')
    expect(asked).toEqual(['/a', '/b'])
    expect(statSync(bench.path('job'), { throwIfNoEntry: false })).toBeUndefined()
  })

  it('of a job that was run where nothing is any more changes nothing', async () => {
    bad.add('/b')
    await bench.run(listed(['/b']))
    const kept = JSON.parse(readFileSync(bench.path('job/command.json'), 'utf8')) as {
      cwd: string
      argv: string[]
    }
    kept.cwd = bench.path('gone')
    writeFileSync(bench.path('job/command.json'), JSON.stringify(kept))
    const before = journal()
    const ran = await bench.run(['job', bench.path('job'), '--retry-failed'])
    expect(ran).toMatchObject({
      code: 3,
      stderr: `trawl: the job was run in ${bench.path('gone')}, which cannot be gone to: it does not exist; make it again\n`,
    })
    expect(journal()).toBe(before)
  })

  it.each([
    'no JSON',
    '{"version":2,"cwd":"/","argv":["get"]}',
    '{"version":1,"cwd":"/","argv":["job","x","--retry-failed"]}',
  ])('does nothing with a command that is none: %s', async (text) => {
    bad.add('/b')
    await bench.run(listed(['/b']))
    writeFileSync(bench.path('job/command.json'), text)
    const ran = await bench.run(['job', bench.path('job'), '--retry-failed'])
    expect(ran).toMatchObject({ code: 0 })
    expect(ran.stderr).toContain('by the next run')
  })

  it('while the job runs is refused', async () => {
    bad.add('/a')
    const running = await startHanging()
    const ran = await bench.run(['job', bench.path('job'), '--retry-failed'])
    expect(ran.code).toBe(3)
    expect(ran.stderr).toMatch(/^trawl: process \d+ on \S+ is working on /)
    await kill(running)
    expect((await bench.run(['job', bench.path('job'), '--status'])).stdout).toContain('1 failed')
  })
})

describe('the command line that is kept', () => {
  const base = ['get', '--job', 'job', '--output-dir', 'out', '--input', 'list']

  it.each([
    [],
    ['-L', '-k', '--digest', '--rate', '5/s', '-A', 'me@example.com'],
    ['-H', 'Accept: text/html', '-H', 'User-Agent: x', '-H', 'X-Empty;'],
    ['-d', '@body.json'],
    ['-b', 'cookies.txt', '-c', 'cookies.txt'],
    ['-x', 'http://proxy:3128', '--noproxy', 'a.example'],
    ['--config', 'trawl.toml', '--no-dedupe', '--no-fsync'],
    ['https://medium.example/@user?q=1'],
    ['--input', 'https://example.com/sitemap.xml'],
    ['--input', 'lists/@home'],
  ])('is so with %j', (...flags) => {
    const argv = [...base, ...flags]
    expect(JSON.parse(keptCommand(argv, '/x')!)).toEqual({ version: 1, cwd: '/x', argv })
  })

  it.each([
    ['-u', 'me:secret'],
    ['-ume:secret'],
    ['-Lu', 'me:secret'],
    ['--user=me:secret'],
    ['--oauth2-bearer', 'secret'],
    ['-x', 'http://me:secret@proxy:3128'],
    ['-x', 'me:secret@proxy:3128'],
    ['-xme:secret@proxy:3128'],
    ['-U', 'me:secret'],
    ['-kU', 'me:secret'],
    ['-H', 'Authorization: Bearer secret'],
    ['-H', 'Cookie: a=secret'],
    ['-H', 'X-Api-Key: secret'],
    ['-H', 'X-Whatever: secret'],
    ['-H', 'Accept: text/html', '-HX-Mine: secret'],
    ['-b', 'a=secret'],
    ['-b', 'cookies.txt', '-b', 'a=secret'],
    ['-d', 'password=secret'],
    ['-d', '@body', '-d', 'password=secret'],
    ['-d', '@-'],
    ['https://me:secret@example.com/'],
    ['--', 'https://me:secret@example.com/'],
    ['--input', 'https://me:secret@example.com/sitemap.xml'],
    ['--input', '-'],
    ['--input', '/dev/stdin'],
    ['--input', '/dev/fd/63'],
    ['--input', '/proc/self/fd/0'],
  ])('is none with %j', (...flags) => {
    expect(keptCommand([...base, ...flags], '/x')).toBeNull()
  })

  it('knows each flag: those that it does not keep hold secrets always', () => {
    const flags = addGetOptions(new Command()).options.map(({ long }) => long!.replace('--no-', '--'))
    const never = flags.filter((flag) => !KEPT.has(flag))
    expect(never).toEqual(['--dry-run', '--user', '--oauth2-bearer', '--proxy-user'])
    expect([...KEPT.keys()].filter((flag) => !flags.includes(flag))).toEqual([])
  })

  it('does not have what a config file holds, and is kept with it', async () => {
    bad.add('/b')
    writeFileSync(bench.path('trawl.toml'), 'user = "me:secret"\n')
    await bench.run(listed(['/b'], '--config', bench.path('trawl.toml')))
    const files = await bench.files('job')
    expect(JSON.parse(files['command.json']!)).toMatchObject({
      argv: expect.arrayContaining(['--config']) as unknown,
    })
    expect(JSON.stringify(files)).not.toContain('secret')
    bad.clear()
    expect(await bench.run(['job', bench.path('job'), '--retry-failed'])).toMatchObject({ code: 0 })
  })
})
