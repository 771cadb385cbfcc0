import { chmod, mkdir, readdir, writeFile } from 'node:fs/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { Bench } from './run-trawl.ts'

let bench: Bench
let requests = 0
let url = ''
let urls = ''
let out = ''

beforeEach(async () => {
  bench = await Bench.make()
  requests = 0
  const port = await bench.serve((_, response) => {
    requests++
    response.end('x')
  })
  url = `http://127.0.0.1:${port}/x`
  urls = bench.path('urls')
  out = bench.path('out')
  await writeFile(urls, `${url}\n`)
})

afterEach(() => bench.dispose())

/** What a run says that was refused: nothing was asked for, nothing went to standard output. */
async function refusal(...args: string[]): Promise<{ code: number | null; message: string }> {
  const { code, stdout, stderr } = await bench.run(['get', ...args])
  expect(stdout).toBe('')
  expect(requests).toBe(0)
  return { code, message: stderr }
}

describe('trawl get refuses at once', () => {
  it.each([
    [
      '--max-conn 0',
      "option '--max-conn <n>' argument '0' is invalid. It must be a whole number from 1 to 65535.",
    ],
    [
      '--pipeline 257',
      "option '--pipeline <n>' argument '257' is invalid. It must be a whole number from 1 to 256.",
    ],
    ['--max-time soon', 'It must be a number of seconds, as 30 or 2.5; 0 for no limit.'],
    ['--max-filesize 1kb', 'It must be a number of bytes above 0, as 500000, 200k or 1.5G.'],
    ['--speed-limit fast', 'It must be a number of bytes above 0, as 500000, 200k or 1.5G.'],
    ['-y 0', 'trawl: --speed-time is too short to measure; give at least 0.1 s\n'],
    ['-H X-A:1\r\nX-B:2', 'give each field its own -H'],
    ['-A a\nb', 'A field value holds no line ends'],
    ['-X (GET)', 'It must be a method name, as GET or POST, and not CONNECT.'],
    ['-X CONNECT', 'It must be a method name, as GET or POST, and not CONNECT.'],
    ['--interface eth99', 'It must be an address of this machine, as 192.0.2.7, or one of its interfaces ('],
    ['--max-redirs -2 -L', 'It must be a whole number from 0 to 1000.'],
    ['--retry 1001', 'It must be a whole number from 0 to 1000.'],
    ['--retry-max-time -1', 'It must be a number of seconds, as 30 or 2.5; 0 for no limit.'],
    ['--rate 10/w', 'It must be N/s, N/m, N/h or N/d with N above 0, as 10/s'],
    ['--cache-mode always', 'Allowed choices are default, no-store, reload, no-cache,'],
    ['--max-redirs 5', 'trawl: --max-redirs needs redirects to be followed; add -L, or leave it out\n'],
    ['--allow-insecure-redirect', '--allow-insecure-redirect needs redirects to be followed; add -L,'],
    [
      '--retry 0 --retry-max-time 9',
      '--retry-max-time needs retries; leave --retry 0 out, or --retry-max-time',
    ],
    ['--cache-mode replay', '--cache-mode replay needs a cache; add --cache FILE'],
    [
      '--rate-per-host 1/m --max-time 30',
      '--max-time 30 is too short for a rate of one in 60 s, since the wait counts; make it at least twice',
    ],
    ['--rate 1/m --max-time 30', 'for a rate of one in 60 s'],
    ['--rate-per-host fast', "option '--rate-per-host <n/unit>' argument 'fast' is invalid. It must be N/s"],
    ['--limit-rate 999', 'It must be at least 1000 bytes a second, as 500k; fewer is a halt.'],
    ['--limit-rate-per-host 1kb', 'It must be a number of bytes above 0, as 500000, 200k or 1.5G.'],
    [
      '--speed-limit 20k --limit-rate-per-host 10k',
      '--speed-limit 20480 gives up what --limit-rate 10240 lets',
    ],
    ['--max-failures 0', 'It must be a whole number from 1 to 1000000000.'],
    ['--max-total-time -1', 'It must be a number of seconds, as 30 or 2.5; 0 for no limit.'],
    ['--stall-limit x', 'It must be a number of seconds, as 30 or 2.5; 0 for no limit.'],
    ['--metrics 65536', 'It must be a port, a whole number from 1 to 65535, or 0 for one that is free.'],
    ['--client-ip 127.0.0.1,eth99', 'It must be an address of this machine, as 192.0.2.7, or one of its'],
    ['--client-ip-policy random', 'Allowed choices are round-robin, sticky, least-loaded.'],
    [
      '--client-ip-policy sticky --client-ip 127.0.0.1',
      '--client-ip-policy sticky needs several addresses; add',
    ],
    ['--move-after-refusal', '--move-after-refusal needs an address to move to; add --client-ip IP,IP'],
    [
      '--move-after-refusal --client-ip 127.0.0.1,127.0.0.2 --retry 0',
      '--move-after-refusal needs retries; leave --retry 0 out',
    ],
    [
      '--client-ip 127.0.0.1 --interface 127.0.0.2 -x http://127.0.0.1:9',
      "2 client IPs are given, and -x: servers see the proxy's address only; give one, or leave -x out",
    ],
    ['--input-format csv', 'Allowed choices are auto, lines, aria2, jsonl, sitemap, har.'],
    ['--input-format har', '--input-format har needs an input; add --input FILE'],
    ['--no-dedupe', '--no-dedupe needs more than one URL; add --input FILE, or leave it out'],
    ['--discard --output-dir out', '--discard keeps no bodies, and --output-dir keeps them; leave one'],
    ['--force', '--force needs files to replace; add --output-dir DIR, or leave it out'],
    ['--skip-existing', '--skip-existing needs files to look for; add --output-dir DIR, or leave it out'],
    ['--skip-existing --force --output-dir out', '--force replaces files that --skip-existing keeps;'],
    ['--no-fsync', '--no-fsync needs a journal; add --job DIR, or leave it out'],
    ['--job j', 'a job cannot go on with standard output; add --output-dir DIR, or --discard'],
    [
      '--job j --output-dir out --force',
      '--force would replace what --job has fetched each time it goes on;',
    ],
    ['--resolve a:b', 'It must be HOST:PORT:ADDRESS, as www.example.com:80:127.0.0.1.'],
    ['--progress loud', 'Allowed choices are auto, bar, plain, json, none.'],
    ['--output-dri x', "unknown option '--output-dri'\n(Did you mean --output-dir?)"],
    ['--max-conn', "option '--max-conn <n>' argument missing"],
    ['-A x -H user-agent:y', 'trawl: the User-Agent is given twice, by -A and -H; give one\n'],
    ['-H Transfer-Encoding:chunked', 'Transfer-Encoding is set, but there is no body to send'],
    ['-H Content-Length:5 -d x', 'its announced length is 5; leave the length out'],
  ])('a bad option: %j', async (args, message) => {
    const refused = await refusal(url, ...args.split(' '))
    expect(refused.message).toContain(message)
    expect(refused.code).toBe(2)
  })

  it.each([
    ['', 'nothing to fetch; give URLs, or --input FILE'],
    ['example.com', '"example.com" is not a URL; write the scheme too, as in http://example.com/'],
    ['ftp://a/', '"ftp://a/": the scheme ftp is not supported; use http or https'],
    [
      'http://a/ http://b/',
      'several bodies do not go to standard output; give --output-dir DIR, or --discard',
    ],
    ['--input urls', 'several bodies do not go to standard output; give --output-dir DIR, or --discard'],
    [
      '--input - --output-dir out -d @-',
      'standard input is used twice, by --input - and -d @-; put one of them in a file',
    ],
  ])('what makes no sense: %j', async (args, message) => {
    const words = args.split(' ').filter((word) => word !== '')
    expect(await refusal(...words)).toEqual({ code: 2, message: `trawl: ${message}\n` })
  })

  it('an input that cannot be read', async () => {
    const { folder } = bench
    const remedy = 'check its path and permissions\n'
    const none = bench.path('none')
    expect(await refusal('--input', none, '--output-dir', out)).toEqual({
      code: 3,
      message: `trawl: cannot read the input ${none}: it does not exist; ${remedy}`,
    })
    expect(await refusal('--input', folder, '--output-dir', out)).toEqual({
      code: 3,
      message: `trawl: cannot read the input ${folder}: it is a folder; ${remedy}`,
    })
    expect(await refusal(url, '-d', `@${none}`)).toEqual({
      code: 3,
      message: `trawl: cannot read ${none} for -d: it does not exist; ${remedy}`,
    })
    expect(await readdir(folder)).toEqual(['urls'])
  })

  it('an output folder or a report that cannot be written', async () => {
    const list = ['--input', urls, '--output-dir']
    const inFile = await refusal(...list, urls)
    expect(inFile.message).toContain(
      `cannot write to the output folder ${urls}: it is not a folder; choose another`,
    )
    expect(inFile.code).toBe(3)
    const nowhere = await refusal(...list, out, '--report', bench.path('no/r'))
    expect(nowhere.message).toContain(
      `cannot write the report ${bench.path('no/r')}: it does not exist; choose`,
    )
    expect(nowhere.code).toBe(3)
    const folder = await refusal(...list, out, '--report', out)
    expect(folder.message).toContain(`cannot write the report ${out}: it is a folder; choose`)
    expect(folder.code).toBe(3)
  })

  it.skipIf(process.getuid?.() === 0)('a folder without permission', async () => {
    await mkdir(out)
    await chmod(out, 0o500)
    const refused = await refusal('--input', urls, '--output-dir', out)
    expect(refused.message).toContain(`cannot write to the output folder ${out}: permission denied`)
    expect(refused.code).toBe(3)
  })

  it('a report that is the input: it would grow for ever', async () => {
    expect(await refusal('--input', urls, '--output-dir', out, '--report', urls)).toEqual({
      code: 2,
      message: `trawl: ${urls} is the input too; choose another --report\n`,
    })
  })
})
