import { describe, expect, it } from 'vitest'
import { Random } from '../../lib/testing/random.ts'
import { expectedBody } from '../hostile/honest-answer.ts'
import { wrongIn, type Answer } from './check.ts'
import { Errands, type Errand } from './errands.ts'
import { bodyOf, pathOf, readPath, type Page } from './page.ts'
import { originOf, planTargets, type OpenTarget } from './targets.ts'

const targets: OpenTarget[] = planTargets(40, new Random(1)).map((plan, index) => ({
  ...plan,
  port: 1000 + index,
  origin: originOf(plan, 1000 + index),
}))
const byOrigin = new Map(targets.map((target) => [target.origin, target]))
const honest = targets.find(({ kind }) => kind === 'honest')!
const other = targets.findLast(({ kind }) => kind === 'honest')!
const hostile = targets.find(({ kind }) => kind === 'hostile')!

const page: Page = { kind: 'page', id: 7, size: 600, delay: 0, to: '' }

function errand(target: OpenTarget, path: string): Errand {
  return { target, call: '12', url: target.origin + path, page: readPath(path), options: {}, innocent: true }
}

function answer(url: string, own: Partial<Answer> = {}, call = '12'): Answer {
  return { status: 200, url, method: 'GET', headers: new Headers({ 'x-call': call }), ...own }
}

function judge(asked: Errand, given: Answer, body: Uint8Array): string | null {
  return wrongIn(asked, given, body, byOrigin)
}

describe('wrongIn, of an honest target', () => {
  const path = pathOf(page)
  const asked = errand(honest, path)
  const body = bodyOf('GET', honest.origin, path)

  it('takes the answer that was asked for', () => {
    expect(body.length).toBe(600)
    expect(judge(asked, answer(asked.url), body)).toBeNull()
    expect(judge(asked, answer(asked.url, { method: 'HEAD' }), Buffer.alloc(0))).toBeNull()
  })

  it.each<[string, Answer, Uint8Array, string]>([
    ['another status', answer(asked.url, { status: 404 }), body, 'its status is 404'],
    ['the answer to another call', answer(asked.url, {}, '13'), body, 'it is the answer to call 13'],
    ['a body cut short', answer(asked.url), body.subarray(0, -1), '599 bytes instead of 600'],
    ['the same page of another target', answer(asked.url), bodyOf('GET', other.origin, path), 'and from'],
    ['the body of another method', answer(asked.url), bodyOf('POST', honest.origin, path), 'and from 0 on'],
    ['what comes from nowhere', answer('http://a.test/'), body, 'no target'],
    ['what comes from no page', answer(`${honest.origin}/`), body, 'a path that nobody asked for'],
  ])('finds %s', (_, given, bytes, message) => {
    expect(judge(asked, given, bytes)).toContain(message)
  })

  it('finds bytes that are right and in the wrong place', () => {
    const moved = Buffer.concat([body.subarray(0, 300), body.subarray(320), body.subarray(300, 320)])
    expect(judge(asked, answer(asked.url), moved)).toContain('from 300 on')
  })

  it('finds a redirect that was led astray', () => {
    const to = pathOf({ ...page, id: 8 })
    const start = errand(honest, pathOf({ ...page, kind: 'moved', to }))
    const there = answer(honest.origin + to)
    expect(judge(start, there, bodyOf('GET', honest.origin, to))).toBeNull()
    expect(judge(start, answer(asked.url), body)).toContain('it was to lead to')
  })
})

describe('wrongIn, of a hostile target', () => {
  const path = '/any/1?body=400'
  const asked = errand(hostile, path)
  const text = expectedBody('GET', path)

  it.each<[string, number, string, boolean]>([
    ['the answer', 200, text, true],
    ['an answer that told of fewer bytes', 200, text.slice(0, -10), true],
    ['an answer cut short', 200, text.slice(0, -11), false],
    ['an answer with more to it', 200, `${text}x`, false],
    ['a refusal', 429, 'slow down\n', true],
    ['an answer that is called a refusal', 429, text, false],
    ['what it says to nobody in particular', 408, 'timeout\n', true],
    ['another status', 500, text, false],
  ])('%s: %i', (_, status, body, isRight) => {
    expect(judge(asked, answer(asked.url, { status }), Buffer.from(body)) === null).toBe(isRight)
  })
})

function draw(seed: number, count: number): Errand[] {
  const errands = new Errands(targets, new Random(seed), () => 0)
  const source = errands.gets()
  return Array.from({ length: count }, () => source.next().value)
}

describe('errands', () => {
  it('are the same from the same seed', () => {
    expect(draw(5, 200).map(({ url }) => url)).toEqual(draw(5, 200).map(({ url }) => url))
    expect(draw(5, 200).map(({ url }) => url)).not.toEqual(draw(6, 200).map(({ url }) => url))
  })

  it('call innocent only what leads to honest targets alone', () => {
    const innocent = draw(1, 3_000).filter((one) => one.innocent)
    const origins = innocent.flatMap(({ target, page: asked, url }) =>
      asked?.kind === 'moved' ? [target.origin, new URL(asked.to, url).origin] : [target.origin],
    )
    const kinds = new Set(origins.map((origin) => byOrigin.get(origin)!.kind))
    expect([...kinds]).toEqual(['honest'])
    expect(origins.length).toBeGreaterThan(innocent.length)
  })

  it('have a path that says all that the answer depends on', () => {
    const drawn = draw(2, 1_000).filter(({ page: asked }) => asked !== null)
    const read = drawn.map(({ target, url }) => readPath(url.slice(target.origin.length)))
    expect(read.length).toBeGreaterThan(100)
    expect(read).toEqual(drawn.map(({ page: asked }) => asked))
  })

  it('leave no kind of target out', () => {
    const kinds = new Set(draw(3, 3_000).map(({ target }) => target.kind))
    expect([...kinds].toSorted()).toEqual(['honest', 'hostile', 'mortal', 'nameless'])
  })
})
