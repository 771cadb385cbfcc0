import { realpathSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { addGetOptions } from './get-flags.ts'
import { parseItemUrl } from '../jobs/item-url.ts'

/** How a job was run last: for `trawl job DIR --retry-failed`. */
export interface JobCommandLine {
  readonly cwd: string
  readonly argv: readonly string[]
}

const VERSION = 1

export function commandPath(dir: string): string {
  return join(dir, 'command.json')
}

/**
 * What is kept of a command line, as the text of a file; null: nothing, where it has what should not lie on a disk, or
 * cannot be given again. A secret in the file of --config, in the environment or in an input file stays there, and so is no
 * reason.
 */
export function keptCommand(argv: readonly string[], cwd: string): string | null {
  const command = parse(argv)
  if (command === null) return null
  const given = command.options.filter((option) => {
    return command.getOptionValueSource(option.attributeName()) === 'cli'
  })
  const keeps = given.every((option) => {
    const isSafe = KEPT.get(option.long!.replace(/^--no-/u, '--'))
    return isSafe !== undefined && isSafe(command.getOptionValue(option.attributeName()))
  })
  if (!keeps || !command.args.every(hasNoPassword)) return null
  return `${JSON.stringify({ version: VERSION, cwd, argv })}\n`
}

/** The command line that a job's folder has; null: none was kept, or it is of another folder. */
export async function readCommand(
  dir: string,
  read: (path: string) => Promise<string>,
): Promise<JobCommandLine | null> {
  try {
    const { version, cwd, argv: given } = JSON.parse(await read(commandPath(dir))) as Record<string, unknown>
    if (version !== VERSION || typeof cwd !== 'string' || !Array.isArray(given)) return null
    const argv = given.map(String)
    // A folder that was moved since has the old name in it: the list would be fetched anew, to there.
    const job: unknown = parse(argv)?.getOptionValue('job')
    if (typeof job !== 'string' || realpathSync(resolve(cwd, job)) !== realpathSync(dir)) return null
    return { cwd, argv }
  } catch {
    return null
  }
}

/** null: it is none of `trawl get`. */
function parse(argv: readonly string[]): Command | null {
  if (argv[0] !== 'get') return null
  const command = new Command('get').argument('[urls...]').exitOverride()
  command.configureOutput({ writeOut: () => undefined, writeErr: () => undefined })
  try {
    return addGetOptions(command).parse(argv.slice(1), { from: 'user' })
  } catch {
    return null
  }
}

type IsSafe = (value: unknown) => boolean

const always: IsSafe = () => true

/**
 * The flags that may be kept, and with which values. Of those that are not here nobody has said that they hold no secret:
 * -u, --oauth2-bearer and -U do.
 */
export const KEPT: ReadonlyMap<string, IsSafe> = new Map<string, IsSafe>([
  ['--input', isLastingInput],
  // A file is named, and what is in it stays there.
  ['--data', (value) => (value as readonly string[]).every((text) => text.startsWith('@') && text !== '@-')],
  ['--cookie', (value) => (value as readonly string[]).every((text) => !text.includes('='))],
  ['--header', (value) => (value as readonly [string, string][]).every(isPlainField)],
  ['--proxy', (value) => !String(value).includes('@')],
  ...[
    '--input-format',
    '--dedupe',
    '--output-dir',
    '--force',
    '--skip-existing',
    '--discard',
    '--job',
    '--fsync',
    '--max-total-time',
    '--max-failures',
    '--progress',
    '--report',
    '--html-report',
    '--har',
    '--trace',
    '--metrics',
    '--user-agent',
    '--request',
    '--digest',
    '--location',
    '--max-redirs',
    '--allow-insecure-redirect',
    '--retry',
    '--retry-max-time',
    '--cookie-jar',
    '--cache',
    '--cache-mode',
    '--noproxy',
    '--client-ip',
    '--interface',
    '--client-ip-policy',
    '--move-after-refusal',
    '--resolve',
    '--insecure',
    '--rate',
    '--rate-per-host',
    '--auto-throttle',
    '--limit-rate',
    '--limit-rate-per-host',
    '--stall-limit',
    '--max-conn',
    '--max-conn-per-target',
    '--pipeline',
    '--connect-timeout',
    '--max-time',
    '--speed-limit',
    '--speed-time',
    '--max-filesize',
    '--config',
  ].map((flag): [string, IsSafe] => [flag, always]),
])

/** Fields that say what is wanted, and not who wants it. Whoever makes a service may call its key what they like. */
const PLAIN_FIELDS: ReadonlySet<string> = new Set([
  'accept',
  'accept-charset',
  'accept-encoding',
  'accept-language',
  'cache-control',
  'connection',
  'content-type',
  'dnt',
  'expect',
  'if-modified-since',
  'if-none-match',
  'pragma',
  'priority',
  'range',
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-user',
  'sec-gpc',
  'te',
  'upgrade-insecure-requests',
  'user-agent',
  'x-requested-with',
])

function isPlainField([name, value]: readonly [string, string]): boolean {
  return PLAIN_FIELDS.has(name.toLowerCase()) || value === ''
}

/** A pipe gives its list once. */
function isLastingInput(value: unknown): boolean {
  const input = String(value)
  return input !== '-' && !/^\/(?:dev|proc)\//u.test(input) && hasNoPassword(input)
}

/** The query is in the journal beside it, too: what is asked for is no secret from who reads there. */
function hasNoPassword(text: string): boolean {
  const url = parseItemUrl(text)
  return typeof url === 'string' || (url.username === '' && url.password === '')
}
