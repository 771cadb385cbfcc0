import { ArgumentError, RedirectError, RequestError, type Response, type StreamResponse } from '../index.ts'
import { EXIT, exitCodeOfError, exitCodeOfStatus, isGoodStatus } from './exit-codes.ts'
import { FileError } from './file-error.ts'
import { showUrlText, withoutCredentials } from './item-url.ts'
import type { Outcome } from './outcome.ts'
import { RetryTimeError } from './retry-time.ts'

type AnyResponse = Response | StreamResponse

/** The outcome of which nothing is known yet. */
export function blankOutcome(url: string, line: number): Outcome {
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
    fatal: false,
  }
}

/** What an answer means. `follows`: redirects are. */
export function judge(response: AnyResponse, follows: boolean): Pick<Outcome, 'message' | 'exitCode'> {
  const { status, statusText, redirects, headers } = response
  const exitCode = exitCodeOfStatus(status)
  if (isGoodStatus(status)) return { message: '', exitCode }
  const location = headers.get('location')
  const isLeft = !follows && status < 400 && location !== null
  const to = isLeft ? `, to ${showUrlText(location)}: redirects are not followed without -L` : ''
  const at = redirects.length > 0 ? `, redirected to ${response.url}` : ''
  return { message: `answered ${status}${statusText === '' ? '' : ` ${statusText}`}${at}${to}`, exitCode }
}

export function factsOf(response: AnyResponse): Partial<Outcome> {
  const { cache } = response
  const isStored = cache === 'hit' || cache === 'stale' || cache === 'revalidated'
  return {
    status: response.status,
    finalUrl: response.url,
    redirects: response.redirects.length,
    cache: cache ?? '',
    bytesOnWire: isStored ? 0 : response.bytesOnWire,
    bytesDecoded: response.bytesDecoded,
    headMs: response.timings.head,
    ...(response.timings.total < 0 ? {} : { totalMs: response.timings.total }),
    clientIp: response.clientIp,
    remoteAddress: response.remoteAddress,
    attempt: response.attempt,
  }
}

/** What went wrong, as far as it is not an answer. */
export function failureOf(error: unknown): Partial<Outcome> {
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
  // The URL is one: what is wrong with the request is wrong with every request of the run.
  const fatal = error instanceof ArgumentError || (error instanceof FileError && error.fatal)
  return {
    ...sentBefore(error),
    error: name,
    message: inFlags(String(message ?? error)),
    exitCode: exitCodeOfError(name),
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
