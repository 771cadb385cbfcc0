import {
  ArgumentError,
  RedirectError,
  RequestError,
  type DownloadResult,
  type Response,
  type StreamResponse,
} from '../index.ts'
import { EXIT, exitCodeOfError, exitCodeOfStatus, isGoodStatus } from './exit-codes.ts'
import { isLastingFault } from '../jobs/file-error.ts'
import type { InputItem } from '../jobs/job-item.ts'
import { showUrlText, withoutCredentials } from '../jobs/item-url.ts'
import type { Outcome } from './outcome.ts'
import { RetryTimeError } from './retry-time.ts'

type AnyResponse = Response | StreamResponse

/** One that is being filled in. */
export type OpenOutcome = { -readonly [Name in keyof Outcome]: Outcome[Name] }

/** The outcome of which nothing is known yet. */
export function blankOutcome(url: string, { line, item }: InputItem): OpenOutcome {
  return {
    url,
    finalUrl: '',
    redirects: -1,
    retries: -1,
    cache: '',
    line,
    host: '',
    status: 0,
    error: '',
    message: '',
    exitCode: EXIT.ok,
    bytesOnWire: -1,
    bytesDecoded: -1,
    headMs: -1,
    totalMs: -1,
    clientIp: '',
    remoteAddress: '',
    file: '',
    attempt: 0,
    resumedFrom: 0,
    skipped: false,
    session: item?.session ?? '',
    meta: item?.meta,
    fatal: false,
    unfinished: false,
  }
}

/** Fills in what an answer means. `follows`: redirects are. */
export function judge(outcome: OpenOutcome, response: AnyResponse, follows: boolean): void {
  outcome.exitCode = exitCodeOfStatus(response.status)
  if (!isGoodStatus(response.status)) outcome.message = answered(response, follows)
}

function answered({ status, statusText, redirects, headers, url }: AnyResponse, follows: boolean): string {
  const location = headers.get('location')
  const isLeft = !follows && status < 400 && location !== null
  const to = isLeft ? `, to ${showUrlText(location)}: redirects are not followed without -L` : ''
  const at = redirects.length > 0 ? `, redirected to ${url}` : ''
  return `answered ${status}${statusText === '' ? '' : ` ${statusText}`}${at}${to}`
}

/** Fills in what an answer says of itself. */
export function addFacts(outcome: Partial<OpenOutcome>, response: AnyResponse): void {
  const { cache, timings } = response
  const isStored = cache === 'hit' || cache === 'stale' || cache === 'revalidated'
  outcome.status = response.status
  outcome.finalUrl = response.url
  outcome.redirects = response.redirects.length
  outcome.cache = cache ?? ''
  outcome.bytesOnWire = isStored ? 0 : response.bytesOnWire
  outcome.bytesDecoded = response.bytesDecoded
  outcome.headMs = timings.head
  if (timings.total >= 0) outcome.totalMs = timings.total
  outcome.clientIp = response.clientIp
  outcome.remoteAddress = response.remoteAddress
  outcome.attempt = response.attempt
}

/** Fills in what is known of a file that was gone on with: several answers may have a part in it. */
export function addDownload(outcome: Partial<OpenOutcome>, result: DownloadResult): void {
  outcome.status = result.status
  outcome.finalUrl = result.url
  outcome.bytesOnWire = result.bytesOnWire
  outcome.bytesDecoded = result.size - result.resumedFrom
  outcome.clientIp = result.clientIp
  outcome.remoteAddress = result.remoteAddress
  outcome.retries = (outcome.retries ?? 0) + result.retries
  outcome.resumedFrom = result.resumedFrom
}

/** What went wrong, as far as it is not an answer. `isOwn`: the item says itself what is asked for. */
export function failureOf(error: unknown, isOwn: boolean): Partial<Outcome> {
  if (error instanceof RetryTimeError) {
    return {
      status: error.status,
      message: error.message,
      exitCode: exitCodeOfStatus(error.status),
      file: '',
    }
  }
  const { code, message } = error as { code?: unknown; message?: unknown }
  const name = typeof code === 'string' && code.startsWith('ERR_') ? code : 'ERR_OTHER'
  // The URL is one: what is wrong with the request is wrong with every request of the run, unless it is the item's.
  const fatal = (error instanceof ArgumentError && !isOwn) || isLastingFault(error)
  return {
    ...sentBefore(error),
    error: name,
    message: inFlags(String(message ?? error)),
    // What an item of the list says wrong is no wrong use of the command.
    exitCode: isOwn && name === 'ERR_ARGUMENT' ? EXIT.other : exitCodeOfError(name),
    fatal,
    file: '',
  }
}

/** What an error knows of the request it is about. */
function sentBefore(error: unknown): Partial<Outcome> {
  if (!(error instanceof RequestError)) return {}
  const url = URL.parse(error.url)
  return {
    attempt: error.attempt,
    ...(url === null ? {} : { finalUrl: withoutCredentials(url) }),
    ...(error instanceof RedirectError ? { status: error.status } : {}),
  }
}

const REMEDIES: readonly (readonly [part: string, flag: string])[] = [
  ['tlsOptions.rejectUnauthorized', '-k'],
  ['maxBodySize', '--max-filesize'],
  ['allowInsecureRedirect', '--allow-insecure-redirect'],
  ['maxRedirects', '--max-redirs'],
]

/** The library's remedies in the words of the command. */
function inFlags(message: string): string {
  const remedy = REMEDIES.find(([part]) => message.includes(part))
  return remedy === undefined ? message : `${message} (on the command line: ${remedy[1]})`
}
