import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseCacheControl } from '../../lib/cache/cache-control.ts'
import type { CacheMode, CacheRequest } from '../../lib/cache/cache-request.ts'
import { HttpCache } from '../../lib/cache/http-cache.ts'
import { MemoryStore } from '../../lib/cache/memory-store.ts'
import { headOf } from '../../lib/cache/stored-head.ts'
import { head, httpDate, NOW, URL_A } from './stand.ts'

const MODES: CacheMode[] = [
  'default',
  'no-store',
  'reload',
  'no-cache',
  'force-cache',
  'only-if-cached',
  'replay',
]

/** Bits of which fields are made: what is known, what is nearly so, and what is not. */
const SCRAPS =
  `no-store no-cache max-age public private must-revalidate stale-if-error max-stale must-understand
  = " , ; * - 0 60 99999999999 W/ "1" gzip bytes bytes=0-1 \\ Accept x`.split(/\s+/)
const scrap = fc.oneof(
  fc.constantFrom(...SCRAPS, ' ', httpDate(0), httpDate(-100), httpDate(100)),
  fc.string({ maxLength: 6 }).map((text) => text.replaceAll(/[^\u0020-\u007e]/g, '')),
)
const value = fc.array(scrap, { maxLength: 6 }).map((scraps) => scraps.join(''))
const FIELDS = [
  'Cache-Control',
  'Expires',
  'Date',
  'Age',
  'ETag',
  'Last-Modified',
  'Vary',
  'Pragma',
  'Connection',
]
const line = fc
  .tuple(fc.constantFrom(...FIELDS, 'Content-Range', 'Location', 'X'), value)
  .map((pair) => pair.join(': '))
const answer = fc.record({
  lines: fc.array(line, { maxLength: 6 }),
  status: fc.constantFrom(200, 204, 206, 301, 302, 304, 404, 410, 500, 599),
})
const ASKED = ['cache-control', 'pragma', 'range', 'if-range', 'if-none-match', 'if-modified-since', 'accept']
const asked = fc
  .record({
    method: fc.constantFrom('GET', 'GET', 'HEAD', 'POST'),
    mode: fc.constantFrom(...MODES),
    fields: fc.dictionary(fc.constantFrom(...ASKED), value, { maxKeys: 3 }),
  })
  .map(({ method, mode, fields }): CacheRequest => ({
    method,
    mode,
    url: URL_A,
    partition: '',
    field: (name) => fields[name] ?? null,
  }))

describe('whatever servers and users say', () => {
  it('nothing throws, and what answers was kept', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(asked, answer, fc.nat(200)), { minLength: 2, maxLength: 8 }), (steps) => {
        let now = NOW
        const cache = new HttpCache(new MemoryStore(), { date: () => now })
        const kept: string[] = []
        const wrong: string[] = []
        for (const [step, [request, { lines, status }, seconds]] of steps.entries()) {
          now += seconds * 1_000
          const result = cache.lookup(request)
          if (result instanceof Promise) throw new Error('a store in memory answers at once')
          cache.joinKey(request)
          if ('stored' in result) {
            const text = Buffer.from(result.stored.body).toString()
            if (!kept.some((body) => body.includes(text))) wrong.push(`${text} was never kept`)
            const age = headOf(result.stored, cache.ageOf(result.stored)).headers.get('age')
            if (!/^\d+$/.test(age!)) wrong.push(`Age: ${age}`)
            cache.mayServeOnError(request, result.stored)
            if (result.kind === 'revalidate')
              cache.freshen(request, result.stored, head(lines, 304), now, now)
          }
          const body = `body ${step}`
          if (cache.storable(request, head(lines, status))) {
            void cache.store(request, head(lines, status), Buffer.from(body), null, now, now)
            kept.push(body)
          }
          void cache.invalidate(request, head(lines, status))
        }
        expect(wrong).toEqual([])
        expect(cache.stats().errors).toBe(0)
      }),
      { numRuns: 1_500 },
    )
  })

  it('no-store is never kept but for replay, nor what breaks the grammar', () => {
    fc.assert(
      fc.property(
        answer,
        value,
        fc.constantFrom('no-store', 'No-Store', 'x="', 'a b'),
        ({ lines, status }, more, word) => {
          const control = `${more}${more === '' ? '' : ','}${word}`
          fc.pre(!/must-understand/i.test(control) && !lines.some((each) => each.startsWith('Cache-Control')))
          // In an open quote the word is part of a value; then the whole is broken, and not kept either.
          const cache = new HttpCache(new MemoryStore(), { date: () => NOW })
          const response = head([...lines, `Cache-Control: ${control}`], status)
          const parsed = parseCacheControl(control)
          fc.pre(parsed.noStore || !parsed.valid)
          for (const mode of MODES) {
            if (mode === 'replay') continue
            const request: CacheRequest = {
              method: 'GET',
              mode,
              url: URL_A,
              partition: '',
              field: () => null,
            }
            expect(cache.storable(request, response)).toBe(false)
            void cache.store(request, response, Buffer.from('x'), null, NOW, NOW)
            expect(cache.lookup(request)).not.toHaveProperty('stored')
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it('what is fresh is no older than it may be, and what is not is never called a hit', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(400), fc.nat(50), (maxAge, age, told) => {
        let now = NOW
        const cache = new HttpCache(new MemoryStore(), { date: () => now })
        const request: CacheRequest = {
          method: 'GET',
          mode: 'default',
          url: URL_A,
          partition: '',
          field: () => null,
        }
        const response = head([`Cache-Control: max-age=${maxAge}`, `Age: ${told}`, 'ETag: "1"'])
        void cache.store(request, response, Buffer.from('x'), null, now, now)
        now += age * 1_000
        const result = cache.lookup(request)
        expect(result).toMatchObject({ kind: age + told < maxAge ? 'hit' : 'revalidate' })
      }),
    )
  })
})
