/**
 * Run as a program, which its spec kills when it takes too long: gives every parser of text from the wire texts of
 * 50 KB that make a pattern try all ways there are. Prints how many were read.
 */
import { parseCacheControl } from '../../lib/cache/cache-control.ts'
import { varyNames, variantOf } from '../../lib/cache/vary.ts'
import { parseChallenges } from '../../lib/call/auth/challenges.ts'
import { parseContentEncoding } from '../../lib/call/coding/content-coding.ts'
import { charsetOf } from '../../lib/call/response/charset.ts'
import { metaLabel, xmlLabel } from '../../lib/call/response/charset-prescan.ts'
import { retryAfterOf } from '../../lib/call/retry.ts'
import { readNetscape } from '../../lib/cookies/netscape.ts'
import { parseSetCookie } from '../../lib/cookies/set-cookie.ts'
import { parseHttpDate } from '../../lib/core/http-date.ts'
import { shownUrl } from '../../lib/core/shown-url.ts'
import { parseContentLength, keepAliveParameter } from '../../lib/http1/framing.ts'
import { parseStatusLine } from '../../lib/http1/status-line.ts'
import { Headers } from '../../lib/index.ts'
import { contentCoding, isGzipFile, parseContentRange } from '../../lib/jobs/range-answer.ts'
import { strongValidator } from '../../lib/jobs/validator.ts'
import { ConnectTunnel } from '../../lib/net/proxy-connect.ts'
import { parseProxy } from '../../lib/net/proxy.ts'

const SIZE = 50_000
const PIECES = [
  ' ',
  '\t',
  ' \t',
  ',',
  ', ',
  ';',
  '; ',
  '=',
  '"',
  '\\',
  '\\"',
  'a',
  'a ',
  'a,',
  'a=',
  'a="',
  '1',
  '1 ',
  '/',
  '@',
  '//@',
  '-',
  ':',
  '<',
  '<!--',
  '<meta ',
  'charset=',
  'encoding=',
]
const BEGINNINGS = [
  '',
  'a,',
  'a=',
  '1',
  '"',
  'W/"',
  'HTTP/1.1 200',
  'bytes ',
  'text/html;',
  '<?xml ',
  'Sun',
  '//',
  'a://',
  'Basic ',
]
const ENDS = ['', '{']

const proxy = parseProxy('http://127.0.0.1:1')
const owner = { sendToProxy: () => undefined, onTunnel: () => undefined, onTunnelFailed: () => undefined }
const fields = (name: string, value: string): Headers => new Headers(`${name}: ${value}\r\n`)

const PARSERS: readonly ((text: string) => unknown)[] = [
  parseCacheControl,
  varyNames,
  (text) => variantOf('accept', () => text),
  (text) => parseChallenges([text]),
  parseContentEncoding,
  (text) => charsetOf(text, Buffer.from('<p>')),
  (text) => metaLabel(text, () => true),
  xmlLabel,
  (text) => retryAfterOf(text, text, 0),
  (text) => readNetscape(text, 'a file', 0),
  parseSetCookie,
  (text) => parseHttpDate(text, 0),
  shownUrl,
  (text) => parseContentLength(text, 'lenient'),
  (text) => keepAliveParameter(text, 'timeout'),
  (text) => parseStatusLine(text, false),
  (text) => contentCoding(fields('content-encoding', text)),
  (text) => isGzipFile(fields('content-type', text), text),
  (text) => parseContentRange(text),
  (text) => strongValidator(fields('etag', text), 0),
  (text) => {
    const tunnel = new ConnectTunnel(
      proxy,
      { host: 'a.test', port: 1, clientIp: '', tls: null, sessionKey: '' },
      owner,
    )
    tunnel.start()
    tunnel.read(Buffer.from(`${text.slice(0, 16_000)}\n\n`, 'latin1'))
  },
]

let read = 0
for (const beginning of BEGINNINGS) {
  for (const piece of PIECES) {
    const middle = piece.repeat(Math.ceil(SIZE / piece.length))
    for (const end of ENDS) {
      for (const parse of PARSERS) {
        try {
          parse(beginning + middle + end)
        } catch {
          // That it is refused is the point of most.
        }
        read++
      }
    }
  }
}
process.stdout.write(String(read))
