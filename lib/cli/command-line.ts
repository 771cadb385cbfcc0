import type { Writable } from 'node:stream'
import { Command, CommanderError, Option } from 'commander'
import { version } from '../index.ts'
import { CliError } from './cli-error.ts'
import { EXIT, type ExitCode } from './exit-codes.ts'
import { parseItemUrl } from './item-url.ts'
import {
  addressOption,
  countOption,
  dataOption,
  fieldValue,
  headerOption,
  MAX_CONNECTIONS,
  MAX_PIPELINE,
  methodOption,
  resolveOption,
  secondsOption,
  sizeOption,
  type GetOptions,
} from './options.ts'
import { readRequestData } from './request-data.ts'

/** Where the command reads and writes. */
export interface CommandIo {
  readonly stdin: AsyncIterable<Uint8Array>
  readonly stdout: Writable
  readonly stderr: Writable
}

/** Options as commander gives them. */
interface Flags {
  readonly input?: string
  readonly outputDir?: string
  readonly force?: boolean
  readonly report?: string
  readonly progress: GetOptions['progress']
  readonly request?: string
  readonly header?: readonly [string, string][]
  readonly userAgent?: string
  readonly data?: readonly string[]
  readonly maxConn?: number
  readonly maxConnPerTarget?: number
  readonly pipeline?: number
  readonly clientIp?: string
  readonly connectTimeout?: number
  readonly maxTime?: number
  readonly maxFilesize?: number
  readonly insecure?: boolean
  readonly resolve?: ReadonlyMap<string, readonly string[]>
}

const EXAMPLES = `
Examples:
  trawl get https://example.com/ > page.html
  trawl get --input urls.txt --output-dir pages --report report.jsonl
  cat urls.txt | trawl get --input - --output-dir pages --max-conn-per-target 2

An answer other than 2xx counts as failed and is not stored; redirects are not followed.
A file is named after its URL, host/path/name, and appears when it is whole.
Ctrl-C finishes what is under way, a second one aborts it; files and report stay.

Exit code, as wget's; the lowest but 0 wins:
  0 all fetched  1 other  2 usage  3 file  4 network  5 TLS  6 authentication  7 protocol
  8 error status  130 interrupted
`

/** Reads the arguments and runs the command they name. Resolves with the exit code. */
export async function runCommandLine(
  argv: readonly string[],
  io: CommandIo,
  get: (options: GetOptions) => Promise<ExitCode>,
): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT.ok
  const program = new Command('trawl')
    .description('An HTTP/1.1 client for scraping.')
    .version(version)
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) })
    .showHelpAfterError('(trawl --help and trawl get --help tell more)')
  getCommand(program).action(async (urls: string[], flags: Flags) => {
    exitCode = await get(await checkOptions(urls, flags, io))
  })
  try {
    await program.parseAsync(argv, { from: 'user' })
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error
    return error.exitCode === 0 ? EXIT.ok : EXIT.usage
  }
  return exitCode
}

function getCommand(program: Command): Command {
  return program
    .command('get')
    .description('Fetch URLs: to files, or one of them to standard output.')
    .argument('[urls...]', 'URLs to fetch')
    .option('--input <file>', 'read URLs from a file, one a line, # for comments; - for standard input')
    .option('--output-dir <dir>', 'write the bodies to files below this folder')
    .option('--force', 'replace files that exist')
    .option('--report <file>', 'add a JSON line to this file for each URL as it finishes')
    .addOption(
      new Option('--progress <mode>', 'how progress is shown on standard error')
        .choices(['auto', 'bar', 'plain', 'none'])
        .default('auto'),
    )
    .option('-H, --header <field>', '"Name: value" to send; repeatable', headerOption)
    .option('-A, --user-agent <name>', 'the User-Agent to send', fieldValue)
    .option('-X, --request <method>', 'the method; GET, or POST with -d', methodOption)
    .option('-d, --data <data>', 'a body to send; @file reads it, @- from standard input', dataOption)
    .option('--max-conn <n>', 'connections in all', countOption(MAX_CONNECTIONS))
    .option('--max-conn-per-target <n>', 'connections to one target', countOption(MAX_CONNECTIONS))
    .option('--pipeline <n>', 'requests in flight on one connection', countOption(MAX_PIPELINE))
    .option('--client-ip <ip>', 'local address to bind connections to', addressOption)
    .option('--resolve <host:port:addr>', 'addresses of a host, * for all that are not named', resolveOption)
    .option('--connect-timeout <seconds>', 'most for name lookup, TCP and TLS together', secondsOption)
    .option('--max-time <seconds>', 'most for one URL, from when its turn comes', secondsOption)
    .option('--max-filesize <bytes>', 'most for one body, decoded; k, M and G for units', sizeOption)
    .option('-k, --insecure', 'do not verify TLS certificates')
    .addHelpText('after', EXAMPLES)
}

/** What options have to do with each other. */
async function checkOptions(urls: readonly string[], flags: Flags, io: CommandIo): Promise<GetOptions> {
  const input = flags.input ?? ''
  const outputDir = flags.outputDir ?? ''
  if (urls.length === 0 && input === '') throw usage('nothing to fetch; give URLs, or --input FILE')
  for (const text of urls) {
    const url = parseItemUrl(text)
    if (typeof url === 'string') throw usage(url)
  }
  const method = flags.request ?? (flags.data === undefined ? 'GET' : 'POST')
  if (outputDir === '' && method !== 'HEAD' && (urls.length !== 1 || input !== '')) {
    throw usage('several bodies do not go to standard output; give --output-dir DIR')
  }
  if (input === '-' && flags.data?.includes('@-') === true) {
    throw usage('standard input is used twice, by --input - and -d @-; put one of them in a file')
  }
  return {
    urls,
    input,
    outputDir,
    force: flags.force ?? false,
    report: flags.report ?? '',
    progress: flags.progress,
    method,
    headers: headersOf(flags),
    body: await readRequestData(flags.data ?? [], io),
    maxConn: flags.maxConn,
    maxConnPerTarget: flags.maxConnPerTarget,
    pipeline: flags.pipeline,
    clientIp: flags.clientIp,
    connectTimeout: flags.connectTimeout,
    maxTime: flags.maxTime,
    maxFileSize: flags.maxFilesize,
    insecure: flags.insecure ?? false,
    resolve: flags.resolve ?? new Map(),
  }
}

function headersOf(flags: Flags): [string, string][] {
  const headers = [...(flags.header ?? [])]
  const has = (name: string): boolean => headers.some(([given]) => given.toLowerCase() === name)
  if (flags.userAgent !== undefined && has('user-agent'))
    throw usage('the User-Agent is given twice, by -A and -H; give one')
  if (flags.userAgent !== undefined) headers.push(['User-Agent', flags.userAgent])
  if (flags.data !== undefined && !has('content-type')) {
    headers.push(['Content-Type', 'application/x-www-form-urlencoded'])
  }
  return headers
}

function usage(message: string): CliError {
  return new CliError(EXIT.usage, message)
}
