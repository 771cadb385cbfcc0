import { gzipSync } from 'node:zlib'
import type { HostileRequest } from './hostile-request.ts'
import { answer, bodyFor, chunks, head, honestAnswer } from './honest-answer.ts'
import type { CUTS, HONEST, Misdeed } from './misdeeds.ts'
import { send, type Deed, type Plan, type PlanEnd } from './plan.ts'

/** The honest answer up to the place that the misdeed names, never the whole of it. */
function cut(request: HostileRequest, misdeed: Misdeed, end: PlanEnd): Plan {
  const bytes = honestAnswer(request)
  const length = Math.min(bytes.length - 1, Math.floor(bytes.length * (misdeed.at ?? 0.5)))
  return send(bytes.subarray(0, length), end)
}

function openAnswer(request: HostileRequest): string {
  return head(request, ['Content-Type: text/plain']) + (request.method === 'HEAD' ? '' : bodyFor(request))
}

/** One byte each, up to `slow`; then the rest. */
function bytewise(bytes: Buffer, from: number, to: number): Buffer[] {
  const parts = [bytes.subarray(0, from)]
  for (let at = from; at < to; at++) parts.push(bytes.subarray(at, at + 1))
  parts.push(bytes.subarray(to))
  return parts
}

function slow(request: HostileRequest, misdeed: Misdeed, part: 'head' | 'body'): Plan {
  const bytes = honestAnswer(request)
  const border = bytes.indexOf('\r\n\r\n') + 4
  const parts =
    part === 'head'
      ? bytewise(bytes, 0, border)
      : bytewise(bytes, border, Math.min(bytes.length, border + 60))
  return { parts, end: 'keep', gap: misdeed.gap ?? 0 }
}

export const HONEST_DEEDS: Record<(typeof HONEST)[number], Deed> = {
  none: (request) => send(honestAnswer(request)),
  chunked: (request) => {
    const text = head(request, ['Transfer-Encoding: chunked'])
    return send(
      request.method === 'HEAD' ? text : `${text}${chunks(bodyFor(request))}0\r\nX-Trailer: 1\r\n\r\n`,
    )
  },
  'until-close': (request) => send(openAnswer(request), 'close'),
  'announced-close': (request) => send(honestAnswer(request, ['Connection: close']), 'close'),
  gzip: (request) => send(answer(request, gzipSync(bodyFor(request)), ['Content-Encoding: gzip'])),
  'some-interim': (request) => ({
    parts: [
      'HTTP/1.1 100 Continue\r\n\r\n',
      'HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n',
      honestAnswer(request),
    ],
    end: 'keep',
  }),
}

export const CUT_DEEDS: Record<(typeof CUTS)[number], Deed> = {
  silence: () => send('', 'stall'),
  'close-unanswered': () => send('', 'close'),
  'reset-unanswered': () => send('', 'reset'),
  'fin-at': (request, misdeed) => cut(request, misdeed, 'close'),
  'reset-at': (request, misdeed) => cut(request, misdeed, 'reset'),
  'half-close-at': (request, misdeed) => cut(request, misdeed, 'half-close'),
  'unclean-at': (request, misdeed) => cut(request, misdeed, 'unclean'),
  'stall-at': (request, misdeed) => cut(request, misdeed, 'stall'),
  'close-reuse': (request) => send(honestAnswer(request), 'close-next'),
  'reset-reuse': (request) => send(honestAnswer(request), 'reset-next'),
  'close-after': (request) => send(honestAnswer(request), 'close'),
  'reset-after': (request) => send(honestAnswer(request), 'reset'),
  'until-close-unclean': (request) => send(openAnswer(request), 'unclean'),
  'until-close-reset': (request) => send(openAnswer(request), 'reset'),
  'slow-head': (request, misdeed) => slow(request, misdeed, 'head'),
  'slow-body': (request, misdeed) => slow(request, misdeed, 'body'),
  // It reads on, so that no reset destroys the answer (RFC 9112 section 9.6).
  'early-close': (request) => send(honestAnswer(request), 'half-close'),
  'early-reset': (request) => send(honestAnswer(request), 'reset'),
  'early-unread': (request) => send(honestAnswer(request)),
  'unread-upload': () => send('', 'stall'),
}

/** These do not wait for the request's body. */
export const EARLY: ReadonlySet<string> = new Set([
  'early-close',
  'early-reset',
  'early-unread',
  'unread-upload',
])

/** These read nothing more once the head has come. */
export const UNREAD: ReadonlySet<string> = new Set(['early-unread', 'unread-upload'])
