import { expectedBody } from '../hostile/honest-answer.ts'
import type { Errand } from './errands.ts'
import { bodyOf, readPath, statusOf } from './page.ts'
import type { OpenTarget } from './targets.ts'

/** A response, whole or streamed, or that of fetch. */
export interface Answer {
  readonly status: number
  /** Where it came from in the end. */
  readonly url: string
  /** Of the last request. */
  readonly method: string
  readonly headers: { get(name: string): string | null }
}

/**
 * What a hostile server says to nobody in particular: to whoever connects, to everybody for a while, and on an idle
 * connection, where it may meet the next request on its way.
 */
const REFUSALS: Readonly<Record<number, string>> = {
  400: 'not meant here',
  408: 'timeout\n',
  429: 'slow down\n',
}
/** Behind the fewer bytes that it told of, an answer is over: nobody can know that more was meant. */
const SHORTENED = 10

/** Why this is not the answer to `errand`; null: it is. `targets`: by origin. */
export function wrongIn(
  errand: Errand,
  answer: Answer,
  body: Uint8Array,
  targets: ReadonlyMap<string, OpenTarget>,
): string | null {
  const { origin, pathname, search } = new URL(answer.url)
  const target = targets.get(origin)
  const path = pathname + search
  if (target === undefined) return `it came from ${origin}, which is no target`
  if (target.kind === 'hostile') return wrongFromHostile(answer, path, body)
  const first = errand.page
  if (first?.kind === 'moved' && new URL(first.to, errand.url).href !== answer.url) {
    return `it was to lead to ${first.to}`
  }
  return wrongFromHonest(errand, answer, origin, path, body)
}

function wrongFromHonest(
  errand: Errand,
  answer: Answer,
  origin: string,
  path: string,
  body: Uint8Array,
): string | null {
  const page = readPath(path)
  if (page === null) return 'it came from a path that nobody asked for'
  const mayBe = page.kind === 'busy' ? [200, 500] : [statusOf(page.kind)]
  if (!mayBe.includes(answer.status)) return `its status is ${answer.status}`
  const call = answer.headers.get('x-call')
  if (page.kind !== 'kept' && call !== errand.call) return `it is the answer to call ${call}`
  const expected = bodyOf(answer.method, origin, path)
  return expected.equals(body) ? null : differs(expected, body)
}

function wrongFromHostile(answer: Answer, path: string, body: Uint8Array): string | null {
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('latin1')
  const refusal = REFUSALS[answer.status]
  if (refusal !== undefined) return text === refusal || text === '' ? null : `it is ${JSON.stringify(text)}`
  if (answer.status !== 200) return `its status is ${answer.status}`
  const expected = expectedBody(answer.method, path)
  if (text === expected || text === expected.slice(0, -SHORTENED)) return null
  return differs(Buffer.from(expected, 'latin1'), body)
}

function differs(expected: Buffer, body: Uint8Array): string {
  let at = 0
  while (at < body.length && body[at] === expected[at]) at++
  const there = Buffer.from(body.subarray(at, at + 60)).toString('latin1')
  return `${body.length} bytes instead of ${expected.length}, and from ${at} on: ${JSON.stringify(there)}`
}
