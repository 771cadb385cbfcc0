import { RequestError } from '../../lib/index.ts'
import { answerNumber } from './checkers.ts'
import type { CallRecord } from './caller.ts'
import type { Answered } from './server.ts'
import { jarOf } from './twists.ts'
import type { World } from './world.ts'

/** ms from a head's first byte to the moment when the client has it. */
const ON_ITS_WAY = 1000

/** Everything that is wrong with a response that the cache had a part in. */
export function checkCacheUse(world: World, record: CallRecord): string[] {
  const { outcome, spec } = record
  if (outcome?.kind !== 'answer') return []
  const { response } = outcome
  const { cache } = response
  const number = answerNumber(world, response, outcome.body)
  const answer = world.book.answers[number]
  if (answer === undefined || answer.poisoned) return []
  const wrong: string[] = []
  if (cache !== null && !world.stages.cache) wrong.push(`cache: ${cache}, and there is none`)
  if (cache === null || cache === 'miss') {
    if (answer.call !== spec.id) wrong.push(`cache: ${cache}, but call ${answer.call} has asked`)
  } else {
    const headNumber = Number(response.headers.get('x-answer') ?? Number.NaN)
    wrong.push(...checkStored(world, record, answer, headNumber, cache))
  }
  return wrong.map((text) => `call ${spec.id} (${spec.method} ${record.url}): ${text}`)
}

function checkStored(
  world: World,
  record: CallRecord,
  answer: Answered,
  headNumber: number,
  cache: string,
): string[] {
  const { spec } = record
  const wrong: string[] = []
  const terms = answer.fields.get('cache-control') ?? ''
  if (terms.includes('no-store')) wrong.push(`${cache}, of an answer with ${terms}`)
  if (spec.cacheMode === 'no-store' || spec.cacheMode === 'reload')
    wrong.push(`${cache} with ${spec.cacheMode}`)
  const vary = answer.fields.get('vary')
  if (vary === '*') wrong.push(`${cache}, of an answer with Vary: *`)
  if (vary !== undefined && (answer.asked.get('x-variant') ?? '') !== spec.variant) {
    wrong.push(`${cache}, of an answer for ${answer.asked.get('x-variant')}, asked as ${spec.variant}`)
  }
  wrong.push(...checkOwner(world, record, answer))
  if (spec.cacheMode === 'force-cache' || spec.cacheMode === 'only-if-cached') return wrong
  const head = world.book.answers[headNumber]
  const tag = record.outcome?.kind === 'answer' ? record.outcome.response.headers.get('etag') : null
  const freshened = head?.method === 'HEAD' ? [head] : []
  // Nothing in a body that is empty says which answer it was, once a HEAD has freshened its head.
  const isUnnamed = answer.method === 'HEAD' && spec.method !== 'HEAD'
  const sources = [
    answer,
    ...freshened,
    ...world.book.answers.filter((each) => isUnnamed && isLike(each, answer)),
    ...world.book.answers.filter((each) => isFreshened(each, answer, tag, world)),
  ]
  const said = [...sources, ...world.book.answers.filter((each) => hasFreshened(each, answer, head, world))]
  const isAllowed = sources.some((each) =>
    termsOf(each, said).some((own) => allows(each, own, record, cache)),
  )
  if (!isAllowed) {
    const shown = sources.map(({ at, fields }) => `${fields.get('cache-control')} at ${at}`).join(', ')
    wrong.push(`${cache} from ${record.startedAt} to ${record.settledAt}, by ${shown}`)
  }
  return wrong
}

/** What one jar or one user got is not for another. */
function checkOwner({ stages }: World, { spec, outcome }: CallRecord, { asked, from }: Answered): string[] {
  const wrong: string[] = []
  if (stages.cookies && (asked.get('x-session') ?? '') !== spec.session) {
    wrong.push(`was given what session ${asked.get('x-session')} got, and is of ${spec.session}`)
  }
  if (
    stages.cookies &&
    !stages.clientIps &&
    spec.session === '' &&
    jarOf(asked, from) !== jarOf(asked, spec.clientIp)
  ) {
    wrong.push(`was given what was asked for from ${from}, and asks from ${spec.clientIp}`)
  }
  const isRedirected = outcome?.kind === 'answer' && outcome.response.redirects.length > 0
  if (isRedirected) return wrong
  const own = asked.get('cookie')?.startsWith('own=') === true
  const bearer = asked.get('authorization')?.startsWith('Bearer http') === true
  const user = own ? asked.get('cookie') : bearer ? asked.get('authorization') : ''
  const isSame = own === (spec.secret === 'cookie') && bearer === (spec.secret === 'authorization')
  const isSameUser = user === '' || user!.endsWith(`~${spec.id % 2}`)
  if (!isSame || !isSameUser) wrong.push(`was given what ${user || 'nobody'} got, with secret ${spec.secret}`)
  return wrong
}

function isLike(each: Answered, { origin, path, status }: Answered): boolean {
  return each.origin === origin && each.path === path && each.status === status
}

/** Whether a server has said of `answer`, in this one, that it still holds. */
function isFreshened(each: Answered, answer: Answered, tag: string | null, { stages }: World): boolean {
  if (each.status !== 304 || each.origin !== answer.origin || each.path !== answer.path) return false
  if (tag === null || each.asked.get('if-none-match') !== tag || each.fields.get('etag') !== tag) return false
  return !stages.cookies || jarOf(each.asked, each.from) === jarOf(answer.asked, answer.from)
}

/** Whether this is a HEAD's answer that may have freshened what `head`, the last to do so, found. */
function hasFreshened(
  each: Answered,
  answer: Answered,
  head: Answered | undefined,
  { stages }: World,
): boolean {
  if (each.method !== 'HEAD' || head?.method !== 'HEAD' || !isLike(each, answer)) return false
  if (each.at < answer.at || each.at > head.at) return false
  return !stages.cookies || jarOf(each.asked, each.from) === jarOf(answer.asked, answer.from)
}

/** What holds since this answer: what it says, or, where that is nothing, any of what was said before. */
function termsOf({ at, fields }: Answered, said: readonly Answered[]): string[] {
  const own = fields.get('cache-control')
  if (own !== undefined) return [own]
  return ['', ...said.filter((each) => each.at < at).map((each) => each.fields.get('cache-control') ?? '')]
}

/** Whether what a server said at that time lets the call have it. */
function allows({ at, call, status }: Answered, terms: string, record: CallRecord, cache: string): boolean {
  const { startedAt, settledAt, spec } = record
  const age = startedAt - at
  const seconds = (name: string): number =>
    Number(new RegExp(`${name}=(\\d+)`).exec(terms)?.[1] ?? Number.NaN)
  if (cache === 'revalidated') return status === 304 && call === spec.id
  const lifetime = terms.includes('no-cache') ? 0 : (seconds('max-age') || 0) * 1000
  // Somebody else has asked for it while this call waited.
  if (cache === 'hit') return age < lifetime || age <= ON_ITS_WAY
  if (terms.includes('must-revalidate') || terms.includes('no-cache') || at > settledAt) return false
  const grace = seconds('stale-while-revalidate') || seconds('stale-if-error') || -1
  return grace >= 0 && age <= lifetime + grace * 1000
}

/** Whether it got what had been stored while servers still damaged bodies, and nobody had read since. */
export function wasStoredDamaged({ stages, book, healedAt }: World, { spec, outcome }: CallRecord): boolean {
  const code = outcome?.kind === 'error' && outcome.error instanceof RequestError ? outcome.error.code : ''
  if (!stages.cache || code !== 'ERR_DECODING') return false
  return book.answers.some((each) => each.id === spec.page && !each.whole && each.at < healedAt)
}
