import { CLI_LIMITS } from './limits.ts'

/**
 * The file a URL's body is stored in, below the output folder: `host/path/segments/name`.
 *
 * Different URLs get different names without looking at what is there: nothing has to be
 * remembered over millions of URLs, and a second run gives the same names. (Only where one URL needs
 * a folder and another a file of that name, who comes first has it: `otherFolderName`.) `~` introduces all that
 * was changed, and a `~` of the URL is itself written as `~7e`.
 *
 *     https://example.com/a/b.html    example.com/a/b.html
 *     http://example.com/a            example.com+http/a            http, and ports, are named
 *     https://[::1]:8443/a            [--1]+8443/a
 *     https://joe:pw@example.com/a    joe@example.com/a             without the password
 *     https://example.com/            example.com/~index            no name of its own
 *     https://example.com/a//b        example.com/a/~empty/b
 *     https://example.com/a?q=1/2     example.com/a@q=1~2f2         @ for ?, as wget on Windows
 *     https://example.com/.git/x      example.com/~2egit/x          no leading . or -, no trailing .
 *     https://example.com/a:b*c       example.com/a~3ab~2ac         ~ and hex for odd characters
 *     https://example.com/nul.txt     example.com/~6eul.txt         names that Windows reserves
 *     a name over 200 characters      its start, ~x, a hash, its extension
 *     a path over 800 characters      example.com/~long/<start>~y<hash>
 *
 * The URL's own %XX stay as they are; the fragment is not sent and not part of the name.
 * `foldCase`, for file systems that take A and a for one: names with capitals get ~c and a hash.
 */
export interface FileName {
  readonly folders: readonly string[]
  readonly name: string
}

export function fileNameOf(url: URL, foldCase = false): FileName {
  const segments = url.pathname.split('/').slice(1)
  const last = segments.pop() ?? ''
  const host = fit(hostFolder(url), foldCase)
  const folders = [host, ...segments.map((segment) => fit(guard(escape(segment, UNSAFE)), foldCase))]
  const name = fit(lastName(last, searchOf(url)), foldCase)
  const length = folders.reduce((sum, folder) => sum + folder.length + 1, name.length)
  if (length <= CLI_LIMITS.maxPathLength) return { folders, name }
  const tail = name.length > 100 ? name.slice(0, 100) : name
  return { folders: [host, '~long'], name: hashed(tail, 'y', url.pathname + searchOf(url)) }
}

/** What a folder is called when its name is taken by a file: /a and /a/b are both files. */
export function otherFolderName(name: string): string {
  return `${name}~d`
}

/** What a file is called when its name is taken by a folder. */
export function otherFileName(name: string): string {
  return `${name}~f`
}

/** Characters that stay; none of them is special to a file system that Node runs on. */
const UNSAFE = /[^A-Za-z0-9._%!$&'()+,;=[\]-]/gu
const UNSAFE_IN_QUERY = /[^A-Za-z0-9._%!$&'()+,;=[\]@-]/gu
const UNSAFE_IN_HOST = /[^A-Za-z0-9._[\]-]/gu

/** Device names of Windows, with any extension (conin$ and conout$ too). */
const RESERVED = /^(?:con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(?:\.|$)/iu

function hostFolder(url: URL): string {
  // Brackets occur in no name but an IPv6 address, so that its colons can be dashes.
  const host = url.hostname.startsWith('[') ? url.hostname.replaceAll(':', '-') : url.hostname
  const scheme = url.protocol === 'https:' ? '' : `+${url.protocol.slice(0, -1)}`
  const port = url.port === '' ? '' : `+${url.port}`
  // No password in a name. A host has no @ of its own.
  const user = url.username === '' && url.password === '' ? '' : `${escape(url.username, UNSAFE)}@`
  return guard(user + escape(host, UNSAFE_IN_HOST) + scheme + port)
}

/** `?` for an empty query, which `url.search` does not tell from none: it is sent, so it is another URL. */
function searchOf(url: URL): string {
  const { search } = url
  if (search !== '') return search
  const { href } = url
  const end = href.indexOf('#')
  return href[(end === -1 ? href.length : end) - 1] === '?' ? '?' : ''
}

function lastName(last: string, search: string): string {
  const query = search === '' ? '' : `@${escape(search.slice(1), UNSAFE_IN_QUERY)}`
  if (last === '') return guard(`~index${query}`)
  return guard(escape(last, UNSAFE) + query)
}

function escape(text: string, unsafe: RegExp): string {
  return text.replace(unsafe, (char) => {
    let out = ''
    for (const byte of Buffer.from(char)) out += hex(byte)
    return out
  })
}

function hex(byte: number): string {
  return `~${byte.toString(16).padStart(2, '0')}`
}

/** Changes what is harmless as a text but not as a name. */
function guard(name: string): string {
  if (name === '') return '~empty'
  let safe = name
  if (safe.endsWith('.')) safe = `${safe.slice(0, -1)}~2e`
  // A leading dot hides a file, and `.git/config` can make git run commands; `-rf` is an option to rm.
  if (safe.startsWith('.') || safe.startsWith('-') || RESERVED.test(safe)) {
    safe = hex(safe.charCodeAt(0)) + safe.slice(1)
  }
  return safe
}

function fit(name: string, foldCase: boolean): string {
  const folded = foldCase && /[A-Z]/u.test(name) ? hashed(name, 'c', name) : name
  return folded.length <= CLI_LIMITS.maxNameLength ? folded : hashed(folded, 'x', name)
}

/** `name` with a mark and a hash before its extension, cut so that it fits. */
function hashed(name: string, mark: string, of: string): string {
  const extension = /\.[A-Za-z0-9]{1,8}$/u.exec(name)?.[0] ?? ''
  // Few names have one, and a Node that starts does not load it.
  const { createHash } = process.getBuiltinModule('node:crypto')
  const hash = createHash('sha256').update(of).digest('hex').slice(0, 32)
  const ending = `~${mark}${hash}${extension}`
  const start = name.slice(0, name.length - extension.length)
  return start.slice(0, CLI_LIMITS.maxNameLength - ending.length) + ending
}
