import { RedirectError } from '../core/errors.ts'
import type { ResponseHead } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'
import { shownUrl } from '../core/shown-url.ts'
import type { CallHistory } from './history.ts'
import type { BuiltRequest, PreparedRequest, RequestBuilder } from './request/request.ts'

export type RedirectMode = 'follow' | 'manual' | 'error'

/** Which redirects a call follows: from the options. */
export interface RedirectRules {
  readonly redirect: RedirectMode
  readonly maxRedirects: number
  /** https to http is followed. */
  readonly allowInsecureRedirect: boolean
}

/** What was asked for. */
export interface Asked {
  readonly method: string
  /** Without fragment. */
  readonly url: string
  /** `#...`, or ''. */
  readonly fragment: string
  readonly hasBody: boolean
  /** Whether the body can be sent a second time. */
  readonly replayable: boolean
}

/** Where a redirect leads. */
export interface Hop {
  readonly method: string
  /** Without fragment. */
  readonly url: string
  readonly fragment: string
  readonly keepsBody: boolean
  /** Another scheme, host or port: credentials stay behind (RFC 9110 section 15.4). */
  readonly crossOrigin: boolean
}

/** 300 and 304 lead nowhere, 305 and 306 are of the past (RFC 9110 section 15.4; the fetch standard). */
export function isRedirect(status: number): boolean {
  return status === 301 || status === 302 || status === 303 || status === 307 || status === 308
}

/**
 * Where this answer leads; null: nowhere, it is the answer.
 *
 * @throws RedirectError where it leads to what may not be asked for
 */
export function nextHop(
  asked: Asked,
  head: ResponseHead,
  followed: number,
  rules: RedirectRules,
): Hop | null {
  if (!isRedirect(head.status) || rules.redirect === 'manual') return null
  const location = locationOf(head)
  const refuse: (why: string) => never = (why) => {
    throw new RedirectError(head.status, location, `redirected (${head.status}) to ${show(location)}: ${why}`)
  }
  if (rules.redirect === 'error') refuse("redirects are not followed (redirect: 'error')")
  if (location === '') return null
  if (followed >= rules.maxRedirects) {
    refuse(`more than ${rules.maxRedirects} redirects (limit maxRedirects = ${rules.maxRedirects})`)
  }
  const from = new URL(asked.url)
  const to = URL.parse(location, asked.url) ?? refuse('that is no URL')
  if (to.protocol !== 'http:' && to.protocol !== 'https:') refuse('only http and https are followed')
  if (from.protocol === 'https:' && to.protocol === 'http:' && !rules.allowInsecureRedirect) {
    refuse('it leaves https; allow it with allowInsecureRedirect: true')
  }
  const keeps = keepsMethod(head.status, asked.method)
  if (keeps && asked.hasBody && !asked.replayable) {
    refuse('the request body is a stream, which cannot be sent a second time; give a string or bytes')
  }
  const fragment = location.includes('#') ? to.hash : asked.fragment
  to.hash = ''
  return {
    method: keeps ? asked.method : 'GET',
    url: to.href,
    fragment,
    keepsBody: keeps,
    crossOrigin: to.origin !== from.origin,
  }
}

/**
 * RFC 9110 sections 15.4.2 to 15.4.4, and the fetch standard: after 301 and 302 a POST becomes a GET,
 * as browsers have always done; after 303 everything does but HEAD.
 */
function keepsMethod(status: number, method: string): boolean {
  if (status === 303) return method === 'GET' || method === 'HEAD'
  return !(method === 'POST' && (status === 301 || status === 302))
}

/** Location's text. Bytes above 127 are escaped as they are, UTF-8 or not, as by browsers and curl. */
function locationOf(head: ResponseHead): string {
  const all = head.headers.getAll('location')
  const first = all[0] ?? ''
  if (all.some((location) => location !== first)) {
    // Chrome refuses this too: who follows the first and who the last is how a cache is poisoned.
    throw new RedirectError(head.status, first, `redirected (${head.status}) with ${all.length} Locations`)
  }
  return first.replace(/[\u0080-\u00ff]/g, (byte) => encodeByte(byte.charCodeAt(0)))
}

function encodeByte(byte: number): string {
  return `%${byte.toString(16).toUpperCase()}`
}

function show(location: string): string {
  return JSON.stringify(shownUrl(location))
}

/**
 * The request that an answer leads to; null: it leads nowhere. Writes the redirect down.
 *
 * @throws RedirectError where it may not be followed, and where the chain is a loop
 */
export function followRedirect(
  from: BuiltRequest,
  replayable: boolean,
  head: ResponseHead,
  history: CallHistory,
  builder: RequestBuilder,
): BuiltRequest | null {
  const { request, path, fragment } = from
  const url = request.target.origin + path
  const asked = { method: request.method, url, fragment, hasBody: request.body !== null, replayable }
  const hop = nextHop(asked, head, history.redirects.length, request.rules)
  if (hop === null) return null
  const to = builder.hop(request, hop)
  history.visits ??= new Map([[visitOf(request, path), 1]])
  const visit = visitOf(to.request, to.path)
  // Not the hop's own URL: that may have a password.
  const location = to.request.target.origin + to.path
  const visits = (history.visits.get(visit) ?? 0) + 1
  // The very same request once more may be meant: a server that wants it seen twice. Not more often.
  if (visits > 1 + LIMITS.maxRedirectRepeats) {
    const what = `the same request for the ${visits}. time`
    throw new RedirectError(
      head.status,
      location,
      `redirected (${head.status}) in a loop: ${what}, ${show(location)}`,
    )
  }
  history.visits.set(visit, visits)
  history.redirects.push({ status: head.status, url, location })
  return to
}

/** What makes two requests of a chain the same: cookies too, because setting one is why many redirect. */
function visitOf({ method, target, jar, sendsCookies }: PreparedRequest, path: string): string {
  const cookies = jar === null || !sendsCookies ? '' : jar.header(target, path)
  return `${method} ${target.origin}${path} ${cookies}`
}
