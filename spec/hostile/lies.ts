import { bodyFor, chunks, head, honestAnswer } from './honest-answer.ts'
import type { HostileRequest } from './hostile-request.ts'
import type { LIES } from './misdeeds.ts'
import { send, type Deed, type PlanEnd } from './plan.ts'

/** The honest answer, its Content-Length replaced by other fields. */
function withFields(request: HostileRequest, fields: readonly string[]): string {
  return head(request, fields) + (request.method === 'HEAD' ? '' : bodyFor(request))
}

function inChunks(request: HostileRequest, body: string): string {
  return head(request, ['Transfer-Encoding: chunked']) + body
}

/** Nothing more comes. After the answer to HEAD nothing is missing: who were stalled is the next request. */
function stall(request: HostileRequest): PlanEnd {
  return request.method === 'HEAD' ? 'keep' : 'stall'
}

/** What servers say when a connection has been idle for too long. It names no request. */
const TIMED_OUT =
  'HTTP/1.1 408 Request Timeout\r\nX-Unasked: 1\r\nConnection: close\r\nContent-Length: 8\r\n\r\ntimeout\n'
const ANOTHER = 'HTTP/1.1 200 OK\r\nX-Unasked: 1\r\nContent-Length: 8\r\n\r\nanother\n'
const COOKIES = [
  '',
  '=',
  ';;;',
  '; Path=/',
  'a b=c; Path',
  `long=${'x'.repeat(5000)}`,
  'x=1; Domain=test; Path=nowhere; Max-Age=soon; Expires=never; SameSite=Perhaps',
  '__proto__=1; Domain=.',
  'tab=\t; \tSecure\t=\t1',
  'good=yes; Path=/',
]

export const LIE_DEEDS: Record<(typeof LIES)[number], Deed> = {
  'long-length': (request) =>
    send(withFields(request, [`Content-Length: ${bodyFor(request).length + 10}`]), 'close'),
  'long-length-stall': (request) =>
    send(withFields(request, [`Content-Length: ${bodyFor(request).length + 10}`]), stall(request)),
  'short-length': (request) => send(withFields(request, [`Content-Length: ${bodyFor(request).length - 10}`])),
  'rubbish-length': (request) => send(withFields(request, ['Content-Length: much']), 'close'),
  'two-lengths': (request) => {
    const { length } = bodyFor(request)
    return send(withFields(request, [`Content-Length: ${length}`, `Content-Length: ${length + 1}`]))
  },
  'length-and-chunked': (request) => {
    const fields = ['Content-Length: 5', 'Transfer-Encoding: chunked']
    return send(`${head(request, fields)}${chunks(bodyFor(request))}0\r\n\r\n`)
  },
  'chunk-rubbish': (request) => send(inChunks(request, `${chunks(bodyFor(request))}size\r\nx\r\n0\r\n\r\n`)),
  'chunk-no-end': (request) => send(inChunks(request, '3\r\nabcdef\r\n0\r\n\r\n')),
  'chunk-too-large': (request) => send(inChunks(request, 'fffffffffffffffff\r\nabc\r\n0\r\n\r\n')),
  'no-last-chunk': (request) => send(inChunks(request, chunks(bodyFor(request))), 'close'),
  'no-last-chunk-stall': (request) => send(inChunks(request, chunks(bodyFor(request))), stall(request)),
  'extra-bytes': (request) => ({ parts: [honestAnswer(request), '\0\0extra bytes\r\n\r\n'], end: 'keep' }),
  'extra-answer': (request) => send(Buffer.concat([honestAnswer(request), Buffer.from(ANOTHER)])),
  // The second one begins where a read of 64 KB ends.
  'extra-aligned': (request) => {
    const missing = 65_536 - honestAnswer(request, ['X-Pad: ']).length
    const first = honestAnswer(request, [`X-Pad: ${'x'.repeat(Math.max(0, missing))}`])
    return send(Buffer.concat([first, Buffer.from(ANOTHER)]))
  },
  'unasked-answer': (request) => ({ parts: [honestAnswer(request)], end: 'unasked', unasked: TIMED_OUT }),
  'unasked-keep': (request) => ({ parts: [honestAnswer(request)], end: 'unasked', unasked: ANOTHER }),
  'unasked-bytes': (request) => ({ parts: [honestAnswer(request)], end: 'unasked', unasked: '\r\n\0' }),
  'switching-protocols': () =>
    send('HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n\x81\x01x'),
  'nul-in-field': (request) => send(honestAnswer(request, ['X-Nul: a\0b'])),
  'cr-in-field': (request) => send(honestAnswer(request, ['X-Cr: a\rSet-Cookie: b=1'])),
  'nul-in-name': (request) => send(honestAnswer(request, ['X-\0-Nul: a'])),
  'no-colon': (request) => send(honestAnswer(request, ['this line says nothing'])),
  'http-09': (request) => send(`${bodyFor(request)}\r\n`, 'close'),
  icy: (request) => send(`ICY 200 OK\r\nicy-name: radio\r\n\r\n${bodyFor(request)}`, 'close'),
  'no-status-line': (request) => send(`X-First: 1\r\nContent-Length: 2\r\n\r\n${request.method}`),
  'no-bytes-of-http': () => send(Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 13, 10, 13, 10])),
  'cookie-rubbish': (request) =>
    send(
      honestAnswer(
        request,
        COOKIES.map((cookie) => `Set-Cookie: ${cookie}`),
      ),
    ),
}
