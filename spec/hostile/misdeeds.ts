import type { Random } from '../../lib/testing/random.ts'

/** Honest ways to answer, in which no client may see a difference. */
export const HONEST = ['none', 'chunked', 'until-close', 'announced-close', 'gzip', 'some-interim'] as const

/** What a server may do to the connection, with an answer that is right as far as it goes. */
export const CUTS = [
  'silence',
  'close-unanswered',
  'reset-unanswered',
  'fin-at',
  'reset-at',
  'half-close-at',
  'unclean-at',
  'stall-at',
  'close-reuse',
  'reset-reuse',
  'close-after',
  'reset-after',
  'until-close-unclean',
  'until-close-reset',
  'slow-head',
  'slow-body',
  'early-close',
  'early-reset',
  'early-unread',
  'unread-upload',
] as const

/** Answers that say what is not so, or what nobody can read. */
export const LIES = [
  'long-length',
  'long-length-stall',
  'short-length',
  'rubbish-length',
  'two-lengths',
  'length-and-chunked',
  'chunk-rubbish',
  'chunk-no-end',
  'chunk-too-large',
  'no-last-chunk',
  'no-last-chunk-stall',
  'extra-bytes',
  'extra-answer',
  'extra-aligned',
  'unasked-answer',
  'unasked-keep',
  'unasked-bytes',
  'switching-protocols',
  'nul-in-field',
  'cr-in-field',
  'nul-in-name',
  'no-colon',
  'http-09',
  'icy',
  'no-status-line',
  'no-bytes-of-http',
  'cookie-rubbish',
] as const

/** Too much of something, and content codings that cannot be undone. */
export const FLOODS = [
  'interim-storm',
  'endless-head',
  'many-fields',
  'endless-chunk-extension',
  'many-chunk-extensions',
  'endless-trailers',
  'endless-body',
  'truncated-gzip',
  'damaged-gzip',
  'gzip-bomb',
  'nested-gzip-bomb',
  'redirect-loop',
  'redirect-chain',
  'refusal',
] as const

export const MISDEED_KINDS = [...HONEST, ...CUTS, ...LIES, ...FLOODS] as const
export type MisdeedKind = (typeof MISDEED_KINDS)[number]

/** What a connection does instead of serving; without TLS, "hello" is the first bytes of the request. */
export const ACCEPT_DEEDS = [
  'accept',
  'close',
  'reset',
  'silence',
  'hello-close',
  'hello-reset',
  'hello-stall',
  'hello-garbage',
  'hello-alert',
  'hello-http',
] as const
export type AcceptDeed = (typeof ACCEPT_DEEDS)[number]

/** Plain data: drawn from a seed, or named in a request's query. */
export interface Misdeed {
  readonly kind: MisdeedKind
  /** Where in the answer's bytes it happens, from 0 to 1. Default 0.5. */
  readonly at?: number
  /** How much of it: bytes, fields, 1xx answers, hops, seconds of Retry-After. Each kind has a default. */
  readonly size?: number
  /** ms between two pieces. 0, the default: one turn of the event loop. */
  readonly gap?: number
  /** So many requests of this method and path suffer it, and the next ones do not. Default: all. */
  readonly times?: number
}

const NUMBERS = ['at', 'size', 'gap', 'times'] as const
const KINDS: ReadonlySet<string> = new Set(MISDEED_KINDS)
export const NO_MISDEED: Misdeed = { kind: 'none' }

/** What the query of a path asks for: `/x?misdeed=fin-at&at=0.4`. Nothing, or nothing known: none. */
export function misdeedFromPath(path: string): Misdeed {
  const { searchParams } = new URL(path, 'http://hostile.test')
  const kind = searchParams.get('misdeed') ?? 'none'
  if (!KINDS.has(kind)) return NO_MISDEED
  const misdeed: { -readonly [Key in keyof Misdeed]: Misdeed[Key] } = { kind: kind as MisdeedKind }
  for (const name of NUMBERS) {
    const value = Number(searchParams.get(name) ?? NaN)
    if (Number.isFinite(value) && value >= 0) misdeed[name] = value
  }
  return misdeed
}

/** The other way: `path`, which may have a query, with this misdeed in it. */
export function pathWith(path: string, misdeed: Misdeed): string {
  const url = new URL(path, 'http://hostile.test')
  if (misdeed.kind !== 'none') url.searchParams.set('misdeed', misdeed.kind)
  for (const name of NUMBERS) if (misdeed[name] !== undefined) url.searchParams.set(name, `${misdeed[name]}`)
  return url.pathname + url.search
}

/**
 * Those after which an answer may be another request's and no client can know: two answers to one
 * request are two answers. A run that checks each answer leaves them out at depths above 1.
 */
export const INDISTINGUISHABLE: ReadonlySet<MisdeedKind> = new Set([
  'extra-answer',
  'extra-aligned',
  'unasked-keep',
])

/** Any misdeed, or one of `kinds`, short enough for a run of many. */
export function drawMisdeed(random: Random, kinds: readonly MisdeedKind[] = MISDEED_KINDS): Misdeed {
  const kind = random.pick(kinds)
  const at = Math.round(random.next() * 1000) / 1000
  return { kind, at, ...(kind === 'redirect-chain' && { size: random.int(0, 2) }), times: random.int(1, 2) }
}
