import { LIMITS } from '../../lib/index.ts'
import type { CallRecord } from './caller.ts'
import { clientIpOf } from './twists.ts'
import type { Answered } from './server.ts'
import type { World } from './world.ts'
import type { Written } from './write-tap.ts'

/** Statuses that a call may be tried again after, in one world or another. */
const RETRYABLE = new Set([403, 408, 429, 500, 502, 503, 504])
const NOT_SENT_TWICE = new Set(['POST', 'PATCH'])
const REDIRECTS = new Set([301, 302, 303, 307, 308])

/** What a request's method is after these redirects (RFC 9110 section 15.4). */
export function methodAfter(method: string, redirects: readonly { readonly status: number }[]): string {
  for (const { status } of redirects) {
    if (status === 303 && method !== 'HEAD') method = 'GET'
    else if ((status === 301 || status === 302) && method === 'POST') method = 'GET'
  }
  return method
}

/** One call, as the servers saw it. */
interface Trail {
  readonly record: CallRecord
  readonly written: readonly Written[]
  readonly answers: readonly Answered[]
}

/** Everything that is wrong with how calls were redirected, tried again and kept on their client IP. */
export function checkLoops(world: World): string[] {
  const written = Map.groupBy(world.tap.written, ({ call }) => call)
  const answers = Map.groupBy(world.book.answers, ({ call }) => call)
  return world.records.flatMap((record) => {
    const { id, method } = record.spec
    const trail = { record, written: written.get(id) ?? [], answers: answers.get(id) ?? [] }
    const wrong = [
      ...checkChain(world, trail),
      ...checkOnce(trail),
      ...checkCounts(world, trail),
      ...checkRetryAfter(world, trail),
      ...checkClientIp(world, trail),
    ]
    return wrong.map((text) => `call ${id} (${method} ${record.url}): ${text}`)
  })
}

/** The redirects that the response tells of are those that servers gave, each leading to the next. */
function checkChain({ stages, book }: World, { record, answers: own }: Trail): string[] {
  const { outcome } = record
  if (outcome?.kind !== 'answer') return []
  const { redirects, url, retries } = outcome.response
  // What is stored may redirect too.
  const answers = stages.cache ? book.answers.filter(({ id }) => id === record.spec.page) : own
  const wrong: string[] = []
  let at = record.url
  for (const { status, url: from, location } of redirects) {
    if (from !== at) wrong.push(`redirected from ${from}, but was at ${at}`)
    const isGiven = answers.some(
      (each) => each.origin + each.path === from && each.status === status && leadsTo(each, location),
    )
    if (!isGiven) wrong.push(`nobody has redirected (${status}) ${from} to ${location}`)
    at = location
  }
  if (at !== url) wrong.push(`response.url is ${url}, but the redirects led to ${at}`)
  if (redirects.length > stages.maxRedirects) wrong.push(`${redirects.length} redirects`)
  if (redirects.length > 0 && (record.spec.redirect ?? stages.options.redirect) !== 'follow') {
    wrong.push('followed a redirect that was not to be followed')
  }
  if (retries > stages.maxRetries) wrong.push(`${retries} retries`)
  return wrong
}

function leadsTo(answer: Answered, url: string): boolean {
  if (!REDIRECTS.has(answer.status)) return false
  const to = URL.parse(answer.fields.get('location') ?? '', answer.origin + answer.path)
  if (to === null) return false
  return to.origin + to.pathname + to.search === url
}

/**
 * What is not idempotent is written once for each redirect that led there, however it went: what was
 * not sent at all has not been written.
 */
function checkOnce({ record, written, answers }: Trail): string[] {
  const { spec, url } = record
  if (!NOT_SENT_TWICE.has(spec.method) || spec.idempotent === true) return []
  const wrong: string[] = []
  const byUrl = Map.groupBy(
    written.filter(({ method }) => method === spec.method),
    ({ origin, path }) => origin + path,
  )
  for (const [to, sends] of byUrl) {
    const led = answers.filter((each) => each.method === spec.method && leadsTo(each, to)).length
    // Refused for want of credentials, and sent again with them.
    const refused = answers.filter((each) => each.status === 401 && each.origin + each.path === to).length
    const allowed = led + refused + (to === url ? 1 : 0)
    if (sends.length > allowed) wrong.push(`${spec.method} ${to} was written ${sends.length} times`)
  }
  return wrong
}

/** How often servers were asked, and how often after what they said. */
function checkCounts({ options, stages }: World, { written, answers }: Trail): string[] {
  const wrong: string[] = []
  const { maxRetries, maxRedirects } = stages
  const isPipelined = options.maxPipelinedRequests > 1
  // Revalidations behind the caller's back are asked for in its name.
  if (isPipelined || stages.cache) return []
  const clean = answers.filter((each) => each.clean)
  const failed = clean.filter(({ status }) => RETRYABLE.has(status)).length
  // The path may ask for a 500, which may be retried too.
  if (failed > 1 + maxRetries) wrong.push(`asked again after ${failed} answers, maxRetries is ${maxRetries}`)
  const led = clean.filter((each) => REDIRECTS.has(each.status) && each.fields.has('location')).length
  if (led > 1 + maxRedirects) wrong.push(`was redirected ${led} times, maxRedirects is ${maxRedirects}`)
  const refused = answers.filter(({ status }) => status === 401).length
  const exchanges = 1 + maxRetries + refused + answers.filter((each) => REDIRECTS.has(each.status)).length
  if (written.length > exchanges * (1 + LIMITS.maxResends)) {
    wrong.push(`written ${written.length} times in at most ${exchanges} exchanges`)
  }
  if (!stages.retries && !stages.redirects && written.length > (1 + refused) * (1 + LIMITS.maxResends)) {
    wrong.push(`written ${written.length} times`)
  }
  return wrong
}

/** A server that says when to come back is not asked before, for this call at least. */
function checkRetryAfter({ options, stages }: World, { written, answers }: Trail): string[] {
  if (options.maxPipelinedRequests > 1 || stages.cache) return []
  const wrong: string[] = []
  for (const { clean, status, fields, at } of answers) {
    const seconds = /^\d+$/.exec(fields.get('retry-after') ?? '')?.[0]
    if (!clean || !RETRYABLE.has(status) || status === 403 || seconds === undefined) continue
    const until = at + Math.min(Number(seconds) * 1000, LIMITS.maxRetryAfter)
    const early = written.find((each) => each.at > at && each.at < until)
    if (early !== undefined) {
      wrong.push(`${status} with Retry-After: ${seconds} at ${at}, and written again at ${early.at}`)
    }
  }
  return wrong
}

/** A call keeps its client IP, but where that was refused and it may move. */
function checkClientIp({ stages, servers }: World, { record, written, answers }: Trail): string[] {
  const wrong: string[] = []
  for (const [index, { clientIp, at, host }] of written.entries()) {
    const { clientIp: given } = record.spec
    if (given !== '' && clientIp !== given) wrong.push(`sent from ${clientIp}, asked for ${given}`)
    if (stages.clientIps && !stages.clientIpList.includes(clientIp)) wrong.push(`sent from ${clientIp}`)
    const before = written[index - 1]
    if (before === undefined || before.clientIp === clientIp) continue
    const refused = answers.some(
      (each) => (each.status === 403 || each.status === 429) && each.from === before.clientIp && each.at < at,
    )
    // Where it led next, the host has no address of that family.
    const family = before.clientIp.includes(':') ? 6 : 4
    if (servers.some((each) => each.host === host && each.lacked.has(family))) continue
    if (!refused || stages.options.moveAfterRefusal !== true) {
      wrong.push(`moved from ${before.clientIp} to ${clientIp} without a reason`)
    }
  }
  const { outcome } = record
  const cause = outcome?.kind === 'error' ? (outcome.error as Error).cause : null
  const isBind = (cause as Partial<NodeJS.ErrnoException> | null | undefined)?.syscall === 'bind'
  if (isBind && stages.clientIpList.length > stages.unbindable.length) {
    wrong.push('failed because its client IP cannot be bound, though others can')
  }
  const families = new Set(stages.clientIpList.map((each) => (each.includes(':') ? 6 : 4)))
  const message = outcome?.kind === 'error' ? (outcome.error as Error).message : ''
  if (families.size > 1 && stages.unbindable.length === 0 && / has no IPv[46] address /.test(message)) {
    wrong.push('failed because its client IP is of the wrong family, though others are not')
  }
  const isAnyLeft = stages.unbindable.length === 0 && servers.every(({ lacked }) => lacked.size === 0)
  if (isAnyLeft && / client IP is left for /.test(message)) {
    wrong.push('is left without a client IP, though all of them are good for every host')
  }
  const last = written.at(-1)
  if (outcome?.kind === 'answer' && outcome.response.clientIp !== '' && last !== undefined) {
    const { clientIp } = outcome.response
    if (!written.some((each) => clientIpOf(each.clientIp) === clientIpOf(clientIp))) {
      wrong.push(`response.clientIp is ${clientIp}, last sent from ${last.clientIp}`)
    }
  }
  return wrong
}
