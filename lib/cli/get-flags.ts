import { InvalidArgumentError, Option, type Command } from 'commander'
import { usageError } from './cli-error.ts'
import { CLIENT_IP_POLICIES, INPUT_FORMATS } from './get-options.ts'
import { interfaceOption } from './interfaces.ts'
import { CLI_LIMITS } from './limits.ts'
import {
  byteRateOption,
  CACHE_MODES,
  countOption,
  fieldValue,
  headerOption,
  MAX_CONNECTIONS,
  MAX_PIPELINE,
  methodOption,
  pathOption,
  portOption,
  redirectsOption,
  repeatedOption,
  resolveOption,
  secondsOption,
  sizeOption,
} from './options.ts'
import { rateOption } from './rate.ts'
import { RepeatableOption } from './repeatable-option.ts'

/** What `trawl get` can be told, in the groups that its help shows. */
export function addGetOptions(command: Command): Command {
  addFiles(command)
  addJob(command)
  addReports(command)
  addRequest(command)
  addLoops(command)
  addSession(command)
  addNetwork(command)
  addPace(command)
  addLimits(command)
  return command
    .optionsGroup('Other:')
    .option('--config <file>', 'read flags and settings of hosts from a TOML file', pathOption)
    .helpOption('-h, --help', 'show this')
}

function addFiles(command: Command): void {
  command
    .optionsGroup('What is fetched, and where to:')
    .option(
      '--input <file>',
      'a file or URL that says what to fetch, one URL a line or as below; - for standard input',
    )
    .addOption(
      new Option('--input-format <format>', 'what the input is written in')
        .choices(INPUT_FORMATS)
        .default('auto'),
    )
    .option('--no-dedupe', 'fetch a URL as often as the input has it')
    .option('--output-dir <dir>', 'write the bodies to files below this folder', pathOption)
    .option('--force', 'replace files that exist')
    .option('--skip-existing', 'a file that exists counts as done, without a request')
    .option('--discard', 'fetch, and keep no bodies')
    .option('--dry-run', 'fetch nothing; print each URL and its file, with a tab between')
}

function addJob(command: Command): void {
  command
    .optionsGroup('A job that goes on where it stopped:')
    .option('--job <dir>', 'keep a journal there; the same command goes on from it', pathOption)
    .option('--no-fsync', 'do not force journal and files to disk: faster, and lost with the power')
    .option('--max-total-time <seconds>', 'end the run after so long', secondsOption)
    .option(
      '--max-failures <n>',
      'start nothing more after so many failed URLs',
      countOption(CLI_LIMITS.maxFailures),
    )
}

function addReports(command: Command): void {
  command
    .optionsGroup('What is told of it:')
    .addOption(
      new Option('--progress <mode>', 'how progress is shown on standard error')
        .choices(['auto', 'bar', 'plain', 'json', 'none'])
        .default('auto'),
    )
    .option('--report <file>', 'add a JSON line to this file for each URL as it finishes')
    .option('--html-report <file>', 'write a page with plots of the run', pathOption)
    .option('--har <file>', 'write all exchanges as HAR 1.2, for the tools of browsers', pathOption)
    .option('--trace <file>', 'write a Chrome trace, with a row for each connection', pathOption)
    .option('--metrics <port>', 'serve figures for Prometheus on this port of 127.0.0.1', portOption)
}

function addRequest(command: Command): void {
  command
    .optionsGroup('What is sent:')
    .addOption(
      new RepeatableOption('-H, --header <field>', '"Name: value" to send; repeatable').argParser(
        unshown('-H', headerOption),
      ),
    )
    .option('-A, --user-agent <name>', 'the User-Agent to send', fieldValue)
    .option('-X, --request <method>', 'the method; GET, or POST with -d', methodOption)
    .addOption(
      new RepeatableOption(
        '-d, --data <data>',
        'a body to send; @file reads it, @- from standard input; repeatable',
      ).argParser(repeatedOption),
    )
    .option('-u, --user <name:password>', 'sent to each host of the list, to none it redirects to')
    .option('--digest', 'prove the password of -u, instead of sending it')
    .option('--oauth2-bearer <token>', 'a token, sent as -u is')
}

function addLoops(command: Command): void {
  command
    .optionsGroup('Redirects and retries:')
    .option('-L, --location', 'follow redirects')
    .option('--max-redirs <n>', 'most redirects of one URL; -1 for no limit (default: 20)', redirectsOption)
    .option('--allow-insecure-redirect', 'follow redirects from https to http, too')
    .option(
      '--retry <n>',
      'most retries of one URL, after errors and statuses that may pass',
      countOption(CLI_LIMITS.maxTries, 0),
      CLI_LIMITS.retries,
    )
    .option('--retry-max-time <seconds>', 'begin no retry of a URL after so long', secondsOption)
}

function addSession(command: Command): void {
  command
    .optionsGroup('Cookies and cache:')
    .addOption(
      new RepeatableOption(
        '-b, --cookie <data|file>',
        '"name=value; ..." to send, or a file to read; repeatable',
      ).argParser(repeatedOption),
    )
    .option('-c, --cookie-jar <file>', 'write the cookies there at the end; .json keeps all of them')
    .option('--cache <file>', 'keep answers in this file, and answer from it what is fresh')
    .addOption(
      new Option('--cache-mode <mode>', 'as in fetch; replay answers from it for ever').choices(CACHE_MODES),
    )
}

function addNetwork(command: Command): void {
  command
    .optionsGroup('Network:')
    .option('-x, --proxy <url>', 'the proxy: http, https, socks5 or socks5h; default: the environment')
    .option('-U, --proxy-user <name:password>', 'for the proxy')
    .option('--noproxy <hosts>', 'without proxy to these, with commas between; * for all')
    .addOption(
      new RepeatableOption(
        '--client-ip <ip>',
        'address or interface to ask from; several, with commas between, take turns; repeatable',
      ).argParser(interfaceOption),
    )
    .addOption(new RepeatableOption('--interface <ip>', 'the same, as in curl').argParser(interfaceOption))
    .addOption(
      new Option('--client-ip-policy <policy>', 'who asks next; sticky: one for each session').choices(
        CLIENT_IP_POLICIES,
      ),
    )
    .option(
      '--move-after-refusal',
      'retry from another client IP after 403 and 429; with several the default',
    )
    .option('--no-move-after-refusal', 'take a 403 for an answer')
    .addOption(
      new RepeatableOption(
        '--resolve <host:port:addr>',
        'addresses of a host, * for all that are not named; repeatable',
      ).argParser(resolveOption),
    )
    .option('-k, --insecure', 'do not verify TLS certificates')
}

function addPace(command: Command): void {
  command
    .optionsGroup('Pace:')
    .option('--rate <n/unit>', 'requests in all, as 10/s, 100/m, 5/h; N alone is per hour', rateOption)
    .option('--rate-per-host <n/unit>', 'requests to one target', rateOption)
    .option('--auto-throttle', 'ask each target as fast as it answers, one at a time on average')
    .option('--limit-rate <bytes>', 'bytes a second in all; k, M and G for units', byteRateOption)
    .option('--limit-rate-per-host <bytes>', 'bytes a second from one target', byteRateOption)
    .option('--stall-limit <seconds>', 'give up a host that answers 429 and 503 only', secondsOption)
}

function addLimits(command: Command): void {
  command
    .optionsGroup('Limits:')
    .option('--max-conn <n>', 'connections in all', countOption(MAX_CONNECTIONS))
    .option('--max-conn-per-target <n>', 'connections to one target', countOption(MAX_CONNECTIONS))
    .option('--pipeline <n>', 'requests in flight on one connection', countOption(MAX_PIPELINE))
    .option('--connect-timeout <seconds>', 'most for name lookup, TCP and TLS together', secondsOption)
    .option('--max-time <seconds>', 'most for one URL, from when its turn comes, with retries', secondsOption)
    .option('-Y, --speed-limit <bytes>', 'give bodies up that come at fewer bytes a second', sizeOption)
    .option('-y, --speed-time <seconds>', 'what --speed-limit is measured over (default: 30)', secondsOption)
    .option('--max-filesize <bytes>', 'most for one body, decoded; k, M and G for units', sizeOption)
}

/** The same, without its value in the message: it may be a password. */
function unshown<T>(
  flag: string,
  parse: (value: string, previous?: T) => T,
): (value: string, previous?: T) => T {
  return (value, previous) => {
    try {
      return parse(value, previous)
    } catch (error) {
      throw error instanceof InvalidArgumentError ? usageError(`${flag}: ${error.message}`, error) : error
    }
  }
}
