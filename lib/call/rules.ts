import type { CacheMode } from '../cache/cache-request.ts'
import type { ErrorCode, RequestError } from '../core/errors.ts'
import type { ExchangeTimeouts } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'
import { SECRET_FIELDS } from './request/hop-fields.ts'
import type { ProgressCallback } from './progress.ts'
import type { RedirectMode, RedirectRules } from './redirect.ts'
import type { ClientDefaults, RequestOptions, SharedOptions } from './request/request-options.ts'
import type { Response } from './response/response.ts'
import {
  backoffDelay,
  isRetryableError,
  isRetryableStatus,
  RETRY_ERRORS,
  RETRY_STATUSES,
  retryAfterOf,
  type RetryRules,
} from './retry.ts'
import type { StreamResponse } from './response/stream-response.ts'

/** Why a call is tried again. */
export type RetryReason =
  | { readonly kind: 'status'; readonly status: number }
  | { readonly kind: 'error'; readonly error: RequestError }

/** What `modifyRequest` gets and may give back: a request, as `client.request` takes it. */
export type RetriedRequest = RequestOptions & { url: string }

/**
 * Asked before each retry. `attempt` is 2 for the first. It may change `request`, or return another. A
 * proxy that was chosen by a function is chosen anew; the client IP stays, unless it gives another one or
 * another session. Where the URL leads to another origin, secrets stay behind as after a redirect.
 */
export type ModifyRequest = (
  request: RetriedRequest,
  attempt: number,
  why: RetryReason,
) => RetriedRequest | void | Promise<RetriedRequest | void>

/** Looks at each response before the caller gets it; what it throws rejects the call. */
export type Validate = (response: Response | StreamResponse) => void | Promise<void>

/** What a call's loops go by. One object is shared by all requests that agree. */
export interface CallRules extends RedirectRules, RetryRules {
  /** Fields that stay behind on the way to another origin; lower case. */
  readonly secretFields: ReadonlySet<string>
  readonly cacheMode: CacheMode
  readonly expectSuccess: boolean
  readonly validate: Validate | null
  readonly modifyRequest: ModifyRequest | null
  readonly onDownloadProgress: ProgressCallback | null
  readonly timeouts: ExchangeTimeouts
  /** ms; 0: none. */
  readonly totalTimeout: number
  readonly maxBodySize: number
  readonly maxDecodeRatio: number
  readonly decompress: boolean
}

/** What a loop around whole requests goes by. */
export interface LoopRules {
  readonly maxRetries: number
  readonly totalTimeout: number
  readonly maxBodySize: number
  isRetryableStatus(status: number): boolean
  isRetryableError(error: RequestError): boolean
  backoffDelay(retries: number, random: number): number
  retryAfterOf(retryAfter: string | null, serverDate: string | null, now: number): number
}

/** The options that rules are made of: a request without any of them shares its client's rules. */
const RULE_OPTIONS = [
  'redirect',
  'maxRedirects',
  'allowInsecureRedirect',
  'secretHeaders',
  'maxRetries',
  'retryStatuses',
  'retryErrors',
  'modifyRequest',
  'cache',
  'expectSuccess',
  'validate',
  'onDownloadProgress',
  'queueTimeout',
  'connectTimeout',
  'requestTimeout',
  'replyTimeout',
  'bodyTimeout',
  'minBodyRate',
  'minBodyRateWindow',
  'totalTimeout',
  'maxBodySize',
  'maxDecodeRatio',
  'decompress',
] as const satisfies readonly (keyof RequestOptions)[]

export function hasRules(options: RequestOptions): boolean {
  for (const name of RULE_OPTIONS) if (options[name] !== undefined) return true
  return false
}

/** `maxBodySize`: where neither says one. */
export function makeRules(options: RequestOptions, defaults: ClientDefaults, maxBodySize: number): CallRules {
  const pick = <Name extends keyof SharedOptions>(name: Name): SharedOptions[Name] =>
    options[name] ?? defaults[name]
  const limit = (name: keyof SharedOptions & keyof typeof LIMITS): number => pick(name) ?? LIMITS[name]
  const secrets = [...SECRET_FIELDS, ...(defaults.secretHeaders ?? []), ...(options.secretHeaders ?? [])]
  return {
    redirect: pick('redirect') ?? ('follow' satisfies RedirectMode),
    maxRedirects: limit('maxRedirects'),
    allowInsecureRedirect: pick('allowInsecureRedirect') ?? false,
    secretFields: new Set(secrets.map((name) => name.toLowerCase())),
    maxRetries: limit('maxRetries'),
    retryStatuses: new Set(pick('retryStatuses') ?? RETRY_STATUSES),
    retryErrors: new Set<ErrorCode>(pick('retryErrors') ?? RETRY_ERRORS),
    modifyRequest: pick('modifyRequest') ?? null,
    cacheMode: options.cache ?? defaults.cacheMode ?? 'default',
    expectSuccess: pick('expectSuccess') ?? false,
    validate: pick('validate') ?? null,
    onDownloadProgress: pick('onDownloadProgress') ?? null,
    timeouts: {
      queueTimeout: limit('queueTimeout'),
      connectTimeout: limit('connectTimeout'),
      requestTimeout: limit('requestTimeout'),
      replyTimeout: limit('replyTimeout'),
      bodyTimeout: limit('bodyTimeout'),
      minBodyRate: limit('minBodyRate'),
      minBodyRateWindow: limit('minBodyRateWindow'),
    },
    totalTimeout: limit('totalTimeout'),
    maxBodySize: options.maxBodySize ?? defaults.maxBodySize ?? maxBodySize,
    maxDecodeRatio: limit('maxDecodeRatio'),
    decompress: pick('decompress') ?? true,
  }
}

/** The same rules for loops of their own, as that of a download. */
export function loopRules(rules: CallRules): LoopRules {
  return {
    maxRetries: rules.maxRetries,
    totalTimeout: rules.totalTimeout,
    maxBodySize: rules.maxBodySize,
    isRetryableStatus: (status) => isRetryableStatus(status, rules),
    isRetryableError: (error) => isRetryableError(error, rules),
    backoffDelay,
    retryAfterOf,
  }
}
