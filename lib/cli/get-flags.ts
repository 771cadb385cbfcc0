import { InvalidArgumentError, Option, type Command } from 'commander'
import { usageError } from './cli-error.ts'
import { interfaceOption } from './interfaces.ts'
import { CLI_LIMITS } from './limits.ts'
import {
  CACHE_MODES,
  countOption,
  fieldValue,
  headerOption,
  MAX_CONNECTIONS,
  MAX_PIPELINE,
  methodOption,
  redirectsOption,
  repeatedOption,
  resolveOption,
  secondsOption,
  sizeOption,
} from './options.ts'
import { rateOption } from './rate.ts'

/** What `trawl get` can be told, in the groups that its help shows. */
export function addGetOptions(command: Command): Command {
  addFiles(command)
  addRequest(command)
  addLoops(command)
  addSession(command)
  addNetwork(command)
  addLimits(command)
  return command.optionsGroup('Other:').helpOption('-h, --help', 'show this')
}

function addFiles(command: Command): void {
  command
    .optionsGroup('What is fetched, and where to:')
    .option('--input <file>', 'read URLs from a file, one a line, # for comments; - for standard input')
    .option('--output-dir <dir>', 'write the bodies to files below this folder')
    .option('--force', 'replace files that exist')
    .option('--report <file>', 'add a JSON line to this file for each URL as it finishes')
    .addOption(
      new Option('--progress <mode>', 'how progress is shown on standard error')
        .choices(['auto', 'bar', 'plain', 'none'])
        .default('auto'),
    )
}

function addRequest(command: Command): void {
  command
    .optionsGroup('What is sent:')
    .option('-H, --header <field>', '"Name: value" to send; repeatable', unshown('-H', headerOption))
    .option('-A, --user-agent <name>', 'the User-Agent to send', fieldValue)
    .option('-X, --request <method>', 'the method; GET, or POST with -d', methodOption)
    .option('-d, --data <data>', 'a body to send; @file reads it, @- from standard input', repeatedOption)
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
    .option(
      '-b, --cookie <data|file>',
      '"name=value; ..." to send, or a file to read; repeatable',
      repeatedOption,
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
    .option('-x, --proxy <url>', 'http, https, socks5 or socks5h; default: the environment, as curl')
    .option('-U, --proxy-user <name:password>', 'for the proxy')
    .option('--noproxy <hosts>', 'without proxy to these, with commas between; * for all')
    .option(
      '--interface <ip>',
      'address or interface to ask from; several take turns; repeatable',
      interfaceOption,
    )
    .option('--resolve <host:port:addr>', 'addresses of a host, * for all that are not named', resolveOption)
    .option('-k, --insecure', 'do not verify TLS certificates')
}

function addLimits(command: Command): void {
  command
    .optionsGroup('Limits:')
    .option('--max-conn <n>', 'connections in all', countOption(MAX_CONNECTIONS))
    .option('--max-conn-per-target <n>', 'connections to one target', countOption(MAX_CONNECTIONS))
    .option('--pipeline <n>', 'requests in flight on one connection', countOption(MAX_PIPELINE))
    .option('--rate <n/unit>', 'requests to one target, as 10/s, 100/m, 5/h; N alone is per hour', rateOption)
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
