import { deflateSync, gzipSync } from 'node:zlib'
import { LIMITS } from '../../lib/index.ts'
import { gzipBomb, mayBeTaken, rubbishSize, type Misdeed } from './misdeeds.ts'

export type AnswerFraming = 'length' | 'chunked' | 'close'
/**
 * What the server does after the last byte it sends: goes on, closes as announced, closes unannounced,
 * closes only its own direction and reads on, resets, ends TLS without close_notify, or never says
 * anything again.
 */
export type AnswerEnd = 'keep' | 'close' | 'drop' | 'half-close' | 'reset' | 'unclean' | 'hang'

/** How one request is answered: everything that does not follow from the request itself. */
export interface AnswerPlan {
  /** null: the one that the request's path names. */
  readonly status: number | null
  readonly framing: AnswerFraming
  readonly coding: '' | 'gzip' | 'deflate'
  readonly minorVersion: 0 | 1
  /** Status codes of interim answers before it. */
  readonly interim: readonly number[]
  readonly fields: readonly string[]
  readonly trailers: boolean
  /** ms from the request to the first byte. */
  readonly delay: number
  /** The body is written in so many pieces, `gap` ms apart. */
  readonly pieces: number
  readonly gap: number
  /** Only this part of the answer's bytes is sent, 0 to 1; null: all. */
  readonly cut: number | null
  readonly end: AnswerEnd
  /** The coded body lacks its last bytes, though the framing is right. */
  readonly damaged: boolean
  /** Answers without waiting for the request's body. */
  readonly early: boolean
  /** Its head comes in so many writes, 1 ms apart. */
  readonly drip: number
  readonly misdeed: Misdeed | null
}

/** What a server without any misdeeds does. */
export const PLAIN: AnswerPlan = {
  status: null,
  framing: 'length',
  coding: '',
  minorVersion: 1,
  interim: [],
  fields: [],
  trailers: false,
  delay: 1,
  pieces: 1,
  gap: 0,
  cut: null,
  end: 'keep',
  damaged: false,
  early: false,
  drip: 1,
  misdeed: null,
}

/** Whether a client may take this answer for a whole one. */
export function isWhole(plan: AnswerPlan, method: string, status: number): boolean {
  if (plan.cut !== null || plan.end === 'unclean') return false
  const bodiless = isBodiless(method, status)
  if (plan.misdeed !== null && !mayBeTaken(plan.misdeed, bodiless, plan.coding !== '')) return false
  if (bodiless) return true
  if (plan.damaged) return false
  return plan.framing !== 'close' || plan.end === 'close' || plan.end === 'half-close'
}

export function isBodiless(method: string, status: number): boolean {
  return method === 'HEAD' || status === 204 || status === 304
}

/** How much of its body an answer announces, where that is less than there is. */
export function announced(plan: AnswerPlan, body: Buffer): number {
  if (plan.misdeed === 'short-length') return body.length >> 1
  return plan.misdeed === 'long-length' ? body.length + 10 : body.length
}

export interface WirePart {
  /** ms to wait before it. */
  readonly after: number
  readonly data: Buffer
}

/** The bytes of an answer, in the pieces in which they are written. */
export function encodeAnswer(
  plan: AnswerPlan,
  method: string,
  status: number,
  body: Buffer,
  fields: string[],
): WirePart[] {
  const bodiless = status === 204 || status === 304
  const coded = encodeBody(plan, body)
  let head = ''
  for (const interim of plan.interim) {
    head += `HTTP/1.1 ${interim} Interim\r\n${interim === 103 ? 'Link: </style.css>; rel=preload\r\n' : ''}\r\n`
  }
  head += `HTTP/1.${plan.minorVersion} ${status} Some Reason\r\n`
  for (const field of [...fields, ...plan.fields]) head += `${field}\r\n`
  if (plan.coding !== '' && !bodiless) head += `Content-Encoding: ${plan.coding}\r\n`
  if (plan.framing === 'chunked' && !bodiless) head += 'Transfer-Encoding: chunked\r\n'
  if (plan.framing === 'length' && !bodiless) head += `Content-Length: ${announced(plan, coded)}\r\n`
  if (plan.misdeed === 'two-lengths') head += `Content-Length: ${coded.length + 1}\r\n`
  if (plan.misdeed === 'huge-head') head += HUGE_FIELD
  if (plan.end === 'close' || plan.end === 'half-close') {
    if (plan.framing !== 'close') head += 'Connection: close\r\n'
  }
  const parts = headParts(plan, Buffer.from(`${head}\r\n`, 'latin1'))
  if (!bodiless && method !== 'HEAD') parts.push(...bodyParts(plan, coded))
  return plan.cut === null ? parts : cutParts(parts, plan.cut)
}

const HUGE_FIELD = `X-Huge: ${'x'.repeat(LIMITS.maxHeadSize)}\r\n`

function headParts(plan: AnswerPlan, head: Buffer): WirePart[] {
  const size = Math.ceil(head.length / plan.drip)
  const parts: WirePart[] = []
  for (let at = 0; at < head.length; at += size) {
    parts.push({ after: at === 0 ? plan.delay : 1, data: head.subarray(at, at + size) })
  }
  return parts
}

function encodeBody(plan: AnswerPlan, body: Buffer): Buffer {
  if (plan.misdeed === 'bomb') return Buffer.concat([gzipSync(body), gzipBomb()])
  if (plan.coding === '') return body
  const coded = plan.coding === 'gzip' ? gzipSync(body) : deflateSync(body)
  return plan.damaged ? coded.subarray(0, Math.max(1, coded.length - 6)) : coded
}

function bodyParts(plan: AnswerPlan, body: Buffer): WirePart[] {
  const parts: WirePart[] = []
  const size = Math.max(1, Math.ceil(body.length / plan.pieces))
  for (let at = 0; at < body.length; at += size) {
    const piece = body.subarray(at, at + size)
    const data = plan.framing === 'chunked' ? chunkOf(piece, plan.misdeed) : piece
    parts.push({ after: at === 0 ? 0 : plan.gap, data })
  }
  if (plan.framing === 'chunked') {
    const last = plan.trailers ? '0\r\nX-Checksum: 1\r\nX-Other: 2\r\n\r\n' : '0\r\n\r\n'
    parts.push({ after: plan.pieces > 1 ? plan.gap : 0, data: Buffer.from(last) })
  }
  return parts
}

function chunkOf(piece: Buffer, misdeed: Misdeed | null): Buffer {
  const size = misdeed === 'rubbish-chunk' ? rubbishSize(piece.length) : piece.length.toString(16)
  const end = misdeed === 'bare-chunk' ? '' : '\r\n'
  return Buffer.concat([Buffer.from(`${size}\r\n`, 'latin1'), piece, Buffer.from(end)])
}

/** At least one byte is missing. */
function cutParts(parts: WirePart[], share: number): WirePart[] {
  const total = parts.reduce((sum, part) => sum + part.data.length, 0)
  let left = Math.min(total - 1, Math.floor(total * share))
  const kept: WirePart[] = []
  for (const part of parts) {
    if (left <= 0) break
    kept.push({ after: part.after, data: part.data.subarray(0, left) })
    left -= part.data.length
  }
  return kept
}
