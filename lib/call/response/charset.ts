import { TextDecoder } from 'node:util'
import { metaLabel, startOf, xmlLabel } from './charset-prescan.ts'

/** What a Content-Type field says, as far as it matters to text. */
interface ContentType {
  /** `type/subtype` in lower case; '': none, or none that can be read. */
  readonly essence: string
  /** The label of its charset; '' for none. */
  readonly charset: string
}

const UTF8 = 'utf-8'
const WINDOWS_1252 = 'windows-1252'
const NO_TYPE: ContentType = { essence: '', charset: '' }
const ESSENCE = /^[!#$%&'*+\-.^_`|~0-9a-z]+\/[!#$%&'*+\-.^_`|~0-9a-z]+$/
const PARAMETER = /;[\t\n\r ]*([^;=]*)(?:=(?:"((?:[^"\\]|\\[^])*)(?:"[^;]*|$)|([^;]*)))?/g

/**
 * Decoders of charsets, by label. Only labels that are known are kept: the encoding standard has some
 * 230, and servers send any number of others.
 */
const decoders = new Map<string, TextDecoder>()

/** Content-Types that were read already: a crawl sees few, again and again. Forgotten all at once. */
const contentTypes = new Map<string, ContentType>()
const MAX_CONTENT_TYPES = 256
/** Characters of one that is worth it. */
const MAX_REMEMBERED = 128

/** What windows-1252 has at 0x80 to 0x9F. */
const WINDOWS_1252_HIGH =
  '\u20ac\u0081\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\u008d\u017d\u008f' +
  '\u0090\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\u009d\u017e\u0178'

/**
 * The charset of a text, by its name in the encoding standard: what the byte order mark says; else the
 * Content-Type; else, in HTML, XML and what has no type, the document itself; else UTF-8. A label that
 * nobody knows is passed over.
 */
export function charsetOf(contentType: string | null, bytes: Uint8Array): string {
  const marked = markedCharset(bytes)
  if (marked !== '') return marked
  const { essence, charset } = contentType === null ? NO_TYPE : readContentType(contentType)
  const told = charset === '' ? undefined : decoderOf(charset)
  if (told !== undefined) return told.encoding
  return describesItself(essence) ? documentCharset(essence, bytes) : UTF8
}

/** The text of a body. Bad bytes become U+FFFD, a byte order mark is left out. */
export function decodeText(bytes: Uint8Array, contentType: string | null): string {
  const charset = charsetOf(contentType, bytes)
  const buffer = asBuffer(bytes)
  if (charset === UTF8) return buffer.toString('utf8', hasUtf8Mark(bytes) ? 3 : 0)
  if (charset === WINDOWS_1252) return decodeWindows1252(buffer)
  return decoderOf(charset)!.decode(bytes)
}

function markedCharset(bytes: Uint8Array): string {
  if (hasUtf8Mark(bytes)) return UTF8
  if (bytes[0] === 0xfe && bytes[1] === 0xff) return 'utf-16be'
  return bytes[0] === 0xff && bytes[1] === 0xfe ? 'utf-16le' : ''
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function hasUtf8Mark(bytes: Uint8Array): boolean {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf
}

function describesItself(essence: string): boolean {
  return essence === '' || essence === 'text/html' || isXml(essence)
}

function isXml(essence: string): boolean {
  return essence.endsWith('/xml') || essence.endsWith('+xml')
}

function documentCharset(essence: string, bytes: Uint8Array): string {
  const start = startOf(asBuffer(bytes))
  const xml = xmlLabel(start)
  // An XML document may hold HTML, whose <meta> says nothing of it; HTML believes its <meta> first.
  const isHtml = essence === 'text/html' || (essence === '' && xml === '')
  const meta = isHtml ? metaLabel(start, (label) => decoderOf(label) !== undefined) : ''
  return (decoderOf(meta) ?? decoderOf(xml))?.encoding ?? UTF8
}

/** undefined: nobody knows the label, or this Node cannot decode it (22 lacks two charsets). */
function decoderOf(label: string): TextDecoder | undefined {
  if (label === '') return undefined
  const name = label.toLowerCase()
  const known = decoders.get(name)
  if (known !== undefined) return known
  try {
    const decoder = new TextDecoder(name)
    decoders.set(name, decoder)
    return decoder
  } catch {
    return undefined
  }
}

/** Not by TextDecoder: in Node 22.13 to 24.6 it takes this for Latin-1 (nodejs/node#56542). */
function decodeWindows1252(buffer: Buffer): string {
  const text = buffer.toString('latin1')
  return text.replace(/[\u0080-\u009f]/g, (c) => WINDOWS_1252_HIGH[c.charCodeAt(0) - 0x80]!)
}

function readContentType(field: string): ContentType {
  let known = contentTypes.get(field)
  if (known === undefined) {
    known = parseContentType(field)
    if (field.length > MAX_REMEMBERED) return known
    if (contentTypes.size >= MAX_CONTENT_TYPES) contentTypes.clear()
    contentTypes.set(field, known)
  }
  return known
}

/**
 * By the MIME sniffing and fetch standards: of several joined by commas the last that can be read
 * counts, and the charset of one before it where the type is the same.
 */
function parseContentType(field: string): ContentType {
  if (!field.includes(',')) return parseOne(field) ?? NO_TYPE
  let found = NO_TYPE
  for (const part of field.match(/(?:"(?:[^"\\]|\\[^])*(?:"|$)|[^,"])+/g) ?? []) {
    const one = parseOne(part)
    if (one === null || one.essence === '*/*') continue
    found = one.charset === '' && one.essence === found.essence ? found : one
  }
  return found
}

function parseOne(text: string): ContentType | null {
  const semicolon = text.indexOf(';')
  const essence = (semicolon === -1 ? text : text.slice(0, semicolon)).trim().toLowerCase()
  if (!ESSENCE.test(essence)) return null
  if (semicolon === -1) return { essence, charset: '' }
  for (const [, name, quoted, bare] of text.slice(semicolon).matchAll(PARAMETER)) {
    if (name!.toLowerCase() !== 'charset') continue
    const charset = quoted === undefined ? (bare ?? '').trim() : quoted.replace(/\\([^])/g, '$1')
    if (charset !== '') return { essence, charset }
  }
  return { essence, charset: '' }
}
