import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { builtTrawl } from '../commands/built-trawl.ts'
import { missing, runCommand } from '../commands/run-command.ts'
import type { BenchCase, Effort } from '../measure.ts'
import { BODY_SIZES } from '../site.ts'

/** Starts one after the other that make one sample: CPU is told in steps of 10 ms. */
const STARTS = 20
const QUICK_STARTS = 5

type Client = BenchCase['clients'][string]
type Recipe = (effort: Effort) => Promise<readonly [program: string, ...args: string[]]>

const root = join(import.meta.dirname, '../..')

/** Starts it so many times in a row, by a shell, and shares what that took; `answer`: bytes that each start writes. */
function starting(recipe: Recipe, answer?: number): Client {
  return async (effort) => {
    const [program, ...args] = await recipe(effort)
    const first = await runCommand(program, args, { keepsOutput: true })
    if (first === null) return {}
    if (answer !== undefined && first.stdout.length !== answer) {
      throw new Error(`${program} wrote ${first.stdout.length} bytes instead of ${answer}`)
    }
    const starts = effort.quick ? QUICK_STARTS : STARTS
    const loop = `i=0; while [ $i -lt ${starts} ]; do "$@" || exit 1; i=$((i + 1)); done`
    const cost = await runCommand('sh', ['-c', loop, 'sh', program, ...args])
    if (cost === null) return {}
    return { cpu: cost.cpu / starts, wall: cost.wall / starts, peakRss: cost.peakRss }
  }
}

const emptyNode: Recipe = async () => [process.execPath, '--input-type=module', '-e', '']

/** By its file, as a bare name is looked up from where the process stands. */
const importing =
  (fileOf: (effort: Effort) => Promise<string>): Recipe =>
  async (effort) => {
    const url = pathToFileURL(await fileOf(effort)).href
    return [process.execPath, '--input-type=module', '-e', `import ${JSON.stringify(url)}`]
  }

const peer = (path: string): Recipe => importing(async () => join(root, 'node_modules', path))

const trawl =
  (...args: string[]): Recipe =>
  async ({ site }) => [process.execPath, join(await builtTrawl(site.folder), 'cli/main.js'), ...args]

const small = ({ site }: Effort): string => `${site.origin}/small`
const SMALL = BODY_SIZES['/small']

const SHARED = { unit: 'start', quick: true, maxRounds: 2, metrics: ['wall', 'cpu', 'peakRss'] } as const

const TEXT =
  'Twenty processes one after the other (five with `--quick`); *ms in all* and CPU are for one. The floor is an empty Node.'

const TOOLS = missing([
  { name: 'curl', package: 'curl' },
  { name: 'wget2', package: 'wget2' },
])

export const cases: readonly BenchCase[] = [
  {
    ...SHARED,
    name: 'import',
    title: 'Import of the library',
    text:
      `${TEXT} \`node --input-type=module -e 'import "…"'\` of the package as it is installed, and as an *empty node* without the import. ` +
      'No client is made, and no compile cache is used.',
    floor: 'empty node',
    quickClients: ['empty node', 'trawl', 'undici'],
    clients: {
      'empty node': starting(emptyNode),
      trawl: starting(importing(async ({ site }) => join(await builtTrawl(site.folder), 'index.js'))),
      undici: starting(peer('undici/index.js')),
      got: starting(peer('got/dist/source/index.js')),
      axios: starting(peer('axios/index.js')),
    },
  },
  {
    ...SHARED,
    name: 'command',
    title: 'Start of the command',
    text: `${TEXT} What is printed goes to nothing.${TOOLS}`,
    peer: 'curl --version',
    floor: 'empty node',
    quickClients: ['empty node', 'trawl --version', 'curl --version'],
    clients: {
      'empty node': starting(emptyNode),
      'trawl --version': starting(trawl('--version')),
      'trawl --help': starting(trawl('--help')),
      'trawl get --help': starting(trawl('get', '--help')),
      'curl --version': starting(async () => ['curl', '-q', '--version']),
      'wget2 --version': starting(async () => ['wget2', '--no-config', '--version']),
    },
  },
  {
    ...SHARED,
    name: 'command-one',
    title: 'The command for one URL',
    text: `${TEXT} 128 bytes of nginx to standard output: \`trawl get URL\`, \`curl -q -s URL\`, \`wget2 -q --no-config --no-robots -O - URL\`.${TOOLS}`,
    peer: 'curl',
    floor: 'empty node',
    quickClients: ['empty node', 'trawl get', 'curl'],
    clients: {
      'empty node': starting(emptyNode),
      'trawl get': starting(async (effort) => await trawl('get', small(effort))(effort), SMALL),
      curl: starting(async (effort) => ['curl', '-q', '-s', small(effort)], SMALL),
      wget2: starting(
        async (effort) => ['wget2', '-q', '--no-config', '--no-robots', '-O', '-', small(effort)],
        SMALL,
      ),
    },
  },
]
