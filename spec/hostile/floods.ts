import { gzipSync } from 'node:zlib'
import { answer, bodyFor, chunks, head, honestAnswer } from './honest-answer.ts'
import type { HostileRequest } from './hostile-request.ts'
import type { FLOODS } from './misdeeds.ts'
import { pathWith } from './misdeeds.ts'
import { repeated, send, type Deed, type Plan } from './plan.ts'

const MIB = 1_048_576
const bombs = new Map<string, Buffer>()

/** Zeros that gzip makes a thousandth of; made once, as it takes 50 ms. */
function bomb(size: number, nested: boolean): Buffer {
  const key = `${size} ${nested}`
  let bytes = bombs.get(key)
  if (bytes === undefined) {
    bytes = gzipSync(Buffer.alloc(Math.min(size, 256 * MIB)))
    if (nested) bytes = gzipSync(bytes)
    if (bombs.size >= 8) bombs.clear()
    bombs.set(key, bytes)
  }
  return bytes
}

function flood(before: string, part: string, size: number): Plan {
  return { parts: repeated(before, part, size), end: 'close' }
}

function gzipped(request: HostileRequest): Buffer {
  return gzipSync(bodyFor(request))
}

function coded(request: HostileRequest, bytes: Buffer, coding = 'gzip'): Plan {
  return send(answer(request, bytes, [`Content-Encoding: ${coding}`]))
}

function redirect(request: HostileRequest, location: string): Plan {
  return send(answer(request, 'elsewhere\n', [`Location: ${location}`], '302 Found'))
}

export const FLOOD_DEEDS: Record<(typeof FLOODS)[number], Deed> = {
  'interim-storm': (request, { size = 5_000 }) => {
    const parts = repeated('', 'HTTP/1.1 102 Processing\r\n\r\n', size * 27)
    return { parts: [...parts, honestAnswer(request)], end: 'keep' }
  },
  'endless-head': (_request, { size = MIB }) => flood('HTTP/1.1 200 OK\r\nX-Long: ', 'x', size),
  'many-fields': (request, { size = 100_000 }) => ({
    parts: [
      'HTTP/1.1 200 OK\r\n',
      ...repeated('', 'X-A: 1\r\n', size * 8),
      honestAnswer(request).subarray(17),
    ],
    end: 'keep',
  }),
  'endless-chunk-extension': (request, { size = MIB }) =>
    flood(`${head(request, ['Transfer-Encoding: chunked'])}1;x=`, 'x', size),
  'many-chunk-extensions': (request, { size = MIB }) =>
    flood(head(request, ['Transfer-Encoding: chunked']), `1;${'x'.repeat(100)}\r\na\r\n`, size),
  'endless-trailers': (request, { size = MIB }) =>
    flood(
      `${head(request, ['Transfer-Encoding: chunked'])}${chunks(bodyFor(request))}0\r\n`,
      'X-Trailer: 1\r\n',
      size,
    ),
  'endless-body': (request, { size = MIB }) =>
    flood(head(request, ['Transfer-Encoding: chunked']), `400\r\n${'x'.repeat(1024)}\r\n`, size),
  'truncated-gzip': (request, { at = 0.5 }) => {
    const bytes = gzipped(request)
    return coded(request, bytes.subarray(0, Math.max(11, Math.floor((bytes.length - 1) * at))))
  },
  'damaged-gzip': (request) => {
    const bytes = gzipped(request)
    // Its CRC: what was decoded must not be believed.
    bytes[bytes.length - 6]! ^= 0x55
    return coded(request, bytes)
  },
  'gzip-bomb': (request, { size = 16 * MIB }) => coded(request, bomb(size, false)),
  'nested-gzip-bomb': (request, { size = 16 * MIB }) => coded(request, bomb(size, true), 'gzip, gzip'),
  'redirect-loop': (request) => redirect(request, request.path),
  'redirect-chain': (request, misdeed) => {
    const left = misdeed.size ?? 3
    if (left <= 0) return send(honestAnswer(request))
    return redirect(request, pathWith(request.path, { ...misdeed, size: left - 1 }))
  },
  refusal: (request, { size = 0 }) =>
    send(answer(request, 'slow down\n', [`Retry-After: ${size}`], '429 Too Many Requests')),
}
