import { ArgumentError } from '../core/errors.ts'
import { isToken, quote } from './grammar.ts'

/** A field's value as a caller may give it. An array is several lines of the same name. */
export type FieldValue = string | number | readonly (string | number)[]

/** The fields that say where a request ends or whom it is for: twice is a way to smuggle. */
type FramingField = 'host' | 'content-length' | 'transfer-encoding'

/**
 * The one place where fields become bytes: every field of every request, the client's own too,
 * passes here. Order and case are kept; each line ends with CR LF.
 *
 * What is checked is the text that is written, after coercion: an object is refused, because what
 * it turns into may change between the check and the write (undici's CVE-2022-35948, issue 5579).
 *
 * @throws ArgumentError naming the field, the rule and the remedy
 */
export function serializeFields(fields: Iterable<readonly [name: string, value: FieldValue]>): string {
  // Joined at the end: a string made by adding holds on to all its parts, 1 KB for each target.
  const lines: string[] = []
  const seen: FramingField[] = []
  for (const [name, value] of fields) {
    if (typeof name !== 'string' || !isToken(name)) {
      throw new ArgumentError(
        `field name ${describe(name)} is no token: use letters, digits and !#$%&'*+-.^_\`|~ only`,
      )
    }
    if (Array.isArray(value)) {
      // By index, so that holes are seen as undefined and refused.
      for (let i = 0; i < value.length; i++) lines.push(line(name, value[i], seen))
    } else {
      lines.push(line(name, value, seen))
    }
  }
  return lines.join('')
}

function line(name: string, value: unknown, seen: FramingField[]): string {
  const text = valueText(name, value)
  const framing = framingField(name)
  if (framing !== null) checkFraming(framing, text, seen)
  return `${name}: ${text}\r\n`
}

function valueText(name: string, value: unknown): string {
  if (typeof value === 'number') {
    if (Number.isFinite(value)) return String(value)
    throw new ArgumentError(`field ${quote(name)} has the value ${value}: give a finite number or a string`)
  }
  if (typeof value !== 'string') {
    throw new ArgumentError(
      `field ${quote(name)} has a value of type ${value === null ? 'null' : typeof value}: ` +
        'give a string, a number or an array of those; leave the field out for none',
    )
  }
  for (let i = 0; i < value.length; i++) {
    const code = value.charCodeAt(i)
    if ((code >= 32 && code < 127) || code === 9) continue
    if (code > 255) {
      throw new ArgumentError(
        `field ${quote(name)} has ${describe(value[i]!)} in its value, which is not Latin-1: ` +
          'encode it yourself, for example with encodeURIComponent()',
      )
    }
    if (code < 128) {
      throw new ArgumentError(
        `field ${quote(name)} has the control character ${describe(value[i]!)} in its value: ` +
          'remove it; CR, LF and NUL would end the line',
      )
    }
  }
  return value
}

function framingField(name: string): FramingField | null {
  const length = name.length
  if (length !== 4 && length !== 14 && length !== 17) return null
  const lower = name.toLowerCase()
  return lower === 'host' || lower === 'content-length' || lower === 'transfer-encoding' ? lower : null
}

function checkFraming(field: FramingField, value: string, seen: FramingField[]): void {
  if (seen.includes(field)) {
    throw new ArgumentError(`field "${field}" stands there twice: give it once, in one spelling`)
  }
  seen.push(field)
  if (seen.includes('content-length') && seen.includes('transfer-encoding')) {
    // RFC 9112 section 6.2.
    throw new ArgumentError(
      'fields "content-length" and "transfer-encoding" exclude each other: give one of them, or none',
    )
  }
  if (field === 'content-length' && !/^[0-9]+$/.test(value)) {
    throw new ArgumentError(
      `field "content-length" is ${quote(value)}: give a number of bytes, or leave it out`,
    )
  }
  if (field === 'transfer-encoding' && !/(?:^|[\t ,])chunked[\t ]*$/i.test(value)) {
    // RFC 9112 section 6.1: nothing else tells the server where the body ends.
    throw new ArgumentError(
      `field "transfer-encoding" is ${quote(value)}: the last coding must be chunked, or leave it out`,
    )
  }
}

/**
 * A request's head, as one Latin-1 string. `fields` comes from `serializeFields`.
 *
 * @throws ArgumentError where method or path could not stand in a request line
 */
export function encodeHead(method: string, path: string, fields: string): string {
  return `${checkMethod(method)} ${checkPath(path)} HTTP/1.1\r\n${fields}\r\n`
}

/** The method itself, in the case it was given: methods are case-sensitive (RFC 9110 section 9.1). */
export function checkMethod(method: string): string {
  if (method === 'GET') return method
  if (typeof method === 'string' && isToken(method)) return method
  throw new ArgumentError(`method ${describe(method)} is no token: use a method name such as GET or POST`)
}

/** The request-target itself: visible ASCII only, or it would end the request line early. */
export function checkPath(path: string): string {
  if (typeof path !== 'string' || path === '') {
    throw new ArgumentError(`path ${describe(path)} is empty or no string: the shortest is "/"`)
  }
  for (let i = 0; i < path.length; i++) {
    const code = path.charCodeAt(i)
    if (code <= 32 || code >= 127) {
      throw new ArgumentError(
        `path ${quote(path)} has ${describe(path[i]!)} in it: percent-encode all but visible ASCII`,
      )
    }
  }
  return path
}

/**
 * One chunk of a chunked body, framing included, in one piece so that it is one write. Empty for
 * no bytes: an empty chunk would end the body.
 */
export function encodeChunk(bytes: Uint8Array): Uint8Array {
  if (bytes.length === 0) return bytes
  const size = `${bytes.length.toString(16)}\r\n`
  const chunk = Buffer.allocUnsafe(size.length + bytes.length + 2)
  chunk.write(size, 0, 'latin1')
  chunk.set(bytes, size.length)
  chunk[chunk.length - 2] = 13
  chunk[chunk.length - 1] = 10
  return chunk
}

/** What ends a chunked body without trailers. */
export function encodeLastChunk(): string {
  return '0\r\n\r\n'
}

/** Any value, readable and bounded: what was passed may be anything. */
function describe(value: unknown): string {
  return typeof value === 'string' ? quote(value) : `of type ${value === null ? 'null' : typeof value}`
}
