import { mkdir, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { clientOptions } from '../../lib/cli/client-options.ts'
import { runCommandLine } from '../../lib/cli/command-line.ts'
import type { GetOptions } from '../../lib/cli/get-options.ts'
import { Bench } from './run-trawl.ts'

let bench: Bench
let path = ''

beforeEach(async () => {
  bench = await Bench.make()
  path = bench.path('site.toml')
})

afterEach(() => bench.dispose())

/** What the command is told by this file and these arguments. */
async function read(text: string, ...args: string[]): Promise<GetOptions> {
  await writeFile(path, text)
  const given: GetOptions[] = []
  const io = { stdin: process.stdin, stdout: process.stdout, stderr: process.stderr, env: {} }
  await runCommandLine(['get', 'http://127.0.0.1/', '--config', path, ...args], io, {
    get: (options) => {
      given.push(options)
      return Promise.resolve(0)
    },
    job: () => Promise.reject(new Error('not asked for')),
  })
  return given[0]!
}

describe('a config file', () => {
  it('gives flags their values, each as the command line would', async () => {
    const options = await read(`
      max-conn = 8
      max-time = 2.5
      rate = "2/s"
      retry = 0
      location = true
      force = false
      no-dedupe = true
      no-fsync = false
      input = "urls"
      header = ["X-A: 1", "X-B: 2"]
      cookie = "a=1"
      client-ip = "127.0.0.1,127.0.0.2"
      client-ip-policy = "sticky"
      resolve = ["a.example:80:127.0.0.1", "b.example:80:127.0.0.2"]
      output-dir = "out"
      progress = "plain"
    `)
    expect(options).toMatchObject({
      maxConn: 8,
      maxTime: 2_500,
      totalGap: 500,
      retries: 0,
      follow: true,
      force: false,
      dedupe: false,
      fsync: true,
      input: 'urls',
      headers: [
        ['X-A', '1'],
        ['X-B', '2'],
      ],
      clientIps: ['127.0.0.1', '127.0.0.2'],
      clientIpPolicy: 'sticky',
      outputDir: 'out',
      progress: 'plain',
      hosts: undefined,
    })
    expect(options.cookies.data).toBe('a=1')
    expect([...options.resolve.keys()]).toEqual(['a.example', 'b.example'])
  })

  it('goes after the command line, whose lists are not added to', async () => {
    const text = 'max-conn = 8\nheader = ["X-A: 1"]\nclient-ip = "127.0.0.1"\nprogress = "bar"\nretry = 9'
    const args = ['--max-conn', '3', '-H', 'X-C: 3', '--interface', '127.0.0.9', '--progress', 'auto']
    expect(await read(text, ...args)).toMatchObject({
      maxConn: 3,
      headers: [['X-C', '3']],
      clientIps: ['127.0.0.9'],
      progress: 'auto',
      retries: 9,
    })
  })

  it('has settings of hosts, which the client gets', async () => {
    const options = await read(`
      rate-per-host = "100/s"
      [hosts."*.example.com"]
      max-conn = 2
      pipeline = 4
      rate = "2/s"
      limit-rate = "10k"
      auto-throttle = true
      stall-limit = 60
      [hosts."127.0.0.1"]
      rate = "100/s"
      [hosts.localhost]
    `)
    const whole = { minInterval: 0, requestsPerInterval: Infinity }
    const hosts = {
      '*.example.com': {
        maxConnPerTarget: 2,
        maxPipelinedRequests: 4,
        maxDownloadRatePerTarget: 10_240,
        pacing: { ...whole, minInterval: 500, autoThrottle: true, stallLimit: 60_000 },
      },
      '127.0.0.1': { pacing: { minInterval: 0, requestsPerInterval: 100, interval: 1_000 } },
      localhost: {},
    }
    expect(options.hosts).toEqual(hosts)
    expect(clientOptions(options, null, null).hosts).toEqual(hosts)
  })

  it('has paces, which the client gets', async () => {
    const options = await read(
      'rate = "2/s"\nlimit-rate = "1M"\nlimit-rate-per-host = "100k"\nstall-limit = 0',
    )
    expect(clientOptions(options, null, null)).toMatchObject({
      totalPacing: { minInterval: 500 },
      pacing: { stallLimit: 0 },
      maxDownloadRate: 1_048_576,
      maxDownloadRatePerTarget: 102_400,
    })
    const none = clientOptions(await read(''), null, null)
    expect(none.totalPacing).toBe(undefined)
    expect(none.maxDownloadRate).toBe(undefined)
    expect(none.pacing).toEqual({})
  })

  it('paces a host of its own, and no other', async () => {
    const seen: string[] = []
    const first = Promise.withResolvers<void>()
    const port = await bench.serve((request, response) => {
      seen.push(`${request.headers.host!.split(':')[0]}${request.url}`)
      response.end()
      if (seen.length === 3) first.resolve()
    })
    const hosts = ['slow.example', 'quick.example']
    await writeFile(path, `resolve = "*:80:127.0.0.1"\n[hosts."slow.example"]\nrate = "1/h"\n`)
    const urls = hosts.flatMap((host) => [1, 2].map((i) => `http://${host}:${port}/${i}`))
    const running = bench.run(['get', ...urls, '-X', 'HEAD', '--config', path])
    await first.promise
    process.emit('SIGTERM')
    await running
    expect(seen.toSorted()).toEqual(['quick.example/1', 'quick.example/2', 'slow.example/1'])
  })
})

describe('a config file is refused', () => {
  it.each([
    ['max-con = 3', '1: "max-con" is no key for trawl get; did you mean max-conn?'],
    ['\n\nqwertz = 3', '3: "qwertz" is no key for trawl get; trawl get --help lists them'],
    ['config = "x"', '1: "config" is no key for trawl get;'],
    ['max-conn = 0', '1: max-conn = 0: It must be a whole number from 1 to 65535.'],
    ['# a\nrate = "fast"', '2: rate = "fast": It must be N/s, N/m, N/h or N/d'],
    ['max-conn = true', '1: max-conn = true: It must be one text or number.'],
    ['max-conn = [1, 2]', '1: max-conn = [1,2]: It must be one text or number.'],
    ['max-conn = 2026-01-01', '1: max-conn = "2026-01-01": It must be one text or number.'],
    ['header = [["a"]]', '1: header = ...: It must be a text, or a list of texts.'],
    ['header = "secret"', '1: header = ...: It must be "Name: value", or "Name;" for an empty value.'],
    ['location = "yes"', '1: location = "yes": It must be true or false.'],
    ['progress = "loud"', '1: progress = "loud": Allowed choices are auto, bar, plain, json, none.'],
    ['max-conn = {}', '1: max-conn = a table: It must be one text or number.'],
    ['hosts = 3', '1: hosts is no table; write [hosts."*.example.com"], and keys below it'],
    ['[hosts]\na = 1', '2: hosts has no settings for "a"; write [hosts."a"], and keys below it'],
    ['[hosts.a]\n\nmax-con = 1', '3: "max-con" is no key for [hosts."a"]; did you mean max-conn?'],
    [
      '[hosts.a]\nx = 1',
      '2: "x" is no key for [hosts."a"]; it may have max-conn, pipeline, rate, limit-rate,',
    ],
    ['[hosts.a]\nmax-conn = 0', '2: max-conn = 0: It must be a whole number from 1 to 65535.'],
    ['[hosts.a]\nauto-throttle = 1', '2: auto-throttle = 1: It must be true or false.'],
    ['\n[hosts."http://a/"]', '2: a pattern of hosts is "http://a/"; it must be a host name, an address,'],
    ['[hosts.a]\n[hosts.A]', "1: hosts: 'A' and 'a' are the same host; give it once"],
    ['a = ', '1:5: this is no TOML: '],
    [
      'max-conn = 1\nmax-conn = 2',
      '2:1: this is no TOML: trying to redefine an already defined table or value;',
    ],
  ])('%j', async (text, message) => {
    await writeFile(path, text)
    const { code, stderr } = await bench.run(['get', 'http://127.0.0.1/', '--config', path])
    expect(stderr).toContain(`trawl: ${path}:${message}`)
    expect(stderr).not.toContain('secret')
    expect(code).toBe(2)
  })

  it('that has a rate too slow for --max-time', async () => {
    await writeFile(path, 'max-time = 30\n[hosts."*.example.com"]\nrate = "1/m"')
    const { code, stderr } = await bench.run(['get', 'http://127.0.0.1/', '--config', path])
    expect(stderr).toContain('--max-time 30 is too short for a rate of *.example.com of one in 60 s, since')
    expect(code).toBe(2)
  })

  it('when it cannot be read', async () => {
    const run = (name: string): ReturnType<Bench['run']> => bench.run(['get', 'http://a/', '--config', name])
    expect(await run(path)).toMatchObject({
      code: 3,
      stderr: `trawl: cannot read --config ${path}: it does not exist; check its path and permissions\n`,
    })
    await mkdir(path)
    expect((await run(path)).stderr).toContain('it is a folder')
    const large = bench.path('large.toml')
    await writeFile(large, '#'.repeat(1_048_577))
    expect(await run(large)).toMatchObject({
      code: 2,
      stderr: `trawl: --config ${large} has 1048577 bytes; at most 1048576 are read\n`,
    })
  })
})
