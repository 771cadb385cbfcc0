import { LimitError, LIMITS, RequestError, TimeoutError, type ErrorCode } from '../../lib/index.ts'
import { getEventListeners } from 'node:events'
import { deserved, NO_BODY } from './answers.ts'
import type { Answer, CallRecord } from './caller.ts'
import { methodAfter } from './check-loops.ts'
import { LIMIT_OF } from './misdeeds.ts'
import type { Answered } from './server.ts'
import type { CallSpec } from './workload.ts'
import type { World } from './world.ts'
import { SCRATCH } from '../../lib/testing/sim-network.ts'

const CODES: ReadonlySet<string> = new Set<ErrorCode>([
  'ERR_CONNECT_DNS',
  'ERR_CONNECT_TCP',
  'ERR_CONNECT_TLS',
  'ERR_CONNECT_PROXY',
  'ERR_CREDENTIALS',
  'ERR_TIMEOUT_QUEUE',
  'ERR_TIMEOUT_CONNECT',
  'ERR_TIMEOUT_SEND',
  'ERR_TIMEOUT_HEAD',
  'ERR_TIMEOUT_BODY',
  'ERR_TIMEOUT_TOTAL',
  'ERR_CONNECTION_CLOSED',
  'ERR_PROTOCOL',
  'ERR_LIMIT',
  'ERR_REQUEST_BODY',
  'ERR_DECODING',
  'ERR_REDIRECT',
  'ERR_ABORTED',
  'ERR_CLOSED',
])
/** The wheel's two turns, and the one event in which they are noticed. */
const TIMER_SLACK = 2 * LIMITS.timerGranularity + 1

/** What a stream holds for its reader, what one read may add to that, and a head. */
const MAX_UNREAD = LIMITS.streamBuffer + SCRATCH + 8192
/** One request that may be written with others, with its head. */
const MAX_COALESCED = LIMITS.coalesceSize + 2000

/** Everything that is wrong with what became of a call; [] when all is well. */
export function checkCall(world: World, record: CallRecord): string[] {
  const wrong: string[] = []
  const { spec, outcome } = record
  if (record.settlements !== 1) wrong.push(`settled ${record.settlements} times`)
  if (outcome === null || record.doneAt === -1) wrong.push('never done')
  else if (outcome.kind === 'answer') wrong.push(...checkAnswer(world, record))
  else wrong.push(...checkError(world, record))
  wrong.push(...checkBeginning(world, record), ...checkTimes(record))
  // Behind a smaller one the connection goes on.
  const length = outcome?.kind === 'answer' ? (outcome.body?.length ?? 0) : 0
  if (length > MAX_UNREAD && record.unread > MAX_UNREAD)
    wrong.push(`${record.unread} bytes were read that nobody wanted yet`)
  if (record.signal !== null && getEventListeners(record.signal, 'abort').length > 0) {
    wrong.push('its signal still has a listener')
  }
  return wrong.map((text) => `call ${spec.id} (${spec.method} ${record.url}): ${text}`)
}

function checkAnswer(world: World, record: CallRecord): string[] {
  const { outcome, spec } = record
  if (outcome?.kind !== 'answer') return []
  const { response, body } = outcome
  // Made by the cache, which has nothing and may not ask.
  if (spec.cacheMode === 'only-if-cached' && response.status === 504 && !response.headers.has('x-answer')) {
    const asked = response.redirects.length === 0 && world.tap.sends.has(spec.id)
    return asked ? ['only-if-cached, and asked the server'] : []
  }
  // A proxy's own, which found nobody there.
  const isNobody = !world.servers.some(({ origin }) => response.url.startsWith(`${origin}/`))
  if (world.stages.proxies && response.status === 502 && isNobody) return []
  const number = answerNumber(world, response, body)
  const answer = world.book.answers[number]
  if (answer === undefined) return [`no server has given this answer (X-Answer: ${number})`]
  if (answer.poisoned) {
    // Whoever had sent its request before the first byte came cannot know better.
    const isNext = world.tap.written.some(
      (each) =>
        each.call === spec.id &&
        each.dial === answer.dial &&
        each.place === answer.place &&
        each.at <= answer.arrivedAt,
    )
    if (!isNext) return [`took an answer (X-Answer: ${number}) that was there before it had asked`]
    if (answer.call !== spec.id) return []
  }
  const wrong = checkOwner(record, response, answer)
  const method = methodAfter(spec.method, response.redirects)
  if (response.method !== method) wrong.push(`was sent as ${response.method}, not as ${method}`)
  if (response.status !== answer.status) wrong.push(`status ${response.status}`)
  if (body === null) return wrong
  if (spec.maxBodySize !== null && body.length > spec.maxBodySize)
    wrong.push(`maxBodySize is ${spec.maxBodySize}`)
  if (!answer.whole) wrong.push('took an answer for whole that was not')
  const expected = expectedBody(record, method, answer, number)
  if (!expected.equals(body)) wrong.push(describeDifference(expected, body))
  return wrong
}

/** Whether a call may be given this answer at all. */
function checkOwner({ spec }: CallRecord, response: Answer, answer: Answered): string[] {
  const { method, origin, path, call } = answer
  const isOwn = call === spec.id && method === methodAfter(spec.method, response.redirects)
  const isCached = response.cache !== null && response.cache !== 'miss'
  if ((isOwn || isCached) && answer.id === spec.page && origin + path === response.url) return []
  return [`was given the answer to ${method} ${origin}${path} of call ${call}`]
}

function expectedBody(record: CallRecord, method: string, answer: Answered, number: number): Buffer {
  const own = method === record.spec.method ? record.sent : NO_BODY
  // Not by the head's field: what freshens a stored head may bring one.
  const sent = answer.unread ? null : own
  const bytes = deserved({ ...answer, sent, number })
  if (method === 'HEAD') return Buffer.alloc(0)
  return answer.told === -1 ? bytes : bytes.subarray(0, answer.told)
}

/** What a reader was given before it left, or before the body failed, is how its own answer begins. */
function checkBeginning(world: World, record: CallRecord): string[] {
  const { spec, response, outcome } = record
  const given = Buffer.concat(record.pieces)
  const isWhole = outcome?.kind === 'answer' && outcome.body !== null
  if (response === null || given.length === 0 || isWhole) return []
  const number = answerNumber(world, response, given)
  const answer = world.book.answers[number]
  if (answer === undefined) return [`no server has begun this answer (X-Answer: ${number})`]
  if (answer.poisoned || answer.misdeed === 'bomb') return []
  const wrong = checkOwner(record, response, answer)
  // What a length told is of the coded body; decoded, there may be more of it.
  const all = { ...answer, told: -1 }
  const expected = expectedBody(record, methodAfter(spec.method, response.redirects), all, number)
  if (!expected.subarray(0, given.length).equals(given)) wrong.push(describeDifference(expected, given))
  return wrong
}

/**
 * The number of the answer whose body this is: the head's, but where an answer to HEAD has freshened the
 * head of what is stored (RFC 9111 section 4.3.5).
 */
export function answerNumber({ book }: World, { method, headers }: Answer, body: Buffer | null): number {
  const number = Number(headers.get('x-answer') ?? Number.NaN)
  if (method === 'HEAD' || book.answers[number]?.method !== 'HEAD') return number
  return Number(/ #(\d+)\n/.exec(body?.toString('latin1', 0, 200) ?? '')?.[1] ?? number)
}

function describeDifference(expected: Buffer, body: Buffer): string {
  let at = 0
  while (at < body.length && body[at] === expected[at]) at++
  const show = (bytes: Buffer): string => JSON.stringify(bytes.toString('latin1', at, at + 40))
  return `body of ${body.length} bytes instead of ${expected.length}, from byte ${at} ${show(body)} instead of ${show(expected)}`
}

function checkError(world: World, record: CallRecord): string[] {
  const { outcome, spec } = record
  if (outcome?.kind !== 'error') return []
  const { error, whileReading } = outcome
  if (!(error instanceof RequestError)) return [`failed outside the taxonomy: ${String(error)}`]
  const wrong: string[] = []
  if (!CODES.has(error.code)) wrong.push(`unexpected code ${error.code}`)
  // It says whose error it is and what happened, in more words than a socket has.
  const [, said = ''] = error.message.split(`${error.method} ${error.url}: `)
  if (!/\w \w/.test(said) || /socket hang up/i.test(said)) wrong.push(`only says "${error.message}"`)
  if (!isAbout(world, record, error)) wrong.push(`error about ${error.method} ${error.url}`)
  if (error.code === 'ERR_ABORTED' && record.abortedAt === -1) wrong.push('aborted by nobody')
  if (error.code === 'ERR_CLOSED' && !world.closing) wrong.push('ERR_CLOSED while the client was open')
  if (error.code === 'ERR_CREDENTIALS' && world.stages.authKind !== 'bearer') wrong.push(error.message)
  if (error.code === 'ERR_CONNECT_PROXY' && !world.stages.proxies) wrong.push(error.message)
  if (error.code === 'ERR_REQUEST_BODY' && spec.bodyKind !== 'failing stream') wrong.push(error.message)
  if (error instanceof LimitError && !mayExceed(world, spec, error.limit)) wrong.push(error.message)
  if (whileReading && spec.reader === null) wrong.push('a whole body failed while it was read')
  const { redirects, cache, clientIps } = world.stages
  if (redirects || cache || clientIps || world.stages.options.modifyRequest !== undefined) return wrong
  if (error.progress === 'waiting' && (world.tap.sends.get(spec.id) ?? 0) >= error.attempt) {
    wrong.push(
      `progress 'waiting' at attempt ${error.attempt}, but written ${world.tap.sends.get(spec.id)} times`,
    )
  }
  return wrong
}

/** What it asked for, or where a redirect has led it. */
function isAbout({ tap, book, stages }: World, { spec, url }: CallRecord, error: RequestError): boolean {
  if (error.method === spec.method && error.url === url) return true
  // What is stored may lead there too.
  const isFor = (each: Answered): boolean => (stages.cache ? each.id === spec.page : each.call === spec.id)
  const led = book.answers.some((each) => isFor(each) && each.fields.has('location'))
  const isKnown = tap.written.some((each) => each.call === spec.id && each.origin + each.path === error.url)
  return led && (isKnown || error.progress === 'waiting')
}

function mayExceed({ stages, book }: World, spec: CallSpec, limit: string): boolean {
  if (limit === 'stallLimit') return !stages.none
  const isOwn = (each: Answered): boolean => each.call === spec.id || each.id === spec.page || each.poisoned
  const isSent = ({ misdeed }: Answered): boolean => misdeed !== null && LIMIT_OF[misdeed] === limit
  if (book.answers.some((each) => isSent(each) && isOwn(each))) return true
  return limit === 'maxQueued' || (limit === 'maxBodySize' && spec.maxBodySize !== null)
}

/** An abort settles at once, and a timeout neither early nor late. */
function checkTimes(record: CallRecord): string[] {
  const { spec, outcome } = record
  const wrong: string[] = []
  if (record.abortedAt !== -1 && (record.settledAt === -1 || record.settledAt > record.abortedAt)) {
    wrong.push(`aborted at ${record.abortedAt}, settled at ${record.settledAt}`)
  }
  // What its caller waits for: the whole answer, or only the head.
  const end = spec.reader === null || spec.reader === 'all' ? record.doneAt : record.settledAt
  if (record.abortedAt !== -1 && end > record.abortedAt)
    wrong.push(`aborted at ${record.abortedAt}, ended at ${end}`)
  const total = spec.timeouts['totalTimeout']
  const took = end - record.startedAt
  if (total !== undefined && took > total + TIMER_SLACK)
    wrong.push(`took ${took} ms of totalTimeout ${total}`)
  const error = outcome?.kind === 'error' ? outcome.error : null
  // A dial belongs to no call: whoever waits longest is told when it fails.
  const judged = error instanceof TimeoutError && error.phase !== 'connect'
  if (judged && record.doneAt - record.startedAt < error.limit) {
    wrong.push(`timed out (${error.phase}, ${error.limit} ms) after ${record.doneAt - record.startedAt} ms`)
  }
  return wrong
}

/** What must hold for the world as a whole, whatever happened. */
export function checkWorld(world: World): string[] {
  const { network, options, book, tap } = world
  const wrong = [...network.violations, ...book.violations, ...tap.violations]
  if (network.maxOpen > options.maxConn)
    wrong.push(`${network.maxOpen} connections, maxConn is ${options.maxConn}`)
  for (const [place, count] of network.counts) {
    const most = world.stages.maxConnOf.get(place.replace(/:.*/, '')) ?? options.maxConnPerTarget
    if (count.maxOpen <= most) continue
    wrong.push(`${count.maxOpen} connections to ${place}, maxConnPerTarget is ${most}`)
  }
  const mayOverrun = options.maxPipelinedRequests * MAX_COALESCED
  if (network.maxOverrun > mayOverrun) {
    wrong.push(`${network.maxOverrun} bytes were written to a socket that takes no more`)
  }
  if (book.maxPending > options.maxPipelinedRequests) {
    wrong.push(`${book.maxPending} in flight, maxPipelinedRequests is ${options.maxPipelinedRequests}`)
  }
  return wrong
}

/** Those that wait for the same target with the same priority leave in the order in which they came. */
export function checkOrder(world: World): string[] {
  const { cache, clientIps, retries } = world.stages
  // A call that joins another, or is tried again before it was ever sent, has its place elsewhere.
  if (cache || clientIps || retries) return []
  const wrong: string[] = []
  const last = new Map<string, CallRecord>()
  const came = world.records.toSorted((a, b) => a.startedAt - b.startedAt || a.spec.id - b.spec.id)
  for (const record of came) {
    const { id, server, clientIp, priority, way } = record.spec
    // Those begin some microtasks later than others of the same time.
    if (way !== 'plain') continue
    const sentAt = world.tap.firstSent.get(id)
    if (sentAt === undefined) continue
    const line = `${server.origin} ${clientIp} ${priority}`
    const before = last.get(line)
    if (before !== undefined && sentAt < (world.tap.firstSent.get(before.spec.id) ?? 0)) {
      wrong.push(`call ${id} has overtaken call ${before.spec.id}`)
    }
    last.set(line, record)
  }
  return wrong
}

/** Whether each exchange is its call's first one: what follows on another may wait beyond `maxQueued`. */
export function isFirstOnly({ redirects, retries, cache, clientIps, authKind }: World['stages']): boolean {
  return !redirects && !retries && !cache && !clientIps && authKind === null
}

/** Listeners of the process itself, by event. */
export function countListeners(): Map<string, number> {
  const names = process.eventNames()
  return new Map(names.map((name) => [String(name), process.listenerCount(name)]))
}

export function checkListeners(before: ReadonlyMap<string, number>): string[] {
  return [...countListeners()]
    .filter(([name, count]) => count > (before.get(name) ?? 0))
    .map(([name, count]) => `the process has ${count} listeners of ${name}, ${before.get(name) ?? 0} before`)
}

/** What must hold while nothing is going on. */
export function checkQuiet(world: World): string[] {
  const wrong: string[] = []
  const { waiting, inFlight } = world.client.stats()
  if (waiting !== 0 || inFlight !== 0) wrong.push(`quiet, but ${waiting} waiting and ${inFlight} in flight`)
  if (world.network.referenced !== 0) {
    wrong.push(`quiet, but ${world.network.referenced} connections keep the process alive`)
  }
  return wrong
}

/** What must be left once the client has closed: nothing. */
export function checkLeftovers(world: Pick<World, 'client' | 'clientClock' | 'network'>): string[] {
  const wrong: string[] = []
  const stats = world.client.stats()
  for (const name of ['waiting', 'connections', 'inFlight'] as const) {
    if (stats[name] !== 0) wrong.push(`stats().${name} is ${stats[name]} after close`)
  }
  for (const target of stats.targets) {
    if (target.waiting + target.connections + target.inFlight !== 0)
      wrong.push(`${target.target} has something left`)
  }
  for (const { clientIp, load } of stats.clientIps) {
    if (load !== 0) wrong.push(`the client IP ${clientIp} has a load of ${load} after close`)
  }
  if (world.clientClock.holds !== 0) wrong.push('the client keeps the process alive after close')
  if (world.clientClock.pending !== 0) wrong.push(`the client has ${world.clientClock.pending} timers left`)
  if (world.network.open !== 0) wrong.push(`${world.network.open} connections are open after close`)
  return wrong
}
