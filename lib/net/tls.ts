import type { Socket, TcpNetConnectOpts } from 'node:net'
import type * as Tls from 'node:tls'
import type { ConnectionOptions, SecureContext, TLSSocket } from 'node:tls'
import { getSystemErrorName } from 'node:util'
import { ConnectError } from '../core/errors.ts'
import { LIMITS } from '../core/limits.ts'
import { parseAddress } from './addresses.ts'
import { LruMap } from '../core/lru-map.ts'
import type { DialOptions, TlsOptions } from './network.ts'
import { UNASKED } from './unasked.ts'

/**
 * Loaded with the first https: a Node that starts does not load it, and with node:crypto, which it needs, it
 * takes about as long as such a start.
 */
function nodeTls(): typeof Tls {
  return process.getBuiltinModule('node:tls')
}

/**
 * As on the wire. Node copies what it is given for each socket, and keeps the copy as long: that of an array
 * or a Buffer lies in a slab of 64 KB, which then lives as long too; that of a view is a buffer of its own.
 */
const ALPN = new DataView(new TextEncoder().encode('\x08http/1.1').buffer)

/**
 * Opens TLS sockets and keeps what their handshakes can share: sessions to resume, and secure
 * contexts, whose making costs a quarter of a millisecond.
 */
export class TlsDialler {
  readonly #sessions = new LruMap<string, Buffer>(LIMITS.maxTlsSessions)
  /** By the options' identity: whoever dials with the same object shares a context. */
  readonly #contexts = new WeakMap<TlsOptions, SecureContext>()

  /** Sessions that could be resumed. */
  get sessions(): number {
    return this.#sessions.size
  }

  open(dial: DialOptions, tls: TlsOptions, socketOptions: TcpNetConnectOpts): TLSSocket {
    return this.#connect(dial, tls, socketOptions)
  }

  /**
   * Shakes hands over a socket that is connected already. Node reads such a TLS socket through its stream
   * machinery only: `onread` is for those that it connects itself.
   */
  over(dial: DialOptions, tls: TlsOptions, socket: Socket): TLSSocket {
    // The host is what the certificate is held against where no server name is sent.
    return this.#connect(dial, tls, { socket, host: dial.host })
  }

  /** A handshake failed: its session, if there is one, is not to spoil the next. */
  forget(dial: DialOptions, tls: TlsOptions): void {
    this.#sessions.delete(sessionKey(dial, tls))
  }

  close(): void {
    this.#sessions.clear()
  }

  #connect(dial: DialOptions, tls: TlsOptions, way: ConnectionOptions | TcpNetConnectOpts): TLSSocket {
    const options: ConnectionOptions = {
      ...UNASKED,
      ...way,
      secureContext: this.#contextFor(tls),
      rejectUnauthorized: tls.rejectUnauthorized !== false,
      ALPNProtocols: ALPN,
      servername: serverName(dial, tls),
    }
    const identity = identityCheck(dial, tls)
    if (identity !== null) options.checkServerIdentity = identity
    const key = sessionKey(dial, tls)
    const session = this.#sessions.get(key)
    if (session !== undefined) options.session = session
    const socket = nodeTls().connect(options)
    socket.on('session', (ticket) => this.#sessions.set(key, copyOf(ticket)))
    return socket
  }

  #contextFor(tls: TlsOptions): SecureContext {
    const known = this.#contexts.get(tls)
    if (known !== undefined) return known
    let context: SecureContext
    try {
      context = nodeTls().createSecureContext(tls)
    } catch (error) {
      throw new ConnectError('tls', `tlsOptions cannot be used: ${(error as Error).message}`, error)
    }
    this.#contexts.set(tls, context)
    return context
  }
}

/** A ticket has 1 KB and lies in a slab of 64 KB, all of which it would keep. */
function copyOf(ticket: Buffer): Buffer {
  const own = Buffer.allocUnsafeSlow(ticket.length)
  own.set(ticket)
  return own
}

/** RFC 6066 section 3: a name without its last dot, and never an address. */
function serverName(dial: DialOptions, tls: TlsOptions): string {
  if (tls.servername !== undefined) return tls.servername
  if (parseAddress(dial.host) !== null) return ''
  return dial.host.endsWith('.') ? dial.host.slice(0, -1) : dial.host
}

/**
 * Without SNI, Node would hold the certificate against the address that was dialled, not the host.
 * And what the user's own check throws would be an uncaught exception: it is a refusal.
 */
function identityCheck(dial: DialOptions, tls: TlsOptions): typeof Tls.checkServerIdentity | null {
  const { checkServerIdentity } = nodeTls()
  const check = tls.checkServerIdentity
  if (check === undefined && tls.servername !== '') return null
  return (name, certificate) => {
    try {
      return refusal((check ?? checkServerIdentity)(tls.servername === '' ? dial.host : name, certificate))
    } catch (error) {
      return error instanceof Error ? error : new Error(`checkServerIdentity threw ${String(error)}`)
    }
  }
}

/** Node takes whatever is not falsy for its error, a promise too. It is none, and what it would say comes too late. */
function refusal(given: unknown): Error | undefined {
  if (given instanceof Error) return given
  if (!given) return undefined
  const error = new Error(
    `checkServerIdentity gave a value of type ${typeof given}; give undefined or an Error`,
  )
  // What an async function throws has no other ear.
  Promise.resolve(given).catch(() => {})
  return error
}

/**
 * A resumed session is not verified again: the certificate was, in the handshake that made it.
 * So what verification depends on belongs to the key, whatever the caller's own key says.
 */
function sessionKey(dial: DialOptions, tls: TlsOptions): string {
  const verified = tls.rejectUnauthorized !== false
  return `${dial.host} ${dial.port} ${serverName(dial, tls)} ${verified} ${dial.sessionKey}`
}

interface TransportHandle {
  readStart?: () => number
}

/**
 * Whether the end of a TLS stream was told by close_notify, asked while the socket emits 'end'.
 *
 * Node emits the same 'end' for close_notify and for a bare FIN, which anyone on the path can send
 * to cut an answer short (RFC 8446 section 6.1). But libuv stops reading a stream at its FIN, and
 * goes on reading after close_notify, which is a record like others: telling it to read
 * then fails with EALREADY. The handle is no public API: where it is missing we say no.
 * docs/decisions/0003-tls-close.md has the measurements.
 */
export function closeNotifySeen(socket: Socket): boolean {
  const { _handle: handle } = socket as unknown as { _handle?: { _parent?: TransportHandle } | null }
  const result = handle?._parent?.readStart?.() ?? 0
  return result < 0 && getSystemErrorName(result) === 'EALREADY'
}

/**
 * Calls `told` when the end of the stream comes from below, with whether it was told by close_notify: for
 * sockets that are read as streams, whose 'end' comes when all before it has been read. By then
 * what lies below may have gone on to its FIN. `push` is where it comes in.
 */
export function watchEnd(socket: TLSSocket, told: (clean: boolean) => void): void {
  const push = socket.push.bind(socket)
  socket.push = (chunk: unknown, encoding?: BufferEncoding): boolean => {
    if (chunk === null) {
      // A stream that is full is not read, so its end came with what had been read before: as close_notify.
      told(socket.readableLength >= socket.readableHighWaterMark || closeNotifySeen(socket))
    }
    return push(chunk, encoding)
  }
}
