import { indexOfControl } from '../../lib/http1/grammar.ts'
import type { Reading } from './node-peer.ts'

/** One answer, read by both parsers. */
export interface Comparison {
  readonly method: string
  readonly wire: Uint8Array
  /** The same as Latin-1 text, and of it the heads up to the final one's empty line. */
  readonly text: string
  readonly head: string
  readonly ours: Reading
  readonly theirs: Reading
  readonly insecure: boolean
}

/**
 * A way in which we read otherwise than llhttp, on purpose. `applies` sees only answers that one of the two took
 * and the other did not, or that both took with different contents.
 */
export interface Difference {
  readonly name: string
  /** The row of docs/decisions/0002-contested-responses.md, or the section of the RFC, that speaks for ours. */
  readonly why: string
  /** Which of the two takes the answer. */
  readonly takes: 'ours' | 'theirs' | 'both'
  applies(pair: Comparison): boolean
}

const EMPTY_LINE = /\r?\n\r?\n/g

/** The heads, interim ones and the final one, with the empty line. */
export function headOf(text: string): string {
  // Empty lines before the first are none that end a head.
  let end = /^[\r\n]*/.exec(text)![0].length
  EMPTY_LINE.lastIndex = end
  for (;;) {
    const found = EMPTY_LINE.exec(text)
    if (found === null) return text
    const interim = /^[\r\n]*HTTP\/\S+ +1\d\d/.test(text.slice(end))
    end = found.index + found[0].length
    if (!interim) return text.slice(0, end)
  }
}

function valuesOf({ ours, theirs }: Comparison, name: string): string[] {
  const fields = ours.fields.length > 0 ? ours.fields : theirs.fields
  return fields.filter((_, i) => i % 2 === 1 && fields[i - 1]!.toLowerCase() === name)
}

const told = (pair: Comparison, name: string): boolean => valuesOf(pair, name).length > 0
const framed = (pair: Comparison): boolean => told(pair, 'transfer-encoding')
const fails = (pair: Comparison, ...codes: string[]): boolean =>
  pair.theirs.verdict === 'reject' && codes.includes(pair.theirs.error)
const rejects = (pair: Comparison, ...rules: string[]): boolean =>
  pair.ours.verdict === 'reject' && rules.includes(pair.ours.error)
const hasControl = (text: string): boolean => indexOfControl(text, 0, text.length) !== -1
/** A line that our parser leaves out: without a colon, or with blanks before it. */
const UNREADABLE = /\n(?!\r?\n)([^:\n]+\n|[!#$%&'*+.^_`|~0-9A-Za-z-]+[ \t]+:)/
const BARE_LF = /(^|[^\r])\n/
const FOLD = /\n[ \t]/
/** Spelled so that it is chunked by RFC 9110 section 5.6, and not for llhttp: it knows no HTAB and no empty element. */
const CHUNKED_BEFORE_BLANK =
  /^transfer-encoding:((.*chunked *[,\t])?[ \t,]*\r?$|[^]*chunked[ \t]*\r?\n[ \t])/im

/** We take it, llhttp does not. Each is a leniency that moves no message's end. */
const OURS: readonly Difference[] = [
  {
    name: 'a bare LF for a line end',
    why: 'RFC 9112 section 2.2',
    takes: 'ours',
    applies: (pair) =>
      (fails(
        pair,
        'HPE_INVALID_HEADER_TOKEN',
        'HPE_CR_EXPECTED',
        'HPE_LF_EXPECTED',
        'HPE_STRICT',
        'HPE_INVALID_CHUNK_SIZE',
        'HPE_INVALID_STATUS',
        'HPE_INVALID_CONSTANT',
      ) ||
        (pair.insecure && pair.theirs.verdict === 'cut' && framed(pair))) &&
      (BARE_LF.test(pair.head) || (framed(pair) && BARE_LF.test(pair.text))),
  },
  {
    name: 'a bare LF behind a chunk that ends with CR',
    why: 'RFC 9112 section 2.2; DESIGN section 6',
    takes: 'ours',
    applies: (pair) =>
      fails(pair, 'HPE_CR_EXPECTED', 'HPE_STRICT') && framed(pair) && pair.ours.body.includes('\r'),
  },
  {
    name: 'a folded field',
    why: 'RFC 9112 section 5.2: a user agent replaces it by a blank',
    takes: 'ours',
    applies: (pair) =>
      fails(
        pair,
        'HPE_INVALID_HEADER_TOKEN',
        'HPE_UNEXPECTED_SPACE',
        'HPE_INVALID_CONTENT_LENGTH',
        'HPE_UNEXPECTED_CONTENT_LENGTH',
        'HPE_INVALID_TRANSFER_ENCODING',
      ) &&
      (FOLD.test(pair.head) || (framed(pair) && FOLD.test(pair.text))),
  },
  {
    name: 'a line that is no field is left out',
    why: 'decision 2: unless its name is a framing field',
    takes: 'ours',
    applies: (pair) =>
      fails(pair, 'HPE_INVALID_HEADER_TOKEN', 'HPE_UNEXPECTED_SPACE') &&
      (UNREADABLE.test(pair.head) || (framed(pair) && UNREADABLE.test(pair.text))),
  },
  {
    name: 'a control character in a value',
    why: 'RFC 9110 section 5.5: a recipient may retain it',
    takes: 'ours',
    applies: (pair) =>
      fails(pair, 'HPE_INVALID_HEADER_TOKEN') && pair.ours.fields.concat(pair.ours.trailers).some(hasControl),
  },
  {
    name: 'several blanks in the status line',
    why: 'RFC 9112 section 4: a recipient may be lenient',
    takes: 'ours',
    applies: (pair) => fails(pair, 'HPE_INVALID_STATUS') && /HTTP\/\d\.\d {2,}\d/.test(pair.head),
  },
  {
    name: 'HTTP/1.x read as HTTP/1.1',
    why: 'RFC 9110 section 2.5',
    takes: 'ours',
    applies: (pair) => fails(pair, 'HPE_INVALID_VERSION') && /HTTP\/1\.[2-9]/.test(pair.head),
  },
  {
    name: 'a Content-Length that is no number, or told twice',
    why: 'RFC 9112 section 6.3 rule 5 for equal values; decision 2 for the rest: until close, not reused',
    takes: 'ours',
    applies: (pair) =>
      fails(pair, 'HPE_INVALID_CONTENT_LENGTH', 'HPE_UNEXPECTED_CONTENT_LENGTH') &&
      valuesOf(pair, 'content-length').some((value, i) => i > 0 || !/^\d{1,18}$/.test(value)),
  },
  {
    name: 'a Content-Length beside a Transfer-Encoding',
    why: 'RFC 9112 section 6.3 rule 3: the coding wins, and the connection closes',
    takes: 'ours',
    applies: (pair) =>
      fails(
        pair,
        'HPE_INVALID_CONTENT_LENGTH',
        'HPE_UNEXPECTED_CONTENT_LENGTH',
        'HPE_INVALID_TRANSFER_ENCODING',
      ) &&
      framed(pair) &&
      told(pair, 'content-length'),
  },
  {
    name: 'a Transfer-Encoding that does not end in chunked, or is told twice',
    why: 'RFC 9112 section 6.3 rule 4: until close',
    takes: 'ours',
    applies: (pair) =>
      fails(pair, 'HPE_INVALID_TRANSFER_ENCODING') &&
      !/^chunked$/i.test(valuesOf(pair, 'transfer-encoding').join()),
  },
  {
    name: 'a framing field among the trailers',
    why: 'RFC 9110 section 6.5.1: kept apart, and never taken for one of the head',
    takes: 'ours',
    applies: (pair) =>
      fails(
        pair,
        'HPE_INVALID_CONTENT_LENGTH',
        'HPE_UNEXPECTED_CONTENT_LENGTH',
        'HPE_INVALID_TRANSFER_ENCODING',
      ) &&
      pair.ours.trailers.some((name, i) => i % 2 === 0 && /^(content-length|transfer-encoding)$/i.test(name)),
  },
  {
    name: 'framing fields of an interim answer',
    why: 'RFC 9112 section 6.3 rule 1: a 1xx ends with its head whatever they say',
    takes: 'ours',
    applies: (pair) =>
      pair.ours.interim > 0 &&
      fails(
        pair,
        'HPE_INVALID_CONTENT_LENGTH',
        'HPE_UNEXPECTED_CONTENT_LENGTH',
        'HPE_INVALID_TRANSFER_ENCODING',
      ) &&
      /^(content-length|transfer-encoding)\s*:/im.test(pair.head),
  },
  {
    name: 'an interim answer of HTTP/1.0, or with Connection: close',
    why: 'RFC 9110 section 15.2: an interim answer never ends the exchange',
    takes: 'ours',
    applies: (pair) =>
      pair.ours.interim > 0 &&
      (fails(pair, 'HPE_CLOSED_CONNECTION') ||
        (pair.insecure && pair.theirs.verdict === 'cut' && pair.theirs.body.startsWith(pair.ours.body))) &&
      /HTTP\/(1\.0|0\.9) +1|^connection:.*close|^(content-length|transfer-encoding):/im.test(pair.head),
  },
  {
    name: 'blanks around the parts of a chunk line',
    why: 'RFC 9112 section 7.1.1 (BWS) and decision 2',
    takes: 'ours',
    applies: (pair) =>
      fails(pair, 'HPE_INVALID_CHUNK_SIZE', 'HPE_STRICT', 'HPE_INVALID_HEADER_TOKEN', 'HPE_CR_EXPECTED') &&
      framed(pair) &&
      /(^|\n)[\da-f]+([ \t]|[^\n]*[ \t]*[;=][ \t]*|[^\n]*[ \t]\r?\n)/i.test(
        pair.text.slice(pair.head.length),
      ),
  },
]

/** llhttp takes it, we do not. */
const THEIRS: readonly Difference[] = [
  {
    name: 'a 101 that nobody asked for',
    why: 'RFC 9110 section 15.2.2: only in answer to an Upgrade field; DESIGN section 6',
    takes: 'theirs',
    applies: (pair) => rejects(pair, 'unexpected-upgrade'),
  },
  {
    name: 'a CR before the status line',
    why: 'RFC 9112 section 2.2: a bare CR ends no line',
    takes: 'theirs',
    applies: (pair) => rejects(pair, 'status-line') && /(^|\n)\r(?!\n)/.test(pair.text),
  },
  {
    name: 'HTTP/2.0 in a status line',
    why: 'RFC 9112 section 2.3: not this protocol',
    takes: 'theirs',
    applies: (pair) => rejects(pair, 'http-version') && (pair.insecure || pair.head.includes('HTTP/2.0')),
  },
  {
    name: 'a status below 100',
    why: 'RFC 9110 section 15: 100 to 599; DESIGN section 6 up to 999',
    takes: 'theirs',
    applies: (pair) => rejects(pair, 'status-code') && pair.theirs.status < 100,
  },
  {
    name: 'a NUL in the reason phrase',
    why: 'RFC 9112 section 4: blanks, visible characters and obs-text; DESIGN section 6 rejects NUL in all of the head',
    takes: 'theirs',
    applies: (pair) =>
      rejects(pair, 'nul') && /^HTTP\/1[^\n]*\0/m.test(pair.head) && pair.theirs.reason.includes('\0'),
  },
  {
    name: 'parameters of chunked',
    why: 'RFC 9112 section 7: to be treated as an error',
    takes: 'theirs',
    applies: (pair) =>
      rejects(pair, 'transfer-encoding') &&
      /chunked[ \t]*;/i.test(valuesOf(pair, 'transfer-encoding').join()),
  },
  {
    name: 'more digits in a chunk size than count',
    why: 'DESIGN section 6: too large; curl has the same bound',
    takes: 'theirs',
    applies: (pair) => rejects(pair, 'chunk-size') && /(^|\n)[\da-f]{17}/i.test(pair.text),
  },
  {
    name: 'chunks under a coding that llhttp does not know for chunked',
    why: 'RFC 9110 sections 5.6.1 and 5.6.3: blanks and empty elements of a list do not count',
    takes: 'theirs',
    applies: (pair) =>
      (pair.ours.verdict === 'cut' || rejects(pair, ...CHUNK_RULES)) && CHUNKED_BEFORE_BLANK.test(pair.head),
  },
  {
    name: 'a chunk extension without a name or a value',
    why: 'RFC 9112 section 7.1.1; a reader that skips to the line end can be made to see other chunks',
    takes: 'theirs',
    applies: (pair) => rejects(pair, 'chunk-extension'),
  },
]

const CHUNK_RULES = [
  'chunk-size',
  'chunk-extension',
  'chunk-end',
  'bare-cr',
  'nul',
  'field-name',
  'line-without-colon',
  'blank-before-colon',
  'blank-before-first-field',
]

/** What llhttp's lenient flags (`insecureHTTPParser`) let through besides. All could move a message's end. */
const INSECURE: readonly Difference[] = [
  {
    name: 'insecure: a CR that ends no line',
    why: 'RFC 9112 section 2.2: invalid, or replaced by a blank',
    takes: 'theirs',
    applies: (pair) => pair.insecure && rejects(pair, 'bare-cr') && /\r(?!\n)/.test(pair.text),
  },
  {
    name: 'insecure: a NUL in a value',
    why: 'RFC 9110 section 5.5: dangerous',
    takes: 'theirs',
    applies: (pair) => pair.insecure && rejects(pair, 'nul') && pair.text.includes('\0'),
  },
  {
    name: 'insecure: a chunk without its line end',
    why: 'RFC 9112 section 7.1',
    takes: 'theirs',
    applies: (pair) => pair.insecure && rejects(pair, 'chunk-end'),
  },
  {
    name: 'insecure: a name that is no token, a framing field without its colon, a blank first line',
    why: 'RFC 9112 sections 2.2 and 5.1',
    takes: 'theirs',
    applies: (pair) =>
      pair.insecure &&
      rejects(pair, 'field-name', 'line-without-colon', 'blank-before-first-field', 'blank-before-colon'),
  },
  {
    name: 'insecure: a head that ends with a line of blanks, CR CR or CR alone',
    why: 'RFC 9112 section 2.1: an empty line ends it',
    takes: 'theirs',
    applies: (pair) =>
      pair.insecure && pair.ours.verdict === 'cut' && /\r(?!\n)|\n[ \t]+\r?\n/.test(pair.text),
  },
  {
    name: 'insecure: identity beside a Content-Length',
    why: 'RFC 2616 section 3.6: no coding, so the length counts; llhttp reads until close',
    takes: 'theirs',
    applies: (pair) =>
      pair.insecure &&
      pair.ours.verdict === 'cut' &&
      /^identity$/i.test(valuesOf(pair, 'transfer-encoding').join()) &&
      told(pair, 'content-length'),
  },
]

/** Both take it, and read something else. */
const BOTH: readonly Difference[] = [
  {
    name: 'until close for llhttp, chunked for us',
    why: 'RFC 9110 sections 5.6.1 and 5.6.3: blanks and empty elements of a list do not count',
    takes: 'both',
    applies: (pair) =>
      CHUNKED_BEFORE_BLANK.test(pair.head) &&
      pair.text.endsWith(pair.theirs.body) &&
      pair.ours.status === pair.theirs.status,
  },
  {
    name: 'insecure: an LF that a chunk begins with',
    why: 'RFC 9112 section 7.1: it is data; llhttp 9 loses it and takes one byte behind the chunk instead',
    takes: 'both',
    applies: (pair) =>
      pair.insecure &&
      framed(pair) &&
      /[\da-f][^\n]*\n\n/i.test(pair.text) &&
      pair.ours.body.length === pair.theirs.body.length,
  },
  {
    name: 'insecure: a control character in a Transfer-Encoding',
    why: 'RFC 9112 section 6.3 rule 4: the last coding is chunked, whatever stands before it',
    takes: 'both',
    applies: (pair) => pair.insecure && hasControl(valuesOf(pair, 'transfer-encoding').join()),
  },
  {
    name: 'insecure: a field with a blank before its colon',
    why: 'RFC 9112 section 5.1: removed, the blank or as here the field',
    takes: 'both',
    applies: (pair) =>
      pair.insecure &&
      pair.theirs.fields.concat(pair.theirs.trailers).some((name, i) => i % 2 === 0 && /[ \t]$/.test(name)) &&
      pair.ours.body === pair.theirs.body,
  },
  {
    name: 'insecure: a folded field joined by a blank',
    why: 'RFC 9112 section 5.2: by one or more blanks; llhttp drops the line end alone',
    takes: 'both',
    applies: (pair) =>
      pair.insecure &&
      FOLD.test(pair.text) &&
      squeezed(pair.ours.fields) === squeezed(pair.theirs.fields) &&
      squeezed(pair.ours.trailers) === squeezed(pair.theirs.trailers) &&
      pair.ours.body === pair.theirs.body,
  },
]

function squeezed(fields: readonly string[]): string {
  return fields.map((text) => text.replaceAll(/[ \t]+/g, '')).join('\n')
}

export const DIFFERENCES: readonly Difference[] = [...OURS, ...THEIRS, ...INSECURE, ...BOTH]
