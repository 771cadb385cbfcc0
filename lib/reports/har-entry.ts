import { isUtf8 } from 'node:buffer'
import type { Exchange, Flight, ResponseHead } from '../core/exchange.ts'
import { LIMITS } from '../core/limits.ts'
import type { Sending } from './channel-watch.ts'
import type { HarFieldTexts } from './har-fields.ts'

/** An entry in two parts: the size of its content stands between them, and may be known later only. */
export interface HarEntry {
  readonly before: string
  readonly after: string
  readonly mimeType: string
  readonly bytesOnWire: number
}

/** What a HAR knows of one exchange on the wire. Times are ms; -1: unknown, or not a part of it. */
interface HarTimings {
  readonly blocked: number
  readonly dns: number
  /** With the handshake of TLS, as HAR has it. */
  readonly connect: number
  readonly ssl: number
  readonly send: number
  readonly wait: number
  readonly receive: number
}

const TEXTUAL = /^text\/|\b(?:json|xml|x-www-form-urlencoded|javascript)\b/i
const NO_ANSWER =
  '"response":{"status":0,"statusText":"","httpVersion":"","cookies":[],"headers":[],"redirectURL":"","headersSize":-1,"bodySize":-1'
const LOST = 'its connection was lost or closed before the answer, and it was sent again'
const LEFT = 'its answer was left before its end'

/** `startedAt`: as ISO 8601 has it. */
export function sendingEntry(
  sending: Sending,
  startedAt: string,
  texts: HarFieldTexts,
  connection: string,
): HarEntry {
  const { exchange, head, flight, url } = sending
  const timings = timingsOf(sending)
  const { blocked, dns, connect, ssl, send, wait, receive } = timings
  const time = blocked + Math.max(0, dns) + Math.max(0, connect) + send + wait + receive
  const start = `{"startedDateTime":"${startedAt}","time":${rounded(time)},`
  const request = requestText(exchange, url, flight, texts)
  const shown =
    head === null ? null : responseText(head, Math.max(0, sending.bytesOnWire), exchange, texts, false)
  const response = shown === null ? NO_ANSWER : shown.text
  const end =
    `"cache":{},"timings":{"blocked":${rounded(blocked)},"dns":${rounded(dns)},"connect":${rounded(connect)},` +
    `"ssl":${rounded(ssl)},"send":${rounded(send)},"wait":${rounded(wait)},"receive":${rounded(receive)}}` +
    placeText(sending, connection)
  return {
    before: `${start}${request},${response}${errorText(sending)},`,
    after: `},${end}}`,
    mimeType: shown === null ? 'x-unknown' : shown.mimeType,
    bytesOnWire: head === null ? 0 : sending.bytesOnWire,
  }
}

/** An answer out of the cache: nothing of it was on the wire. */
export function cachedEntry(
  exchange: Exchange,
  url: string,
  head: ResponseHead,
  startedAt: string,
  texts: HarFieldTexts,
): HarEntry {
  const start = `{"startedDateTime":"${startedAt}","time":0,`
  const request = requestText(exchange, url, null, texts)
  const { text, mimeType } = responseText(head, 0, exchange, texts, true)
  const timings = '{"blocked":-1,"dns":-1,"connect":-1,"ssl":-1,"send":0,"wait":0,"receive":0}'
  return {
    before: `${start}${request},${text},`,
    // The name that browsers have for the cache of HTTP, wherever it is.
    after: `},"cache":{},"timings":${timings},"_fromCache":"disk"}`,
    mimeType,
    bytesOnWire: 0,
  }
}

/** The entry whole. `size`: of the content, decoded; -1: not known. */
export function entryText(
  { before, after, mimeType, bytesOnWire }: HarEntry,
  size: number,
  isCoded: boolean,
): string {
  const saved = isCoded && size >= 0 && bytesOnWire > 0 ? `,"compression":${size - bytesOnWire}` : ''
  return `${before}"content":{"size":${size}${saved},"mimeType":${JSON.stringify(mimeType)}}${after}`
}

// --- the request -----------------------------------------------------------------------------------

function requestText(exchange: Exchange, url: string, flight: Flight | null, texts: HarFieldTexts): string {
  const { request, path } = exchange
  const { target, method, body } = request
  const ownFields = flight === null ? '' : flight.ownFields
  const isForProxy = target.absolute && !/^proxy-authorization:/im.test(request.fields + ownFields)
  const own = isForProxy ? ownFields + target.via!.fields : ownFields
  const { headers, cookies, type } = texts.ofRequest(request, own)
  // "METHOD target HTTP/1.1", the fields, and the empty line; both lines end with CR LF.
  const length = target.absolute ? url.length : path.length
  const headersSize = method.length + length + request.fields.length + own.length + 14
  const shownUrl = path === '*' ? `${target.origin}/` : url
  const post = body === null ? '' : `,"postData":${postText(exchange, type)}`
  return (
    `"request":{"method":${JSON.stringify(method)},"url":${JSON.stringify(shownUrl)},"httpVersion":"HTTP/1.1",` +
    `"cookies":[${cookies}],"headers":[${headers}],"queryString":[${queryText(path)}],` +
    `"headersSize":${headersSize},"bodySize":${body === null ? 0 : body.length}${post}}`
  )
}

/** As browsers write it: not decoded. */
function queryText(path: string): string {
  const at = path.indexOf('?')
  if (at === -1 || at === path.length - 1) return ''
  const items = path
    .slice(at + 1)
    .split('&')
    .map((part) => {
      const equals = part.indexOf('=')
      const name = equals === -1 ? part : part.slice(0, equals)
      const value = equals === -1 ? '' : part.slice(equals + 1)
      return `{"name":${JSON.stringify(name)},"value":${JSON.stringify(value)}}`
    })
  return items.join(',')
}

/** The text of a body that is small, and text. */
function postText(exchange: Exchange, type: string): string {
  const { bytes } = exchange.request.body!
  const isShown =
    bytes !== null &&
    !exchange.isDetached &&
    bytes.length <= LIMITS.harPostText &&
    TEXTUAL.test(type) &&
    isUtf8(bytes)
  const text = isShown ? `,"text":${JSON.stringify(Buffer.from(bytes).toString())}` : ''
  return `{"mimeType":${JSON.stringify(type)}${text}}`
}

// --- the answer ------------------------------------------------------------------------------------

/** Without its end, where the content comes. */
function responseText(
  head: ResponseHead,
  bodySize: number,
  { request }: Exchange,
  texts: HarFieldTexts,
  isCached: boolean,
): { text: string; mimeType: string } {
  const { status, statusText, minorVersion } = head
  const { headers, cookies, type, location, size } = texts.ofResponse(head.headers, request)
  // "HTTP/1.1 200 OK" and the empty line; of blanks and line ends that a server may send otherwise nothing is known.
  const onWire = 13 + statusText.length + size + 4
  const headersSize = isCached ? -1 : onWire
  const transferSize = isCached ? 0 : onWire + bodySize
  const text =
    `"response":{"status":${status},"statusText":${JSON.stringify(statusText)},"httpVersion":"HTTP/1.${minorVersion}",` +
    `"cookies":[${cookies}],"headers":[${headers}],"redirectURL":${JSON.stringify(location)},` +
    `"headersSize":${headersSize},"bodySize":${bodySize},"_transferSize":${transferSize}`
  return { text, mimeType: type === '' ? 'x-unknown' : type }
}

/** Why there is no answer, or not all of it; as Chromium names its own field. */
function errorText({ fate, error, head, bytesOnWire }: Sending): string {
  if (fate === 'answered') return ''
  const [code, comment] = reasonOf(fate, error)
  if (fate === 'left' && head !== null)
    return `,"comment":${JSON.stringify(`${comment}, after ${bytesOnWire} bytes`)}`
  return `,"_error":${JSON.stringify(code)},"comment":${JSON.stringify(comment)}`
}

function reasonOf(fate: 'failed' | 'left' | 'lost', error: Error | null): [code: string, comment: string] {
  if (fate === 'lost') return ['ERR_CONNECTION_CLOSED', LOST]
  if (fate === 'left') return ['ERR_ABORTED', LEFT]
  const { code = 'ERR_FAILED', message } = error as NodeJS.ErrnoException
  return [code, message]
}

// --- times and places ------------------------------------------------------------------------------

function timingsOf({ waitedFrom, endedAt, flight, exchange }: Sending): HarTimings {
  if (flight === null) {
    const blocked = Math.max(0, endedAt - waitedFrom)
    return { blocked, dns: -1, connect: -1, ssl: -1, send: 0, wait: 0, receive: 0 }
  }
  const { sentAt, headAt, dial } = flight
  const send = Math.min(flight.sending, Math.max(0, endedAt - sentAt))
  const answeredAt = Number.isNaN(headAt) ? endedAt : headAt
  // A body that is still being sent when the answer comes leaves nothing to wait for.
  const wait = Math.max(0, answeredAt - sentAt - send)
  const receive = Math.max(0, endedAt - Math.max(answeredAt, sentAt + send))
  const waited = Math.max(0, sentAt - waitedFrom)
  if (dial === null) return { blocked: waited, dns: -1, connect: -1, ssl: -1, send, wait, receive }
  // The dial may have begun before this exchange came, for another: it waited for the end of it only.
  const tls = Math.min(dial.tls, waited)
  const tcp = Math.min(dial.connect, waited - tls)
  const dns = Math.min(dial.dns, waited - tls - tcp)
  const ssl = exchange.target.scheme === 'https' ? tls : -1
  return { blocked: waited - tls - tcp - dns, dns, connect: tcp + tls, ssl, send, wait, receive }
}

function placeText({ exchange: { target }, flight, attempt }: Sending, connection: string): string {
  const route = flight === null ? null : flight.route
  const clientIp = route === null || route.localAddress === '' ? target.clientIp : route.localAddress
  let text = ''
  if (route !== null && route.remoteAddress !== '') {
    text += `,"serverIPAddress":${JSON.stringify(route.remoteAddress)}`
  }
  // DevTools writes the first, and reads the second.
  if (connection !== '') text += `,"connection":"${connection}","_connectionId":"${connection}"`
  if (clientIp !== '') text += `,"_clientIp":${JSON.stringify(clientIp)}`
  if (target.proxy !== '') text += `,"_proxy":${JSON.stringify(target.proxy)}`
  return attempt === 1 ? text : `${text},"_attempt":${attempt}`
}

/** To the microsecond. */
function rounded(ms: number): number {
  return Math.round(ms * 1000) / 1000
}
