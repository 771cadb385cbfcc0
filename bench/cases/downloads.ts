import { mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { runScript } from '../child.ts'
import { builtTrawl } from '../commands/built-trawl.ts'
import type { DownloadJob } from '../commands/download-child.ts'
import { missing, runCommand } from '../commands/run-command.ts'
import type { BenchCase, Effort, Sample } from '../measure.ts'
import { BODY_SIZES } from '../site.ts'

const SIZE = BODY_SIZES['/100m']
const COUNT = 5
const QUICK_COUNT = 2
/** ms. */
const TIMEOUT = 300_000

type Client = BenchCase['clients'][string]

/** A command that downloads `urls` one after the other, into `folder` or to nothing, and its arguments. */
type Recipe = (
  urls: readonly string[],
  folder: string,
  effort: Effort,
) => Promise<[program: string, ...args: string[]]>

const countOf = ({ quick }: Effort): number => (quick ? QUICK_COUNT : COUNT)

async function inFolder<T>({ site }: Effort, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(site.folder, 'downloads-'))
  try {
    return await use(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** A client in Node: what it takes once one download has been made. */
function library(client: string, to: 'nothing' | 'file'): Client {
  return (effort) =>
    inFolder(effort, async (folder) => {
      const job: DownloadJob = {
        client,
        url: `${effort.site.origin}/100m`,
        size: SIZE,
        count: countOf(effort),
        folder: to === 'file' ? folder : null,
      }
      const options = { timeout: TIMEOUT }
      const told = await runScript('commands/download-child.ts', [JSON.stringify(job)], [], options)
      return JSON.parse(told) as Sample
    })
}

/** A command: what its process takes, start-up included, shared by its downloads. */
function command(recipe: Recipe, to: 'nothing' | 'file'): Client {
  return (effort) =>
    inFolder(effort, async (folder) => {
      const count = countOf(effort)
      // Each of its own, so that each gets a file of its own.
      const urls = Array.from({ length: count }, (_, n) => `${effort.site.origin}/100m?n=${n}`)
      const cost = await runCommand(...toCall(await recipe(urls, folder, effort)), { cwd: folder })
      if (cost === null) return {}
      if (to === 'file') checkWhole(folder, count)
      const { cpu, wall, peakRss } = cost
      return { cpu: cpu / ((count * SIZE) / 1e6), wall: wall / count, peakRss }
    })
}

function toCall([program, ...args]: [string, ...string[]]): [string, string[]] {
  return [program, args]
}

function checkWhole(folder: string, count: number): void {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile() && entry.name !== LIST)
  const whole = files.filter(({ parentPath, name }) => statSync(join(parentPath, name)).size === SIZE)
  if (whole.length !== count || files.length !== count) {
    throw new Error(`${whole.length} of ${files.length} files are whole, not ${count}`)
  }
}

const LIST = 'urls.txt'

function writeList(folder: string, urls: readonly string[]): string {
  const path = join(folder, LIST)
  writeFileSync(path, `${urls.join('\n')}\n`)
  return path
}

const curlTo =
  (name: (n: number) => string): Recipe =>
  async (urls) => ['curl', '-q', '-s', '-f', ...urls.flatMap((url, n) => ['-o', name(n), url])]

const aria2c =
  (...flags: string[]): Recipe =>
  async (urls, folder) => {
    const common = ['--no-conf', '-q', '-j', '1', '--file-allocation=none', '--auto-save-interval=0']
    return ['aria2c', ...common, ...flags, '-i', writeList(folder, urls)]
  }

const trawlGet: Recipe = async (urls, folder, { site }) => {
  const main = join(await builtTrawl(site.folder), 'cli/main.js')
  const list = ['--input', writeList(folder, urls), '--output-dir', folder]
  return [process.execPath, main, 'get', ...list, '--progress', 'none', '--max-conn', '1']
}

const wget2 = ['wget2', '-q', '--no-config', '--no-robots', '--max-threads', '1'] as const

const SHARED = { unit: 'MB', quick: true, metrics: ['cpu', 'wall', 'peakRss'], maxRounds: 5 } as const

/** They take long, and no goal is about them. */
const SLOW = ['node:http', 'got', 'axios', 'built-in fetch', 'wget2']

const LIBRARIES =
  'nginx on loopback sends 100,000,000 bytes from a file. Five downloads one after the other in one process (two with `--quick`): *CPU us* is for each MB of 1,000,000 bytes, ' +
  '*ms in all* for one download. The clients in Node are measured after one more download, without their start-up; the commands as whole processes, start-up included.'

export const cases: readonly BenchCase[] = [
  {
    ...SHARED,
    name: 'download',
    onceOnly: SLOW,
    title: '100 MB to nothing',
    text:
      `${LIBRARIES} trawl: \`client.stream\`, by \`for await\` over its body, whose pieces are the reader's to keep, and by \`readInto\` 256 KB that are used again. undici: \`for await\` over the body of \`request\`; \`stream\` to a Writable that drops; \`dispatch\`. ` +
      'node:http, got (`got.stream`) and axios (`responseType: stream`) by the events of their streams, the built-in fetch by `for await` over its body. The raw socket reads into one buffer. ' +
      'Commands: `curl -q -s -f -o /dev/null URL …`, `wget2 -q --no-config --no-robots --max-threads 1 -O /dev/null URL …`.' +
      missing([
        { name: 'curl', package: 'curl' },
        { name: 'wget2', package: 'wget2' },
      ]),
    quickClients: ['trawl', 'trawl, readInto', 'undici request', 'raw socket', 'curl'],
    clients: {
      trawl: library('trawl', 'nothing'),
      'trawl, readInto': library('trawl, readInto', 'nothing'),
      'undici request': library('undici request', 'nothing'),
      'undici stream': library('undici stream', 'nothing'),
      'undici dispatch': library('undici dispatch', 'nothing'),
      'node:http': library('node:http', 'nothing'),
      got: library('got', 'nothing'),
      axios: library('axios', 'nothing'),
      'built-in fetch': library('built-in fetch', 'nothing'),
      'raw socket': library('raw socket', 'nothing'),
      curl: command(
        curlTo(() => '/dev/null'),
        'nothing',
      ),
      wget2: command(async (urls) => [...wget2, '-O', '/dev/null', ...urls], 'nothing'),
    },
  },
  {
    ...SHARED,
    name: 'download-file',
    onceOnly: [...SLOW, 'aria2c, one connection', 'aria2c, four connections'],
    title: '100 MB to a file',
    text:
      `${LIBRARIES} Each download makes a file of its own in the folder for temporary files; nothing is preallocated. trawl: \`client.download\`, which writes under another name and can be resumed. ` +
      'undici: `request` and `stream`, to `fs.createWriteStream`, as the others through `stream.pipeline`. The raw socket writes each read at once, synchronously. ' +
      'Commands: `trawl get --input urls.txt --output-dir DIR --progress none --max-conn 1`, `curl -q -s -f -o FILE URL …`, `wget2 -q --no-config --no-robots --max-threads 1 URL …`, ' +
      '`aria2c --no-conf -q -j 1 --file-allocation=none --auto-save-interval=0 -i urls.txt` with `-x 1` and, for four connections to a file, with `-x 4 -s 4 -k 1M`; aria2c waits until each file is on the disk.' +
      missing([
        { name: 'curl', package: 'curl' },
        { name: 'wget2', package: 'wget2' },
        { name: 'aria2c', package: 'aria2' },
      ]),
    quickClients: ['trawl', 'undici request', 'raw socket', 'curl'],
    clients: {
      trawl: library('trawl', 'file'),
      'undici request': library('undici request', 'file'),
      'undici stream': library('undici stream', 'file'),
      'node:http': library('node:http', 'file'),
      got: library('got', 'file'),
      axios: library('axios', 'file'),
      'built-in fetch': library('built-in fetch', 'file'),
      'raw socket': library('raw socket', 'file'),
      'trawl get': command(trawlGet, 'file'),
      curl: command(
        curlTo((n) => `${n}`),
        'file',
      ),
      wget2: command(async (urls) => [...wget2, ...urls], 'file'),
      'aria2c, one connection': command(aria2c('-x', '1'), 'file'),
      'aria2c, four connections': command(aria2c('-x', '4', '-s', '4', '-k', '1M'), 'file'),
    },
  },
]
