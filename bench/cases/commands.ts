import { accessSync, constants, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { builtTrawl } from '../commands/built-trawl.ts'
import { missing, runCommand } from '../commands/run-command.ts'
import { checkFiles, listOf } from '../commands/small-files.ts'
import type { BenchCase, Effort } from '../measure.ts'

const COUNT = 100_000
const QUICK_COUNT = 10_000
/** Connections of each tool. */
const WIDTH = '16'
const MEMORY = '/dev/shm'

type Client = BenchCase['clients'][string]

/** Fetches the first `count` small files into `folder`: a program and its arguments. */
type Recipe = (
  effort: Effort,
  count: number,
  folder: string,
) => Promise<readonly [program: string, ...args: string[]]>

/** Where the files go: beside the site's own, or into memory. */
type Place = 'disk' | 'memory'

function fetching(recipe: Recipe, place: Place, most = COUNT): Client {
  return async (effort) => {
    const parent = place === 'disk' ? effort.site.folder : MEMORY
    if (place === 'memory' && !hasMemory()) return {}
    const asked = effort.quick ? QUICK_COUNT : COUNT
    const count = Math.min(asked, most)
    const folder = mkdtempSync(join(parent, 'trawl-bench-get-'))
    try {
      const [program, ...args] = await recipe(effort, count, folder)
      const cost = await runCommand(program, args, { cwd: folder })
      if (cost === null) return {}
      checkFiles(folder, count)
      const wall = (cost.wall * asked) / count
      return { cpu: cost.cpu / count, wall, perSecond: (count * 1_000) / cost.wall, peakRss: cost.peakRss }
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  }
}

function hasMemory(): boolean {
  try {
    accessSync(MEMORY, constants.W_OK)
    return true
  } catch {
    return false
  }
}

const trawl =
  (...flags: string[]): Recipe =>
  async ({ site }, count, folder) => {
    const main = join(await builtTrawl(site.folder), 'cli/main.js')
    const list = ['--input', listOf(site, 'urls', count), '--output-dir', folder]
    return [
      process.execPath,
      main,
      'get',
      ...list,
      '--progress',
      'none',
      '--max-conn-per-target',
      WIDTH,
      ...flags,
    ]
  }

/** In the folder that it runs in: its list names files without their folder. */
const curl: Recipe = async ({ site }, count) => {
  const parallel = ['--parallel', '--parallel-immediate', '--parallel-max', WIDTH]
  return ['curl', '-q', '-s', ...parallel, '-K', listOf(site, 'curl', count)]
}

const wget2: Recipe = async ({ site }, count, folder) => {
  const own = ['-q', '--no-config', '--no-robots', '--max-threads', WIDTH]
  return ['wget2', ...own, '-P', folder, '-i', listOf(site, 'urls', count)]
}

const aria2c: Recipe = async ({ site }, count, folder) => {
  const tuned = ['--file-allocation=none', '--auto-save-interval=0', '--deferred-input=true']
  const own = ['--no-conf', '-q', '-j', WIDTH, '-x', '1', ...tuned]
  return ['aria2c', ...own, '-d', folder, '-i', listOf(site, 'urls', count)]
}

const SCRAPY_SETTINGS = [
  `CONCURRENT_REQUESTS=${WIDTH}`,
  `CONCURRENT_REQUESTS_PER_DOMAIN=${WIDTH}`,
  'LOG_ENABLED=0',
  'AUTOTHROTTLE_ENABLED=0',
  'COOKIES_ENABLED=0',
  'TELNETCONSOLE_ENABLED=0',
]

const scrapy: Recipe = async ({ site }, count, folder) => {
  const spider = join(import.meta.dirname, '../commands/scrapy-spider.py')
  const settings = SCRAPY_SETTINGS.flatMap((setting) => ['-s', setting])
  const own = ['-a', `list=${listOf(site, 'urls', count)}`, '-a', `folder=${folder}`]
  return ['scrapy', 'runspider', spider, ...own, ...settings]
}

/** Of those that take long. aria2c has the disk confirm each file, 2 to 8 ms each; Scrapy takes more than 1 ms of CPU for a page. */
const FEWER = 4_000
/** wget2 takes a minute for all, and none of it for its start. */
const FEWER_WGET2 = 15_000

const TOOLS = missing([
  { name: 'curl', package: 'curl' },
  { name: 'wget2', package: 'wget2' },
  { name: 'aria2c', package: 'aria2' },
  { name: 'scrapy', package: 'python3-scrapy' },
])

const TEXT =
  '100,000 files of 128 bytes from one nginx (10,000 with `--quick`), over 16 connections, from a list into a folder; all of them are checked to be there whole. ' +
  'Whole processes, start-up included; CPU, user and system, is for one file. '

const COMMANDS =
  'trawl: `trawl get --input urls.txt --output-dir DIR --progress none --max-conn-per-target 16`, and with `--pipeline 10`. ' +
  'curl: `curl -q -s --parallel --parallel-immediate --parallel-max 16 -K list`. wget2: `wget2 -q --no-config --no-robots --max-threads 16 -P DIR -i urls.txt`. ' +
  'aria2c: `aria2c --no-conf -q -j 16 -x 1 --file-allocation=none --auto-save-interval=0 --deferred-input=true -d DIR -i urls.txt`. ' +
  `Scrapy: \`scrapy runspider\` with a spider that saves bodies, ${SCRAPY_SETTINGS.map((setting) => `\`${setting}\``).join(', ')}; it is given 4,000, and wget2 15,000, and their wall time is scaled.`

function tools(place: Place): BenchCase['clients'] {
  return {
    trawl: fetching(trawl(), place),
    'trawl --pipeline 10': fetching(trawl('--pipeline', '10'), place),
    curl: fetching(curl, place),
    wget2: fetching(wget2, place, FEWER_WGET2),
    aria2c: fetching(aria2c, place, place === 'disk' ? FEWER : FEWER_WGET2),
    Scrapy: fetching(scrapy, place, FEWER),
  }
}

const SHARED = {
  unit: 'file',
  peer: 'curl',
  onceOnly: ['trawl --pipeline 10', 'Scrapy'],
  quickClients: ['trawl', 'curl'],
  metrics: ['cpu', 'wall', 'perSecond', 'peakRss'],
  maxRounds: 2,
} as const

export const cases: readonly BenchCase[] = [
  {
    ...SHARED,
    quick: true,
    name: 'get',
    title: '`trawl get` of 100,000 small files',
    text:
      `${TEXT}The folder is in the one for temporary files, on a disk: much of the CPU is the file system's. ${COMMANDS} ` +
      `aria2c is given 4,000, its wall time scaled: it waits until each file is on the disk, and has no option against that.${TOOLS}`,
    clients: tools('disk'),
  },
  {
    ...SHARED,
    quick: false,
    maxRounds: 1,
    name: 'get-memory',
    title: '`trawl get` of 100,000 small files, into memory',
    text: `${TEXT}The folder is in ${MEMORY}, so that what the disk does meanwhile has no part. ${COMMANDS} aria2c is given 15,000, too.${TOOLS}`,
    clients: tools('memory'),
  },
]
