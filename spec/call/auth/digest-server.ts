import { createHash } from 'node:crypto'
import { once } from 'node:events'
import http, { type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface DigestServerOptions {
  /** As they go into the challenges, one challenge each; default MD5. */
  readonly algorithms?: readonly string[]
  /** '' is RFC 2069. */
  readonly qop?: string
  readonly userhash?: boolean
  readonly utf8?: boolean
  /** Requests that a nonce is good for; the next one is told that it is stale. */
  readonly uses?: number
  /** Says nothing of a stale nonce, as some servers do. */
  readonly silent?: boolean
  /** All challenges in one field. */
  readonly oneField?: boolean
}

interface Nonce {
  readonly counts: Set<string>
  uses: number
}

const HASHES: Record<string, string> = { MD5: 'md5', 'SHA-256': 'sha256', 'SHA-512-256': 'sha512-256' }
const REALM = 'mole\u2019s garden'

/** A server that asks for a digest and checks it, written from RFC 7616 and from no client's code. */
export class DigestServer {
  /** What it thought of each request: 'asked', 'stale', 'let in', or why not. */
  readonly verdicts: string[] = []
  readonly #options: DigestServerOptions
  readonly #username: string
  readonly #password: string
  readonly #nonces = new Map<string, Nonce>()
  readonly #server: http.Server

  private constructor(username: string, password: string, options: DigestServerOptions) {
    this.#options = options
    this.#username = username
    this.#password = password
    this.#server = http.createServer((request, response) => this.#answer(request, response))
  }

  static async start(
    username: string,
    password: string,
    options: DigestServerOptions = {},
  ): Promise<DigestServer> {
    const made = new DigestServer(username, password, options)
    await once(made.#server.listen(0, '127.0.0.1'), 'listening')
    return made
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#server.closeAllConnections()
    await once(this.#server.close(), 'close')
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    request.resume()
    const verdict = this.#judge(request)
    this.verdicts.push(verdict)
    if (verdict === 'let in') response.end(`${request.method} ${request.url}`)
    else
      response
        .writeHead(401, this.#challenges(verdict === 'stale' && this.#options.silent !== true))
        .end(verdict)
  }

  #challenges(stale: boolean): string[] {
    const { algorithms = ['MD5'], qop = 'auth, auth-int', userhash, utf8, oneField } = this.#options
    const nonce = `n${this.#nonces.size + 1}=="\\`
    this.#nonces.set(nonce, { counts: new Set(), uses: 0 })
    const all = algorithms.map((algorithm) => {
      const parts = [
        `realm=${quote(bytes(REALM))}`,
        `nonce=${quote(nonce)}`,
        'opaque="o, p"',
        `algorithm=${algorithm}`,
      ]
      if (qop !== '') parts.push(`qop="${qop}"`)
      if (userhash === true) parts.push('userhash=true')
      if (utf8 === true) parts.push('charset=UTF-8')
      if (stale) parts.push('stale=true')
      return `Digest ${parts.join(', ')}`
    })
    const fields = oneField === true ? [`Basic realm="x", ${all.join(', ')}`] : ['Basic realm="x"', ...all]
    return fields.flatMap((field) => ['WWW-Authenticate', field])
  }

  #judge({ method, url, headers }: IncomingMessage): string {
    const { authorization } = headers
    if (authorization === undefined) return 'asked'
    if (!authorization.startsWith('Digest ')) return 'another scheme'
    const given = readParams(authorization.slice(7))
    const { qop = 'auth, auth-int', uses = Infinity, algorithms = ['MD5'] } = this.#options
    const nonce = this.#nonces.get(given['nonce'] ?? '')
    if (nonce === undefined) return 'no nonce of mine'
    if (given['uri'] !== url) return `uri ${given['uri']}`
    if (given['opaque'] !== 'o, p') return `opaque ${given['opaque']}`
    if (given['realm'] !== bytes(REALM)) return `realm ${given['realm']}`
    if (!algorithms.includes(given['algorithm']!)) return `algorithm ${given['algorithm']}`
    if (given['qop'] !== (qop === '' ? undefined : 'auth')) return `qop ${given['qop']}`
    const wrong = this.#judgeProof(given, method!)
    if (wrong !== '') return wrong
    if (qop !== '' && nonce.counts.has(given['nc']!)) return `count ${given['nc']} again`
    nonce.counts.add(given['nc']!)
    return ++nonce.uses > uses ? 'stale' : 'let in'
  }

  #judgeProof(given: Record<string, string>, method: string): string {
    const [name, session] = given['algorithm']!.split('-sess')
    const hash = (text: string): string => createHash(HASHES[name!]!).update(text, 'latin1').digest('hex')
    const user = bytes(this.#username)
    if (this.#options.userhash === true) {
      if (given['userhash'] !== 'true') return 'no userhash'
      if (given['username'] !== hash(`${user}:${bytes(REALM)}`)) return 'another userhash'
    } else {
      const extended = given['username*']
      const named =
        extended === undefined
          ? given['username']
          : bytes(decodeURIComponent(extended.replace("UTF-8''", '')))
      if (named !== user) return `username ${named}`
    }
    let key = hash(`${user}:${bytes(REALM)}:${bytes(this.#password)}`)
    if (session !== undefined) key = hash(`${key}:${given['nonce']}:${given['cnonce']}`)
    const what = hash(`${method}:${given['uri']}`)
    const middle = given['qop'] === undefined ? '' : `${given['nc']}:${given['cnonce']}:auth:`
    return given['response'] === hash(`${key}:${given['nonce']}:${middle}${what}`) ? '' : 'wrong'
  }
}

function bytes(text: string): string {
  return Buffer.from(text).toString('latin1')
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}

function readParams(text: string): Record<string, string> {
  const params: Record<string, string> = {}
  for (const [, name, quoted, bare] of text.matchAll(/([\w*]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))/g)) {
    params[name!] = bare ?? quoted!.replace(/\\(.)/g, '$1')
  }
  return params
}
