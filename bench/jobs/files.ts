import { accessSync, constants, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { builtTrawl } from '../commands/built-trawl.ts'
import { missing, runCommand } from '../commands/run-command.ts'
import type { BenchCase, Effort } from '../measure.ts'
import { bytesOf, checkMixed, mixedList } from './mixed-files.ts'

const COUNT = 20_000
const QUICK_COUNT = 2_000
/** Connections of each tool. */
const WIDTH = '50'
const MEMORY = '/dev/shm'

type Client = BenchCase['clients'][string]

/** Fetches `count` files into `files`; `state`: where a tool may keep what it needs to go on. */
type Recipe = (
  effort: Effort,
  count: number,
  files: string,
  state: string,
) => Promise<readonly [program: string, ...args: string[]]>

/** Where the files go: beside the site's own, or into memory. */
type Place = 'disk' | 'memory'

function fetching(recipe: Recipe, place: Place): Client {
  return async (effort) => {
    if (place === 'memory' && !hasMemory()) return {}
    const count = effort.quick ? QUICK_COUNT : COUNT
    const folder = mkdtempSync(join(place === 'disk' ? effort.site.folder : MEMORY, 'trawl-bench-files-'))
    const files = join(folder, 'files')
    try {
      mkdirSync(files)
      const [program, ...args] = await recipe(effort, count, files, join(folder, 'state'))
      const cost = await runCommand(program, args, { cwd: files })
      if (cost === null) return {}
      checkMixed(files, count)
      const { cpu, wall, peakRss } = cost
      return { cpu: cpu / count, wall, perSecond: (count * 1_000) / wall, peakRss }
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
  async ({ site }, count, files, state) => {
    const main = join(await builtTrawl(site.folder), 'cli/main.js')
    const own = ['--input', mixedList(site, 'urls', count), '--output-dir', files, '--progress', 'none']
    const job = flags.map((flag) => (flag === 'DIR' ? state : flag))
    return [process.execPath, main, 'get', ...own, '--max-conn-per-target', WIDTH, ...job]
  }

/** In the folder that it runs in: its list names files without their folder. */
const curl: Recipe = async ({ site }, count) => {
  const parallel = ['--parallel', '--parallel-immediate', '--parallel-max', WIDTH]
  return ['curl', '-q', '-s', ...parallel, '-K', mixedList(site, 'curl', count)]
}

const wget2: Recipe = async ({ site }, count, files) => {
  const own = ['-q', '--no-config', '--no-robots', '--max-threads', WIDTH]
  return ['wget2', ...own, '-P', files, '-i', mixedList(site, 'urls', count)]
}

const ARIA2_TUNED = ['--file-allocation=none', '--auto-save-interval=0', '--deferred-input=true']

const aria2c: Recipe = async ({ site }, count, files) => {
  const own = ['--no-conf', '-q', '-j', WIDTH, '-x', '1', '-s', '1', ...ARIA2_TUNED]
  return ['aria2c', ...own, '-d', files, '-i', mixedList(site, 'urls', count)]
}

const TOOLS = missing([
  { name: 'curl', package: 'curl' },
  { name: 'wget2', package: 'wget2' },
  { name: 'aria2c', package: 'aria2' },
])

const TEXT =
  `20,000 files, ${Math.round(bytesOf(COUNT) / 1e6)} MB in all, from one nginx (2,000 with \`--quick\`), over 50 connections: 1 to 30 KB, as many below 5 KB as above, ` +
  'and 50 files of 1 MB. Each byte of each file is compared after each run. Whole processes, start-up included; CPU, user and system, is for one file. '

const COMMANDS =
  'trawl: `trawl get --input urls.txt --output-dir DIR --progress none --max-conn-per-target 50`; with `--job STATE` it forces files and journal to the disk, and can ' +
  'be killed at any moment; with `--no-fsync` only a loss of power is not provided for. ' +
  'curl: `curl -q -s --parallel --parallel-immediate --parallel-max 50 -K list`. wget2: `wget2 -q --no-config --no-robots --max-threads 50 -P DIR -i urls.txt`. ' +
  `aria2c: \`aria2c --no-conf -q -j 50 -x 1 -s 1 ${ARIA2_TUNED.join(' ')} -d DIR -i urls.txt\`; it has the disk confirm each file, and no option against that.`

function tools(place: Place): BenchCase['clients'] {
  return {
    trawl: fetching(trawl(), place),
    'trawl --job': fetching(trawl('--job', 'DIR'), place),
    'trawl --job --no-fsync': fetching(trawl('--job', 'DIR', '--no-fsync'), place),
    curl: fetching(curl, place),
    wget2: fetching(wget2, place),
    aria2c: fetching(aria2c, place),
  }
}

const SHARED = {
  unit: 'file',
  peer: 'curl',
  quick: true,
  metrics: ['cpu', 'wall', 'perSecond', 'peakRss'],
} as const

export const cases: readonly BenchCase[] = [
  {
    ...SHARED,
    name: 'files-memory',
    title: '20,000 files of mixed sizes, into memory',
    text: `${TEXT}Into ${MEMORY}, so that what the disk does meanwhile has no part. ${COMMANDS}${TOOLS}`,
    clients: tools('memory'),
  },
  {
    ...SHARED,
    name: 'files-disk',
    title: '20,000 files of mixed sizes, onto a disk',
    text: `The same, into the folder for temporary files.`,
    maxRounds: 2,
    onceOnly: ['aria2c'],
    clients: tools('disk'),
  },
]
