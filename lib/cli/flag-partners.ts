import { usageError } from './cli-error.ts'
import { clientIpsOf, type Flags } from './flags.ts'
import type { GetOptions } from './get-options.ts'
import { isOfJob, realPath } from './job-names.ts'

/** Flags that would do nothing, or undo each other: whoever gives them means something else. Throws a CliError. */
export function checkPartners(urls: readonly string[], flags: Flags, hosts: GetOptions['hosts'] = {}): void {
  checkInput(urls, flags)
  checkOutput(flags)
  checkFiles(flags)
  checkLoops(flags)
  checkClientIps(flags)
  checkPace(flags, hosts)
}

function checkInput(urls: readonly string[], { input, inputFormat, dedupe }: Flags): void {
  if (input !== undefined) return
  if (inputFormat !== 'auto') {
    throw usageError(`--input-format ${inputFormat} needs an input; add --input FILE`)
  }
  if (!dedupe && urls.length < 2) {
    throw usageError('--no-dedupe needs more than one URL; add --input FILE, or leave it out')
  }
}

function checkOutput(flags: Flags): void {
  const { outputDir, force, skipExisting, discard, job, fsync } = flags
  if (discard === true && outputDir !== undefined) {
    throw usageError('--discard keeps no bodies, and --output-dir keeps them; leave one of them out')
  }
  if (outputDir === undefined && force === true) {
    throw usageError('--force needs files to replace; add --output-dir DIR, or leave it out')
  }
  if (outputDir === undefined && skipExisting === true) {
    throw usageError('--skip-existing needs files to look for; add --output-dir DIR, or leave it out')
  }
  if (force === true && skipExisting === true) {
    throw usageError('--force replaces files that --skip-existing keeps; leave one of them out')
  }
  if (job === undefined && !fsync) {
    throw usageError('--no-fsync needs a journal; add --job DIR, or leave it out')
  }
  if (job !== undefined && force === true) {
    throw usageError(
      '--force would replace what --job has fetched each time it goes on; leave --force out, or empty the folder',
    )
  }
}

/** What is written, or added to, at a path of the user's: each is a file of its own, and none is read, too. */
function checkFiles(flags: Flags): void {
  const { input = '', job = '' } = flags
  const written: [flag: string, path: string | undefined][] = [
    ['--report', flags.report],
    ['--html-report', flags.htmlReport],
    ['--har', flags.har],
    ['--trace', flags.trace],
    ['--cookie-jar', flags.cookieJar],
    ['--cache', flags.cache],
  ]
  const taken = new Map<string, string>()
  if (input !== '' && input !== '-') taken.set(realPath(input), 'the input')
  for (const [flag, path = ''] of written) {
    // A device, such as /dev/null, takes what it is given from anybody.
    if (path === '' || path === '-' || path.startsWith('/dev/')) continue
    if (isOfJob(path, job))
      throw usageError(`${flag} ${path} is a file of the job itself; give it another name`)
    const real = realPath(path)
    const other = taken.get(real)
    if (other !== undefined) throw usageError(`${path} is ${other} too; choose another ${flag}`)
    taken.set(real, flag)
  }
}

function checkLoops({ location, maxRedirs, allowInsecureRedirect, ...flags }: Flags): void {
  if (location !== true && maxRedirs !== undefined) {
    throw usageError('--max-redirs needs redirects to be followed; add -L, or leave it out')
  }
  if (location !== true && allowInsecureRedirect === true) {
    throw usageError('--allow-insecure-redirect needs redirects to be followed; add -L, or leave it out')
  }
  if (flags.retry === 0 && flags.retryMaxTime !== undefined) {
    throw usageError('--retry-max-time needs retries; leave --retry 0 out, or --retry-max-time')
  }
  if (flags.cache === '') throw usageError('--cache has no file name; give one')
  if (flags.cache === undefined && flags.cacheMode !== undefined) {
    throw usageError(`--cache-mode ${flags.cacheMode} needs a cache; add --cache FILE`)
  }
}

function checkClientIps(flags: Flags): void {
  const { length } = clientIpsOf(flags)
  if (length > 1 && flags.proxy !== undefined && flags.proxy !== '') {
    throw usageError(
      `${length} client IPs are given, and -x: servers see the proxy's address only; give one, or leave -x out`,
    )
  }
  if (length < 2 && flags.clientIpPolicy !== undefined) {
    throw usageError(
      `--client-ip-policy ${flags.clientIpPolicy} needs several addresses; add --client-ip IP,IP`,
    )
  }
  if (length < 2 && flags.moveAfterRefusal === true) {
    throw usageError('--move-after-refusal needs an address to move to; add --client-ip IP,IP')
  }
  if (flags.retry === 0 && flags.moveAfterRefusal === true) {
    throw usageError('--move-after-refusal needs retries; leave --retry 0 out, or --move-after-refusal')
  }
}

function checkPace(flags: Flags, hosts: NonNullable<GetOptions['hosts']>): void {
  const { rate = 0, ratePerHost = 0, maxTime = 0, speedLimit = 0 } = flags
  checkGap('', Math.max(rate, ratePerHost), maxTime)
  for (const [pattern, { pacing }] of Object.entries(hosts)) {
    checkGap(` of ${pattern.slice(0, 64)}`, pacing?.minInterval ?? 0, maxTime)
  }
  const most = Math.min(flags.limitRate ?? Infinity, flags.limitRatePerHost ?? Infinity)
  if (speedLimit > most) {
    throw usageError(
      `--speed-limit ${speedLimit} gives up what --limit-rate ${most} lets through; make it lower than that`,
    )
  }
}

/** ms; `whose`: behind "a rate". */
function checkGap(whose: string, gap: number, maxTime: number): void {
  if (maxTime === 0 || gap * 2 <= maxTime) return
  throw usageError(
    `--max-time ${maxTime / 1000} is too short for a rate${whose} of one in ${Number((gap / 1000).toFixed(3))} s, ` +
      'since the wait counts; make it at least twice as long, or the rate faster',
  )
}
