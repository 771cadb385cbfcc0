import { LIMITS } from '../core/limits.ts'
import type { DialOptions } from './network.ts'
import { authorityOf, credentialsRemedy, proxyError, type Tunnel, type TunnelOwner } from './proxy-tunnel.ts'
import type { ProxyServer } from './proxy.ts'

const REMEDIES: Readonly<Record<number, string>> = {
  400: 'it may not know CONNECT',
  403: 'its rules forbid this host or port',
  405: 'it does not know CONNECT',
  501: 'it does not know CONNECT',
  502: 'it cannot reach the host',
  503: 'it cannot reach the host, or is busy',
  504: 'the host does not answer it',
}
const MAX_SHOWN = 100

/** The cause of the ConnectError when a proxy answers CONNECT with anything but a 2xx. */
export interface ProxyRefusal {
  readonly status: number
  readonly statusText: string
}

/**
 * A tunnel by CONNECT (RFC 9110 section 9.3.6). Any 2xx opens it, and Content-Length and
 * Transfer-Encoding mean nothing then. Any other answer is the proxy's own: it must never pass for
 * the origin's (CVE-2009-2061), so it becomes an error, and its body is not read.
 */
export class ConnectTunnel implements Tunnel {
  readonly #proxy: ProxyServer
  readonly #authority: string
  readonly #owner: TunnelOwner
  /** What came of the present answer, Latin-1. */
  #text = ''
  /** Bytes of all answers so far, and interim answers among them. */
  #received = 0
  #interim = 0
  #done = false

  constructor(proxy: ProxyServer, origin: DialOptions, owner: TunnelOwner) {
    this.#proxy = proxy
    this.#authority = authorityOf(origin)
    this.#owner = owner
  }

  start(): void {
    // Targets come from parsed URLs; whatever else comes here must not write lines of its own.
    if (/[^\u0021-\u007e]/.test(this.#authority)) {
      this.#fail(`cannot be asked for ${JSON.stringify(this.#authority)}: no blanks and only ASCII in a host`)
      return
    }
    const { fields } = this.#proxy
    this.#owner.sendToProxy(
      `CONNECT ${this.#authority} HTTP/1.1\r\nHost: ${this.#authority}\r\n${fields}\r\n`,
    )
  }

  read(chunk: Uint8Array): void {
    if (this.#done) return
    // An empty line may need two bytes of what came before.
    const from = Math.max(0, this.#text.length - 2)
    this.#text += Buffer.from(chunk.buffer, chunk.byteOffset, chunk.length).toString('latin1')
    this.#advance(from)
  }

  destroy(): void {
    this.#done = true
    this.#text = ''
  }

  #advance(from: number): void {
    for (;;) {
      const text = this.#text
      if (!'HTTP/1.'.startsWith(text.slice(0, 7))) {
        this.#fail(`is no HTTP proxy: it answered CONNECT with ${shown(text)}`)
        return
      }
      const end = headEnd(text, from)
      this.#received += end === -1 ? 0 : end
      if (this.#received + (end === -1 ? text.length : 0) > LIMITS.maxProxyHead) {
        this.#fail(`answered CONNECT with more than ${LIMITS.maxProxyHead} bytes of head (maxProxyHead)`)
        return
      }
      if (end === -1) return
      this.#text = text.slice(end)
      from = 0
      if (!this.#isInterim(text.slice(0, end))) return
    }
  }

  /** Whether the head is an interim answer; any other settles the tunnel. */
  #isInterim(head: string): boolean {
    const line = /^HTTP\/1\.\d[ \t]+(\d{3})(?:[ \t]([^\r\n]*))?\r?\n/.exec(head)
    const status = Number(line?.[1])
    if (line === null || status < 100) {
      this.#fail(`is no HTTP proxy: it answered CONNECT with ${shown(head)}`)
    } else if (status < 200 && status !== 101) {
      if (++this.#interim <= LIMITS.maxInformational) return true
      this.#fail(`sent more than ${LIMITS.maxInformational} interim answers to CONNECT (maxInformational)`)
    } else if (status >= 200 && status < 300) {
      this.#done = true
      const rest = Buffer.from(this.#text, 'latin1')
      this.#text = ''
      this.#owner.onTunnel(rest)
    } else {
      const statusText = printable((line[2] ?? '').trim())
      const answer = `${status} ${statusText}`.trimEnd()
      const refusal: ProxyRefusal = { status, statusText }
      this.#fail(`refused a tunnel to ${this.#authority}: ${answer}${this.#remedy(status, head)}`, refusal)
    }
    return false
  }

  #remedy(status: number, head: string): string {
    if (status !== 407) return REMEDIES[status] === undefined ? '' : `; ${REMEDIES[status]}`
    const schemes = [...head.matchAll(/^proxy-authenticate:[ \t]*([\w-]+)/gim)].map((match) => match[1]!)
    if (schemes.length === 0 || schemes.some((scheme) => scheme.toLowerCase() === 'basic')) {
      return `; ${credentialsRemedy(this.#proxy)}`
    }
    return `; it takes ${schemes.join(', ').slice(0, MAX_SHOWN)} only, and trawl knows Basic only`
  }

  #fail(what: string, cause?: ProxyRefusal): void {
    this.#done = true
    this.#text = ''
    this.#owner.onTunnelFailed(proxyError(this.#proxy, what, cause))
  }
}

/** Index behind the empty line that ends a head, looked for from `from`; -1: not there yet. */
function headEnd(text: string, from: number): number {
  for (let at = text.indexOf('\n', from); at !== -1; at = text.indexOf('\n', at + 1)) {
    if (text[at + 1] === '\n') return at + 2
    if (text[at + 1] === '\r' && text[at + 2] === '\n') return at + 3
  }
  return -1
}

function printable(text: string): string {
  return text.replaceAll(/[^\u0020-\u007e\u00a0-\u00ff]/g, '').slice(0, MAX_SHOWN)
}

/** Only the first line: a proxy that sends our request back would send its credentials, too. */
function shown(text: string): string {
  return JSON.stringify(printable(text.split(/[\r\n]/, 1)[0]!.slice(0, MAX_SHOWN)))
}
