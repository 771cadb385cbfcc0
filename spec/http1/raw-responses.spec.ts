import { existsSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { decodeCase, type Outcome } from './decoder-cases.ts'

/**
 * Responses from the test suites of llhttp, http-parser, httparse and picohttpparser, each with
 * what its suite wants and how many of eleven reference clients agree. They lie outside the
 * repository: TRAWL_CASES names their folder, else it is ../shared/cases.
 */
const file = resolve(
  process.env['TRAWL_CASES'] ?? resolve(import.meta.dirname, '../../../shared/cases'),
  'raw-responses.json',
)

interface Case {
  id: string
  suite: string
  chunks: string[]
  method?: string
  tags?: string[]
  agree: string
  expect: {
    outcome: 'ok' | 'error' | 'any'
    status?: number
    reason?: string
    headers?: [string, string][]
    body?: string
  }
}

type Verdict = 'accept' | 'reject'

/** A rule of ours that decides a case, whatever its suite and most clients say. */
interface Ruling {
  verdict: Verdict
  rule: string
  body?: string
  headers?: [string, string][]
}

const BARE_LF = 'bare LF line ends in the head are accepted (RFC 9112 section 2.2 allows it)'
const OBS_FOLD = 'obs-fold is accepted and joined by a space (RFC 9112 section 5.2)'
const BLANKS_IN_STATUS_LINE = 'several blanks in the status line are accepted (RFC 9112 section 4 allows it)'
const BLANK_BEFORE_COLON = 'a line with blanks before its colon is ignored: it is no framing field'
const BLANK_AFTER_SIZE = 'blanks after a chunk size are accepted'
const NO_TOKEN = 'a field name that is no token is rejected'
const folded = (value: string): [string, string][] => [['Line-Folded-Header', value]]

/** Cases where most clients do otherwise than our table of rules: the table decides. */
const AGAINST_MOST: Record<string, Ruling> = {
  'llhttp invalid.md#Extra space between HTTP version and status code': {
    verdict: 'accept',
    rule: BLANKS_IN_STATUS_LINE,
  },
  'httparse test_forbid_response_with_multiple_space_delimiters': {
    verdict: 'accept',
    rule: BLANKS_IN_STATUS_LINE,
  },
  'llhttp invalid.md#Only LFs present and no body': { verdict: 'accept', rule: BARE_LF, body: '' },
  'llhttp invalid.md#Only LFs present': { verdict: 'accept', rule: BARE_LF, body: 'BODY\n\\' },
  'llhttp sample.md#No carriage ret': {
    verdict: 'accept',
    rule: BARE_LF,
    body: 'these headers are from http://news.ycombinator.com/',
  },
  'llhttp transfer-encoding.md#Trailing space on chunked body': {
    verdict: 'accept',
    rule: BLANK_AFTER_SIZE,
    body: 'This is the data in the first chunk\r\nand this is the second one\r\n',
  },
  'httparse test_forbid_response_with_whitespace_between_header_name_and_colon': {
    verdict: 'accept',
    rule: BLANK_BEFORE_COLON,
    headers: [['Bread', 'baguette']],
  },
  'httparse test_forbid_response_with_obsolete_line_folding_at_start': {
    verdict: 'accept',
    rule: OBS_FOLD,
    headers: folded('hello there'),
  },
  'httparse test_forbid_response_with_obsolete_line_folding_at_end': {
    verdict: 'accept',
    rule: OBS_FOLD,
    headers: folded('hello there'),
  },
  'httparse test_forbid_response_with_obsolete_line_folding_in_middle': {
    verdict: 'accept',
    rule: OBS_FOLD,
    headers: folded('hello there'),
  },
  'httparse test_forbid_response_with_obsolete_line_folding_in_empty_header': {
    verdict: 'accept',
    rule: OBS_FOLD,
    headers: folded(''),
  },
}

/** Cases where less than half of the clients do what the suite wants. */
const CONTESTED: Record<string, Ruling> = {
  'llhttp connection.md#HTTP 100 first, then 400': {
    verdict: 'accept',
    rule: 'leading empty lines before a status line are skipped',
    body: '404: Not Found',
  },
  'llhttp invalid.md#Bare CR followed by CR after response line': {
    verdict: 'reject',
    rule: 'a CR that ends no line is rejected',
  },
  'http-parser 200 trailing space on chunked body': {
    verdict: 'accept',
    rule: BLANK_AFTER_SIZE,
    body: 'This is the data in the first chunk\r\nand this is the second one\r\n',
  },
  'http-parser no carriage ret': { verdict: 'accept', rule: BARE_LF },
  'http-parser field space': { verdict: 'reject', rule: NO_TOKEN },
  'httparse test_response_newlines': { verdict: 'accept', rule: BARE_LF, headers: [['Server', 'foo.bar']] },
  'httparse test_response_reason_with_nul_byte': { verdict: 'reject', rule: 'NUL is rejected' },
  'httparse test_response_empty_lines_prefix_lf_only': { verdict: 'accept', rule: BARE_LF },
  'httparse test_response_no_cr': { verdict: 'accept', rule: BARE_LF },
  'picohttpparser response: parse multiline 3': {
    verdict: 'accept',
    rule: OBS_FOLD,
    headers: [
      ['foo', ''],
      ['foo', 'b c'],
    ],
  },
  'picohttpparser response: accept multiple spaces between tokens 28': {
    verdict: 'accept',
    rule: BLANKS_IN_STATUS_LINE,
  },
  [String.raw`picohttpparser chunked: "\"6 ; comment\\r\\nhello \\r\\n5\\r\\nworld\\r\\n0\\r\\n\"" trailer=0`]:
    {
      verdict: 'accept',
      rule: 'blanks before a chunk extension are accepted (RFC 9112 section 7.1.1)',
      body: 'hello world',
    },
  [String.raw`picohttpparser chunked: "\"b\\r\\nhello world\\r\\n0\\r\\n\\n\"" trailer=1`]: {
    verdict: 'accept',
    rule: BARE_LF,
  },
  [String.raw`picohttpparser chunked: "\"6\\r\\nhello \\r\\n5\\r\\nworld\\r\\n0\\r\\na: b\\nc: d\\ trailer=1`]:
    {
      verdict: 'accept',
      rule: BARE_LF,
      body: 'hello world',
    },
}

/** What the suites call 'any': they are about another protocol, or about an upgrade. */
const ANY: Record<string, Ruling> = {
  'llhttp connection.md#HTTP 101 response with Upgrade and Content-Length header': {
    verdict: 'reject',
    rule: 'a 101 not asked for is rejected',
  },
  'llhttp connection.md#HTTP 101 response with Upgrade and Transfer-Encoding header': {
    verdict: 'reject',
    rule: 'a 101 not asked for is rejected',
  },
  'httparse test_response_reason_with_space_and_tab': {
    verdict: 'reject',
    rule: 'a 101 not asked for is rejected',
  },
  'llhttp invalid.md#Incomplete HTTP protocol': { verdict: 'reject', rule: 'what is not HTTP is rejected' },
  'llhttp sample.md#RTSP response': { verdict: 'reject', rule: 'what is not HTTP is rejected' },
  'llhttp sample.md#ICE response': { verdict: 'reject', rule: 'what is not HTTP is rejected' },
}

const RULINGS: Record<string, Ruling> = { ...AGAINST_MOST, ...CONTESTED, ...ANY }

function accepted(outcome: Outcome): boolean {
  return outcome.error === '' && outcome.answers[0]?.whole === true
}

function nameOf(test: Case): string {
  return `${test.suite} ${test.id}`
}

function isContested(test: Case): boolean {
  const [agree, of] = test.agree.split('/').map(Number)
  return agree! * 2 < of!
}

/** What our decoder must make of a case; a field that the case does not speak of is left out. */
function wantedOf(test: Case): Record<string, unknown> {
  const ruling = RULINGS[nameOf(test)]
  const { outcome, status, reason, headers, body } = test.expect
  const accept = ruling === undefined ? outcome === 'ok' : ruling.verdict === 'accept'
  if (!accept) return { accepted: false }
  const wanted = {
    accepted: true,
    status,
    reason,
    // http-parser keeps the blanks behind a value; they are not part of it (RFC 9112 section 5.1).
    headers: ruling?.headers ?? headers?.map(([name, value]) => [name, value.trimEnd()]),
    body: ruling?.body ?? (body === undefined ? undefined : atob(body)),
  }
  return Object.fromEntries(Object.entries(wanted).filter(([, value]) => value !== undefined))
}

const present = existsSync(file)
if (!present) console.warn(`raw responses: skipped, there is no ${file}; set TRAWL_CASES to its folder`)

describe.skipIf(!present)('responses from the suites of other parsers', () => {
  const all = present ? (JSON.parse(readFileSync(file, 'utf8')) as { cases: Case[] }).cases : []
  const cases = all.filter((test) => test.suite !== 'content-coding')

  it('has them all, and a ruling for each contested one and no other', () => {
    expect(cases).toHaveLength(164)
    const names = new Set(cases.map(nameOf))
    expect(Object.keys(RULINGS).filter((name) => !names.has(name))).toEqual([])
    expect(new Set(cases.filter(isContested).map(nameOf))).toEqual(new Set(Object.keys(CONTESTED)))
    const any = cases.filter((test) => test.expect.outcome === 'any' && !isContested(test))
    expect(new Set(any.map(nameOf))).toEqual(new Set(Object.keys(ANY)))
    for (const test of cases) {
      const ruling = AGAINST_MOST[nameOf(test)]
      if (ruling === undefined) continue
      expect({ name: nameOf(test), outcome: ruling.verdict === 'accept' ? 'error' : 'ok' }).toEqual({
        name: nameOf(test),
        outcome: test.expect.outcome,
      })
    }
  })

  it.for(cases.map((test, i) => ({ test, title: `${i}: ${nameOf(test)}` })))('$title', ({ test }) => {
    const bytes = Buffer.concat(test.chunks.map((chunk) => Buffer.from(chunk, 'base64')))
    const outcome = decodeCase(new Uint8Array(bytes), { methods: [test.method ?? 'GET'] })
    const actual = { accepted: accepted(outcome), error: outcome.error, ...outcome.answers[0] }
    expect(actual).toMatchObject(wantedOf(test))
  })
})
