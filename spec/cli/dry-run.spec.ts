import { mkdirSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { PassThrough } from 'node:stream'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { trawl } from '../../lib/cli/trawl.ts'
import { Bench } from './run-trawl.ts'

let bench: Bench
let site = ''
const asked: string[] = []

beforeEach(async () => {
  bench = await Bench.make()
  asked.length = 0
  const port = await bench.serve((request, response) => {
    asked.push(request.url!)
    response.writeHead(request.url === '/bad' ? 404 : 200).end(request.url)
  })
  site = `http://127.0.0.1:${port}`
})

afterEach(() => bench.dispose())

describe('--dry-run', () => {
  it('prints each URL once, with its file, asks nobody and writes nothing', async () => {
    const urls = [`${site}/a`, `${site}/b/c?d=1`, `${site}/a`]
    const out = bench.path('out')
    const ran = await bench.run([
      'get',
      ...urls,
      '--output-dir',
      out,
      '--job',
      bench.path('job'),
      '--dry-run',
    ])
    const lines = ran.stdout
      .trim()
      .split('\n')
      .map((line) => line.split('\t'))
    expect(lines.map(([url]) => url)).toEqual(urls.slice(0, 2))
    expect(lines.every(([, file]) => file!.startsWith(out))).toBe(true)
    expect(ran).toMatchObject({ code: 0, stderr: '' })
    expect(asked).toEqual([])
    expect(await bench.files('.')).toEqual({})
    const real = await bench.run(['get', ...urls, '--output-dir', out, '--progress', 'none'])
    expect(real.code).toBe(0)
    const files = Object.keys(await bench.files('out')).map((file) => `${out}/${file}`)
    expect(files.toSorted()).toEqual(lines.map(([, file]) => file!).toSorted())
  })

  it('of one URL for standard output, or without bodies, has no file', async () => {
    const ran = await bench.run(['get', `${site}/a`, '--dry-run'])
    expect(ran).toEqual({ code: 0, stdout: `${site}/a\t\n`, stderr: '' })
    const none = await bench.run(['get', `${site}/a`, `${site}/b`, '--discard', '--dry-run'])
    expect(none.stdout).toBe(`${site}/a\t\n${site}/b\t\n`)
  })

  it('shows no password', async () => {
    const ran = await bench.run(['get', `${site.replace('//', '//me:secret@')}/a`, '--dry-run'])
    expect(ran.stdout).toBe(`${site}/a\t\n`)
  })

  it('leaves out what a job has finished, also where its list has bad lines and the same URL twice', async () => {
    const [list, job] = [bench.path('list'), bench.path('job')]
    writeFileSync(list, ['nonsense', `${site}/a`, `${site}/a`, `${site}/bad`].join('\n'))
    const args = ['get', '--input', list, '--discard', '--job', job, '--no-dedupe']
    expect((await bench.run([...args, '--progress', 'none'])).code).toBe(1)
    const ran = await bench.run([...args, '--dry-run'])
    expect(ran).toEqual({ code: 0, stdout: '', stderr: '' })
    writeFileSync(
      list,
      ['nonsense', `${site}/a`, `${site}/a`, `${site}/bad`, `${site}/new`, `${site}/a`].join('\n'),
    )
    expect(await bench.run([...args, '--dry-run'])).toMatchObject({ stdout: `${site}/new\t\n${site}/a\t\n` })
  })

  it('tells what cannot be fetched, prints the rest, and exits with 1', async () => {
    const list = bench.path('list')
    const items = [{ url: `${site}/a`, out: '../up' }, { url: 'nonsense' }, { url: `${site}/b`, out: 'x\ty' }]
    writeFileSync(list, items.map((item) => JSON.stringify(item)).join('\n'))
    const out = bench.path('out')
    const ran = await bench.run(['get', '--input', list, '--output-dir', out, '--dry-run'])
    expect(ran.code).toBe(1)
    expect(ran.stdout).toBe(`${site}/b\t${JSON.stringify(`${out}/x\ty`)}\n`)
    const [first, second] = ran.stderr.trim().split('\n')
    expect(first).toBe(
      `trawl: ${site}/a: out "../up" is no path below --output-dir; give a relative one, without ".."`,
    )
    expect(second).toBe(
      'trawl: line 2: "nonsense" is not a URL; write the scheme too, as in http://example.com/',
    )
  })

  it('with --skip-existing leaves out what is there', async () => {
    const out = bench.path('out')
    const args = ['get', `${site}/a`, `${site}/b`, '--output-dir', out, '--skip-existing']
    await bench.run(['get', `${site}/a`, '--output-dir', out, '--progress', 'none'])
    const ran = await bench.run([...args, '--dry-run'])
    expect(ran.stdout).toMatch(/^\S+\/b\t\S+\n$/)
  })

  it('of what cannot be read says so', async () => {
    const input = await bench.run(['get', '--input', bench.path('none'), '--discard', '--dry-run'])
    expect(input).toMatchObject({ code: 3, stdout: '' })
    expect(input.stderr).toMatch(/^trawl: cannot read the input .*: it does not exist;.*\n$/)
    mkdirSync(bench.path('job'))
    writeFileSync(bench.path('job/journal.jsonl'), 'hello\n')
    const journal = await bench.run([
      'get',
      `${site}/a`,
      '--discard',
      '--job',
      bench.path('job'),
      '--dry-run',
    ])
    expect(journal).toMatchObject({ code: 3, stdout: '' })
    expect(journal.stderr).toMatch(/^trawl: --job: .*it is no journal of trawl.*\n$/)
  })

  it.each(['before', 'while'])('ends without a word when its reader has gone %s it writes', async (when) => {
    const list = bench.path('list')
    writeFileSync(list, Array.from({ length: 200_000 }, (_, n) => `${site}/${n}\n`).join(''))
    const stdout = new PassThrough()
    const stderr = new PassThrough()
    const io = { stdin: process.stdin, stdout, stderr, env: {} }
    if (when === 'before') stdout.destroy()
    const ending = trawl(['get', '--input', list, '--discard', '--dry-run'], io)
    if (when === 'while') {
      await once(stdout, 'readable')
      stdout.destroy()
    }
    expect(await ending).toBe(0)
    expect(stderr.read()).toBeNull()
  })

  it('waits for a slow reader, and leaves nothing behind on its stream', async () => {
    const list = bench.path('list')
    const count = 60_000
    writeFileSync(list, Array.from({ length: count }, (_, n) => `${site}/${n}\n`).join(''))
    const stdout = new PassThrough({ highWaterMark: 1024 })
    const io = { stdin: process.stdin, stdout, stderr: new PassThrough(), env: {} }
    const before = ['drain', 'close'].map((event) => stdout.listenerCount(event))
    const ending = trawl(['get', '--input', list, '--discard', '--dry-run'], io)
    let waits = 0
    let lines = 0
    while (lines < count) {
      await once(stdout, 'readable')
      // Read is only what has been written meanwhile, so that the next write has to wait again.
      for (
        let chunk = stdout.read() as Buffer | null;
        chunk !== null;
        chunk = stdout.read() as Buffer | null
      ) {
        lines += chunk.toString('latin1').split('\n').length - 1
        waits++
      }
    }
    expect(await ending).toBe(0)
    expect(lines).toBe(count)
    expect(waits).toBeGreaterThan(10)
    expect(['drain', 'close'].map((event) => stdout.listenerCount(event))).toEqual(before)
    // The command has one of its own.
    expect(stdout.listenerCount('error')).toBeLessThanOrEqual(1)
  })
})
