import { connect, type Socket, type TcpNetConnectOpts } from 'node:net'
import { type ConnectError, ConnectionClosedError } from '../core/errors.ts'
import { Dial, type DialContext } from './dial.ts'
import type { Address, DialOptions, Wire, WireOwner } from './network.ts'
import { tlsError } from './tls-errors.ts'
import { closeNotifySeen, type TlsDialler } from './tls.ts'

/** What all wires of a network share. */
export interface WireContext extends DialContext {
  readonly tls: TlsDialler
  /** All sockets read into this one. Whoever is told of the bytes uses them before it returns. */
  readonly readBuffer: Buffer
  /** ms after which a silent connection is probed; 0: never. */
  readonly tcpKeepAlive: number
}

/** ended: the peer has sent its FIN. */
type State = 'dialling' | 'open' | 'ended' | 'closed'

/**
 * A connection on node:net or node:tls.
 *
 * It reads through `onread`, past the stream machinery, so pausing stops the reading of the socket
 * itself. Only TLS still has something then: the rest of what was read from the kernel in one go, at
 * most 64 KB, whose records Node decrypts and hands out regardless. That is kept until `resume`.
 */
export class SocketWire implements Wire {
  remoteAddress = ''
  localAddress = ''
  readonly #context: WireContext
  readonly #options: DialOptions
  readonly #owner: WireOwner
  #state: State = 'dialling'
  #dial: Dial | null
  #socket: Socket | null = null
  #paused = false
  #referenced = true
  /** What came while paused, in order: data, then the FIN, then the end of it all. */
  #kept: Buffer[] = []
  #keptFin: { clean: boolean } | null = null
  #keptClose: { error: Error | null } | null = null
  readonly #flushLater = (): void => this.#flush()

  constructor(context: WireContext, options: DialOptions, owner: WireOwner) {
    this.#context = context
    this.#options = options
    this.#owner = owner
    this.#dial = new Dial(context, options, this)
    this.#dial.start()
  }

  write(data: string | Uint8Array): boolean {
    if (data.length === 0) return true
    const socket = this.#socket
    // After the peer's FIN our side ends too: `onClose` is on its way.
    if (socket === null || !socket.writable || this.#state === 'dialling') return false
    return typeof data === 'string' ? socket.write(data, 'latin1') : socket.write(data)
  }

  pause(): void {
    if (this.#paused) return
    this.#paused = true
    if (this.#state === 'open') this.#socket!.pause()
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    if (this.#holdsBack) this.#context.clock.defer(this.#flushLater)
    else if (this.#state === 'open') this.#socket!.resume()
  }

  ref(): void {
    if (this.#referenced) return
    this.#referenced = true
    this.#dial?.setReferenced(true)
    this.#socket?.ref()
  }

  unref(): void {
    if (!this.#referenced) return
    this.#referenced = false
    this.#dial?.setReferenced(false)
    this.#socket?.unref()
  }

  destroy(): void {
    if (this.#state === 'closed') return
    this.#state = 'closed'
    this.#kept = []
    this.#dial?.destroy()
    this.#socket?.destroy()
    this.#dial = null
    this.#socket = null
  }

  // --- the dial's dialler ----------------------------------------------------------------------

  openSocket({ address }: Address): Socket {
    const { port, clientIp, tls } = this.#options
    const { tcpKeepAlive, readBuffer } = this.#context
    // Without a prototype: what node:net looks up besides (path, signal) is not Object.prototype's to say.
    const options: TcpNetConnectOpts = Object.assign(Object.create(null) as TcpNetConnectOpts, {
      host: address,
      port,
      localAddress: clientIp === '' ? undefined : clientIp,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: tcpKeepAlive > 0,
      keepAliveInitialDelay: tcpKeepAlive,
      onread: { buffer: readBuffer, callback: (length: number) => this.#onRead(length) },
    })
    return tls === null ? connect(options) : this.#context.tls.open(this.#options, tls, options)
  }

  onConnected(socket: Socket): void {
    this.#dial = null
    this.#socket = socket
    socket.on('error', (error) => this.#onError(error))
    socket.on('close', () => this.#onClose())
    if (this.#options.tls === null) this.#onOpen(socket)
    else socket.once('secureConnect', () => this.#onOpen(socket))
  }

  onDialFailed(error: ConnectError): void {
    if (this.#state === 'closed') return
    this.#dial = null
    this.#close(error)
  }

  // --- the socket's events ---------------------------------------------------------------------

  #onOpen(socket: Socket): void {
    if (this.#state !== 'dialling') return
    this.#state = 'open'
    this.remoteAddress = socket.remoteAddress ?? ''
    this.localAddress = socket.localAddress ?? ''
    socket.on('end', () => this.#onEnd(socket))
    socket.on('drain', () => {
      if (this.#state !== 'closed') this.#owner.onDrain()
    })
    if (this.#paused) socket.pause()
    this.#owner.onOpen()
  }

  /** Bytes stand in the shared buffer. Returns whether to go on reading. */
  #onRead(length: number): boolean {
    if (this.#state === 'closed') return false
    const buffer = this.#context.readBuffer
    const chunk = length === buffer.length ? buffer : buffer.subarray(0, length)
    if (this.#paused || this.#kept.length > 0) this.#kept.push(Buffer.from(chunk))
    else this.#owner.onData(chunk)
    return !this.#paused
  }

  #onEnd(socket: Socket): void {
    if (this.#state === 'closed') return
    // A paused socket is not read, so its end came with what had been read before: as close_notify.
    const clean = this.#options.tls === null || this.#paused || closeNotifySeen(socket)
    if (this.#holdsBack || this.#paused) this.#keptFin = { clean }
    else this.#fin(clean)
  }

  #onError(error: Error): void {
    if (this.#state === 'closed') return
    const { tls } = this.#options
    if (this.#state !== 'dialling' || tls === null) {
      this.#closeInTurn(error)
      return
    }
    this.#context.tls.forget(this.#options, tls)
    this.#close(tlsError(this.#options, error))
  }

  #onClose(): void {
    if (this.#state === 'closed') return
    if (this.#state === 'dialling') this.#onError(new ConnectionClosedError('the handshake did not end'))
    else this.#closeInTurn(null)
  }

  // --- private ---------------------------------------------------------------------------------

  get #holdsBack(): boolean {
    return this.#kept.length > 0 || this.#keptFin !== null || this.#keptClose !== null
  }

  #flush(): void {
    while (this.#kept.length > 0) {
      if (this.#paused || this.#isClosed) return
      this.#owner.onData(this.#kept.shift()!)
    }
    if (this.#paused || this.#isClosed) return
    const fin = this.#keptFin
    if (fin !== null) {
      this.#keptFin = null
      this.#fin(fin.clean)
    }
    if (this.#paused || this.#isClosed) return
    if (this.#keptClose !== null) this.#close(this.#keptClose.error)
    else this.#socket!.resume()
  }

  #fin(clean: boolean): void {
    this.#state = 'ended'
    this.#owner.onFin(clean)
    // What was written goes out; then `onClose`.
    if (!this.#isClosed) this.#socket!.end()
  }

  #closeInTurn(error: Error | null): void {
    if (this.#holdsBack) this.#keptClose ??= { error }
    else this.#close(error)
  }

  #close(error: Error | null): void {
    this.#state = 'closed'
    this.#socket = null
    this.#kept = []
    this.#owner.onClose(error)
  }

  /** Through a getter, as the owner may have changed it: the compiler would not believe that. */
  get #isClosed(): boolean {
    return this.#state === 'closed'
  }
}
