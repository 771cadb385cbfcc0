import { ArgumentError } from '../../core/errors.ts'
import type { RequestBody } from '../../core/exchange.ts'
import { LIMITS } from '../../core/limits.ts'
import { jsonBody, requestBody } from './body.ts'
import type { RequestFields, FieldValue } from './request-fields.ts'
import type { RequestOptions } from './request-options.ts'

/** Methods that mean nothing without a body: an empty one is announced (RFC 9110 section 8.6). */
const EXPECTS_BODY = new Set(['POST', 'PUT', 'PATCH'])

/** Makes the body and adds the fields that frame it (RFC 9112 section 6). */
export function addBody(method: string, options: RequestOptions, fields: RequestFields): RequestBody | null {
  const given = fields.valueOf('content-length')
  const length = given === undefined ? -1 : parseLength(given)
  const chunked = fields.has('transfer-encoding')
  if (options.json !== undefined && options.body !== undefined && options.body !== null) {
    throw new ArgumentError('both body and json are given; a request has one body: give one of them')
  }
  if (options.json === undefined && (options.body === undefined || options.body === null)) {
    if (chunked) throw new ArgumentError('Transfer-Encoding is set, but there is no body to send')
    if (length > 0) throw new ArgumentError(`Content-Length is ${length}, but there is no body to send`)
    if (length === -1 && EXPECTS_BODY.has(method)) fields.list.push(['Content-Length', 0])
    return null
  }
  const made = options.json === undefined ? requestBody(options.body!, length) : jsonBody(options.json)
  if (made.contentType !== '') fields.addDefault('Content-Type', made.contentType)
  if (chunked) {
    checkChunked(fields.valueOf('transfer-encoding'), made.body)
  } else if (given === undefined) {
    if (made.body.length === -1) fields.list.push(['Transfer-Encoding', 'chunked'])
    else fields.list.push(['Content-Length', made.body.length])
  } else if (made.body.length !== length) {
    throw new ArgumentError(
      `Content-Length is ${length}, but the body has ${made.body.length} bytes; leave it out`,
    )
  }
  return made.body
}

function parseLength(value: FieldValue): number {
  const text = String(value)
  const length = Number(text)
  if (/^\d+$/.test(text) && Number.isSafeInteger(length)) return length
  throw new ArgumentError(`Content-Length is ${JSON.stringify(text)}; it must be a whole number of bytes`)
}

function checkChunked(value: FieldValue | undefined, body: RequestBody): void {
  if (String(value).toLowerCase() === 'chunked' && body.length === -1) return
  throw new ArgumentError(
    `Transfer-Encoding is ${JSON.stringify(String(value))}; only "chunked" is sent, and only with a body of unknown length: leave it out`,
  )
}

/** How long to wait for a 100 before the body, ms; 0: not asked for. Adds the field that asks. */
export function addExpect(options: RequestOptions, fields: RequestFields, body: RequestBody | null): number {
  const asked = options.expectContinue ?? fields.has('expect')
  if (asked === false || body === null || body.length === 0) return 0
  fields.addDefault('Expect', '100-continue')
  // Set to null, it is not asked for: then there is nothing to wait for.
  if (!fields.has('expect')) return 0
  return asked === true ? LIMITS.continueTimeout : asked
}
