import type { ContentCoding } from '../../../lib/call/coding/coding.ts'
import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import {
  decodeStream,
  decodeWhole,
  decodeWholeSync,
  parseContentEncoding,
} from '../../../lib/call/coding/content-coding.ts'
import { DecodingError } from '../../../lib/core/errors.ts'
import { LIMITS } from '../../../lib/core/limits.ts'

interface Case {
  readonly suite: string
  readonly id: string
  readonly chunks: readonly string[]
  readonly expect: { readonly outcome: 'ok' | 'error'; readonly body?: string }
  /** `n/m`: n of m reference clients do what the suite wants. */
  readonly agree: string
}

/**
 * Where fewer than half of the clients do what the suite wants, the case is contested, and this is
 * the rule we follow. `as the suite`: DESIGN section 6, "a truncated body: error, never a short success".
 */
const TRUNCATED = 'as the suite: a truncated coded body is an error'
const CONTESTED: Readonly<Record<string, string>> = {
  'gzip hello.txt + garbage 21':
    'as the suite: bytes that do not begin like a gzip member are no part of the body',
  'gzip truncated gzip file amid raw-block': TRUNCATED,
  'gzip truncated gzip file amid fixed-block': TRUNCATED,
  'gzip gzip header with truncated name': TRUNCATED,
  'gzip gzip header with truncated comment': TRUNCATED,
  'deflate(zlib) not enough data': TRUNCATED,
  'deflate(zlib) truncated zlib stream amid raw-block': TRUNCATED,
  'deflate(zlib) truncated zlib stream amid fixed-block': TRUNCATED,
  'deflate(zlib) truncated empty': 'against the suite, with all clients: no bytes at all are an empty body',
}
const AGAINST_THE_SUITE = new Set(['deflate(zlib) truncated empty'])

const LIMIT = { maxBodySize: LIMITS.maxBodySize, maxDecodeRatio: LIMITS.maxDecodeRatio }
const FOLDER = process.env['TRAWL_CASES'] ?? resolve(import.meta.dirname, '../../../../shared/cases')
const FILE = resolve(FOLDER, 'raw-responses.json')

const cases: readonly Case[] = existsSync(FILE)
  ? (JSON.parse(readFileSync(FILE, 'utf8')) as { cases: Case[] }).cases.filter(
      (c) => c.suite === 'content-coding',
    )
  : []

function isContested(found: Case): boolean {
  const [agree = 0, of = 0] = found.agree.split('/').map(Number)
  return agree * 2 < of
}

function split(found: Case): { codings: readonly ContentCoding[]; wire: Uint8Array } {
  const raw = Buffer.concat(found.chunks.map((chunk) => Buffer.from(chunk, 'base64')))
  const end = raw.indexOf('\r\n\r\n')
  const encoding = /^content-encoding:(.*)$/im.exec(raw.toString('latin1', 0, end))?.[1] ?? ''
  return { codings: parseContentEncoding(encoding), wire: raw.subarray(end + 4) }
}

async function* source(pieces: readonly Uint8Array[]): AsyncGenerator<Uint8Array, void, undefined> {
  for (const piece of pieces) yield piece
}

async function streamed(
  codings: readonly ContentCoding[],
  pieces: readonly Uint8Array[],
  engine: 'zlib' | 'pako',
): Promise<Buffer> {
  const parts: Uint8Array[] = []
  for await (const chunk of decodeStream(codings, source(pieces), LIMIT, engine)) parts.push(chunk)
  return Buffer.concat(parts)
}

/** What the suite wants of a case where we follow it: its body in base64, '' for any body, or 'error'. */
function wantedOf(found: Case): string {
  if (AGAINST_THE_SUITE.has(found.id)) return ''
  return found.expect.outcome === 'error' ? 'error' : (found.expect.body ?? '')
}

async function settle(run: () => Uint8Array | Promise<Uint8Array>): Promise<string> {
  try {
    return Buffer.from(await run()).toString('base64')
  } catch (error) {
    if (error instanceof DecodingError) return 'error'
    throw error
  }
}

describe('content-coding cases from the suites of brotli, zstd and Go', () => {
  it('are there', (context) => {
    if (cases.length === 0) context.skip(`no cases at ${FILE}; TRAWL_CASES names another folder`)
    expect(cases).toHaveLength(33)
    expect(
      cases
        .filter(isContested)
        .map((found) => found.id)
        .toSorted(),
    ).toEqual(Object.keys(CONTESTED).toSorted())
  })

  it.each(cases.map((found) => [found.id, found] as const))('%s', async (_id, found) => {
    const { codings, wire } = split(found)
    const wanted = wantedOf(found)
    const sync = await settle(() => decodeWholeSync(codings, wire, LIMIT))
    // Some cases tell that there is a body, but not which: that our paths agree has to do.
    const isOpen = found.expect.outcome === 'ok' && found.expect.body === undefined
    expect(isOpen ? sync !== 'error' : sync === wanted).toBe(true)
    expect(await settle(() => decodeWhole(codings, wire, LIMIT))).toBe(sync)
    for (const engine of ['zlib', 'pako'] as const) {
      for (let at = 0; at <= wire.length; at++) {
        const pieces = [wire.subarray(0, at), wire.subarray(at)]
        expect(await settle(() => streamed(codings, pieces, engine)), `${engine}, split at ${at}`).toBe(sync)
      }
      const bytes = Array.from(wire, (byte) => Uint8Array.of(byte))
      expect(await settle(() => streamed(codings, bytes, engine)), `${engine}, byte by byte`).toBe(sync)
    }
  })
})
