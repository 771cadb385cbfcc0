import { connect, type Socket, type TcpNetConnectOpts } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { type ConnectError, ConnectionClosedError } from '../core/errors.ts'
import { deniedHost } from './address-guard.ts'
import { Dial, type DialContext } from './dial.ts'
import type { Address, DialOptions, TlsOptions, Wire, WireOwner } from './network.ts'
import { ConnectTunnel } from './proxy-connect.ts'
import { SocksTunnel } from './proxy-socks.ts'
import { hopTo, proxyError, type Tunnel, type TunnelOwner, unreachable, viaProxy } from './proxy-tunnel.ts'
import type { ProxyServer } from './proxy.ts'
import { tlsError } from './tls-errors.ts'
import { closeNotifySeen, type TlsDialler, watchEnd } from './tls.ts'
import { UNASKED } from './unasked.ts'

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
/** What a dial is at, behind TCP: TLS with the proxy, the proxy's tunnel, TLS with the host. */
type Step = 'proxy-tls' | 'tunnel' | 'tls'

/**
 * A connection on node:net or node:tls, straight to the host or over a proxy.
 *
 * It reads through `onread`, past the stream machinery, so pausing stops the reading of the socket
 * itself. Only TLS still has something then: the rest of what was read from the kernel in one go, at
 * most 64 KB, whose records Node decrypts and hands out regardless. That is kept until `resume`.
 *
 * What a tunnel's proxy says comes in by the same way, up to the byte that opens the tunnel. Only TLS
 * inside a tunnel is read as a stream, which holds no more than its high-water mark while paused.
 */
export class SocketWire implements Wire, TunnelOwner {
  remoteAddress = ''
  localAddress = ''
  readonly #context: WireContext
  readonly #options: DialOptions
  readonly #owner: WireOwner
  readonly #proxy: ProxyServer | null
  /** What is dialled: the proxy, or the host itself. */
  readonly #hop: DialOptions
  #state: State = 'dialling'
  #step: Step
  #dial: Dial | null = null
  #tunnel: Tunnel | null = null
  /** While it is not open yet. */
  #times: { dns: number; connect: number; connectedAt: number } | null = null
  #socket: Socket | null = null
  /** Whether the socket is TLS inside a tunnel, on top of the one to the proxy. */
  #inner = false
  #paused = false
  #referenced = true
  /** What came while paused, in order: data, then the FIN, then the end of it all. */
  #kept: Buffer[] = []
  #keptFin: { clean: boolean } | null = null
  #keptClose: { error: Error | null } | null = null
  /** Whether TLS inside a tunnel has ended by its close_notify. */
  #cleanEnd = false

  constructor(context: WireContext, options: DialOptions, proxy: ProxyServer | null, owner: WireOwner) {
    this.#context = context
    this.#options = options
    this.#owner = owner
    this.#proxy = proxy
    this.#hop = proxy === null ? options : hopTo(proxy, options)
    this.#step = proxy === null ? 'tls' : 'proxy-tls'
    // The proxy's own address is the user's choice. What the proxy looks up, nobody here sees.
    const denied = proxy === null ? null : deniedHost(options)
    if (denied !== null) {
      context.clock.defer(() => this.onTunnelFailed(denied))
      return
    }
    this.#dial = new Dial(context, this.#hop, this)
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
    if (this.#holdsBack) this.#flushLater()
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
    this.#dial = null
    this.#dropSockets()
  }

  // --- the dial's dialler ----------------------------------------------------------------------

  openSocket({ address }: Address): Socket {
    const { port, clientIp, tls } = this.#hop
    const { tcpKeepAlive, readBuffer } = this.#context
    const { readSize } = this.#options
    const options: TcpNetConnectOpts = {
      ...UNASKED,
      host: address,
      port,
      localAddress: clientIp === '' ? undefined : clientIp,
      allowHalfOpen: true,
      noDelay: true,
      keepAlive: tcpKeepAlive > 0,
      keepAliveInitialDelay: tcpKeepAlive,
      onread: {
        buffer: readSize === undefined ? readBuffer : readBuffer.subarray(0, readSize),
        callback: (length: number) => this.#onRead(length),
      },
    }
    return tls === null ? connect(options) : this.#context.tls.open(this.#hop, tls, options)
  }

  onConnected(socket: Socket, dns: number, connecting: number): void {
    this.#dial = null
    this.#times = { dns, connect: connecting, connectedAt: this.#context.clock.now() }
    this.#take(socket)
    if (this.#hop.tls === null) this.#onHop(socket)
    else socket.once('secureConnect', () => this.#onHop(socket))
  }

  onDialFailed(error: ConnectError): void {
    if (this.#state === 'closed') return
    this.#dial = null
    this.#close(this.#proxy === null ? error : unreachable(this.#proxy, error))
  }

  // --- the tunnel's owner ----------------------------------------------------------------------

  sendToProxy(data: string | Uint8Array): void {
    if (this.#socket === null || !this.#socket.writable) return
    if (typeof data === 'string') this.#socket.write(data, 'latin1')
    else this.#socket.write(data)
  }

  onTunnel(rest: Uint8Array): void {
    this.#tunnel = null
    const socket = this.#socket!
    const { tls } = this.#options
    const early = Buffer.from(rest)
    if (tls !== null) {
      // Nothing is read until TLS reads it; and that does not begin in the middle of a read.
      socket.pause()
      this.#context.clock.defer(() => this.#shakeHands(socket, early, tls))
      return
    }
    if (early.length > 0) this.#kept.push(early)
    this.#onOpen(socket)
    if (early.length > 0) this.#flushLater()
  }

  onTunnelFailed(error: ConnectError): void {
    this.#tunnel = null
    if (this.#state !== 'closed') this.#close(error)
  }

  // --- the socket's events ---------------------------------------------------------------------

  /** The proxy is reached, or the host itself. */
  #onHop(socket: Socket): void {
    if (this.#state !== 'dialling') return
    const proxy = this.#proxy
    if (proxy === null || (proxy.forwards && this.#options.tls === null)) {
      this.#onOpen(socket)
      return
    }
    this.#step = 'tunnel'
    socket.once('end', () => {
      if (this.#step === 'tunnel' && this.#tunnel !== null) this.#onClose()
    })
    this.#tunnel = proxy.forwards
      ? new ConnectTunnel(proxy, this.#options, this)
      : new SocksTunnel(proxy, this.#options, this.#context.resolver, this)
    this.#tunnel.start()
  }

  /** TLS with the host, inside the tunnel. */
  #shakeHands(below: Socket, early: Buffer, tls: TlsOptions): void {
    if (this.#state !== 'dialling') return
    this.#step = 'tls'
    this.#inner = true
    if (early.length > 0) below.unshift(early)
    let socket: TLSSocket
    try {
      socket = this.#context.tls.over(this.#options, tls, below)
    } catch (error) {
      this.#close(error as Error)
      return
    }
    this.#take(socket)
    socket.once('secureConnect', () => {
      if (this.#state !== 'dialling') return
      // TLS inside the TLS of a proxy: whose close_notify it was cannot be told, so it proves nothing.
      watchEnd(socket, (clean) => (this.#cleanEnd = clean && this.#hop.tls === null))
      this.#onOpen(socket)
      socket.on('data', (chunk: Buffer) => this.#onChunk(chunk))
    })
  }

  /** From now on this is the socket whose errors and end count. */
  #take(socket: Socket): void {
    this.#socket = socket
    socket.on('error', (error) => {
      if (socket === this.#socket) this.#onError(error)
    })
    socket.on('close', () => {
      if (socket === this.#socket) this.#onClose()
    })
  }

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
    const { dns, connect: connecting, connectedAt } = this.#times!
    this.#times = null
    const isTunnelled = this.#proxy !== null && !(this.#proxy.forwards && this.#options.tls === null)
    const isBare = this.#options.tls === null && this.#hop.tls === null && !isTunnelled
    const tls = isBare ? 0 : this.#context.clock.now() - connectedAt
    this.#owner.onOpen({ dns, connect: connecting, tls })
  }

  /** Bytes stand in the shared buffer. Returns whether to go on reading. */
  #onRead(length: number): boolean {
    if (this.#state === 'closed') return false
    const buffer = this.#context.readBuffer
    const chunk = length === buffer.length ? buffer : buffer.subarray(0, length)
    if (this.#tunnel !== null) {
      // A pause is for what the host sends.
      this.#tunnel.read(chunk)
      return this.#state === 'dialling' || !this.#paused
    }
    if (this.#paused || this.#kept.length > 0) this.#kept.push(Buffer.from(chunk))
    else this.#owner.onData(chunk)
    return !this.#paused
  }

  /** What came through TLS inside a tunnel. */
  #onChunk(chunk: Buffer): void {
    if (this.#state === 'closed') return
    if (this.#paused || this.#kept.length > 0) this.#kept.push(chunk)
    else this.#owner.onData(chunk)
  }

  #onEnd(socket: Socket): void {
    if (this.#state === 'closed') return
    const clean = this.#isClean(socket)
    if (this.#holdsBack || this.#paused) this.#keptFin = { clean }
    else this.#fin(clean)
  }

  #onError(error: Error): void {
    if (this.#state === 'closed') return
    if (this.#state === 'dialling') this.#close(this.#dialError(error))
    else this.#closeInTurn(error)
  }

  #onClose(): void {
    if (this.#state === 'closed') return
    if (this.#state === 'dialling') this.#onError(new ConnectionClosedError('the connection was closed'))
    else this.#closeInTurn(null)
  }

  // --- private ---------------------------------------------------------------------------------

  get #holdsBack(): boolean {
    return this.#kept.length > 0 || this.#keptFin !== null || this.#keptClose !== null
  }

  #isClean(socket: Socket): boolean {
    if (this.#inner) return this.#cleanEnd
    if (this.#options.tls === null && this.#hop.tls === null) return true
    // A paused socket is not read, so its end came with what had been read before: as close_notify.
    return this.#paused || closeNotifySeen(socket)
  }

  /** What broke while dialling, behind TCP. */
  #dialError(error: Error): Error {
    const proxy = this.#proxy
    if (this.#step === 'tunnel')
      return proxyError(proxy!, `broke off before the tunnel stood: ${error.message}`, error)
    const failed = this.#step === 'tls' ? this.#options : this.#hop
    if (failed.tls === null) return error
    this.#context.tls.forget(failed, failed.tls)
    const known = tlsError(failed, error)
    if (proxy === null) return known
    return this.#step === 'tls' ? viaProxy(proxy, known) : unreachable(proxy, known)
  }

  #flushLater(): void {
    this.#context.clock.defer(() => this.#flush())
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
    this.#dropSockets()
    this.#kept = []
    this.#owner.onClose(error)
  }

  #dropSockets(): void {
    const socket = this.#socket
    this.#socket = null
    this.#tunnel?.destroy()
    this.#tunnel = null
    // It takes the one below with it.
    socket?.destroy()
  }

  /** Through a getter, as the owner may have changed it: the compiler would not believe that. */
  get #isClosed(): boolean {
    return this.#state === 'closed'
  }
}
