import { once } from 'node:events'
import { createServer, request, type IncomingMessage } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import { connect, isIPv6, type AddressInfo, type Socket } from 'node:net'
import type { Identity } from './certificates.ts'
import { ignore, listen, type Loopback } from './loopback.ts'

/** What a proxy was asked, once for each request and each tunnel. */
export interface Seen {
  /** The request line without its version; `SOCKS host:port` for SOCKS. */
  readonly line: string
  readonly fields: readonly string[]
  readonly from: string
  /** Counts its connections. */
  readonly connection: number
}

export interface TestProxy extends AsyncDisposable {
  readonly port: number
  readonly seen: Seen[]
}

export interface HttpProxyOptions {
  /** `user:password` that it wants. */
  readonly credentials?: string
  /** Speaks TLS itself. */
  readonly identity?: Identity
}

/** An HTTP proxy as it should be. Every host is 127.0.0.1 to it. */
export async function httpProxy(options: HttpProxyOptions = {}): Promise<TestProxy> {
  const { credentials, identity } = options
  const seen: Seen[] = []
  const numbers = new Map<Socket, number>()
  const refuses = (message: IncomingMessage): boolean => {
    const socket = message.socket
    if (!numbers.has(socket)) numbers.set(socket, numbers.size + 1)
    seen.push({
      line: `${message.method} ${message.url}`,
      fields: message.rawHeaders.flatMap((name, i, all) => (i % 2 === 0 ? [`${name}: ${all[i + 1]}`] : [])),
      from: socket.remoteAddress!,
      connection: numbers.get(socket)!,
    })
    const wanted = `Basic ${Buffer.from(credentials ?? '').toString('base64')}`
    return credentials !== undefined && message.headers['proxy-authorization'] !== wanted
  }
  const server = identity === undefined ? createServer() : createSecureServer(identity)
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', ignore)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('tlsClientError', ignore)
  server.on('request', (incoming, answer) => {
    if (refuses(incoming)) {
      answer.writeHead(407, { 'Proxy-Authenticate': 'Basic realm="p"' }).end()
      return
    }
    const url = new URL(incoming.url!)
    const headers = { ...incoming.headers }
    delete headers['proxy-authorization']
    const { method } = incoming
    const passed = request(
      { host: '127.0.0.1', port: url.port, path: url.pathname + url.search, headers, method, agent: false },
      (response) => {
        // A connection's fields are between the origin and us.
        answer.writeHead(response.statusCode!, { ...response.headers, connection: 'keep-alive' })
        response.pipe(answer)
      },
    )
    passed.on('error', () => answer.writeHead(502).end())
    incoming.pipe(passed)
  })
  server.on('connect', (message: IncomingMessage, socket: Socket, head: Buffer) => {
    socket.on('error', ignore)
    if (refuses(message)) {
      socket.end('HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="p"\r\n\r\n')
      return
    }
    const port = Number(message.url!.slice(message.url!.lastIndexOf(':') + 1))
    join(socket, port, head, () => socket.write('HTTP/1.1 200 Connection established\r\n\r\n'))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    seen,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Passes on all that comes, FINs too; `onJoined` before anything comes back. */
function join(socket: Socket, port: number, head: Buffer, onJoined: () => void): void {
  const upstream = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
  upstream.on('error', () => socket.destroy())
  upstream.on('close', () => upstream.errored && socket.destroy())
  socket.on('close', () => upstream.destroy())
  upstream.once('connect', () => {
    onJoined()
    upstream.write(head)
    upstream.pipe(socket)
    socket.pipe(upstream)
  })
}

/** A proxy that answers the first head with `answer`, then leaves it to `then`. */
export function scriptedProxy(answer: string | ((socket: Socket, head: string) => void)): Promise<Loopback> {
  return listen((socket) => {
    let head = ''
    socket.on('data', function onHead(data: Buffer) {
      head += data.toString('latin1')
      if (!head.includes('\r\n\r\n')) return
      socket.off('data', onHead)
      if (typeof answer === 'string') socket.write(answer, 'latin1')
      else answer(socket, head)
    })
  })
}

/** Answers the first head with `opening`, in these pieces or in one, and opens a tunnel to `port`. */
export function openingProxy(port: number, opening: string, bytewise = false): Promise<Loopback> {
  return scriptedProxy((socket) => {
    socket.pause()
    const write = (at: number): void => {
      if (at === opening.length) {
        join(socket, port, Buffer.alloc(0), () => socket.resume())
        return
      }
      const end = bytewise ? at + 1 : opening.length
      socket.write(opening.slice(at, end), 'latin1', () => setImmediate(() => write(end)))
    }
    write(0)
  })
}

export interface SocksOptions {
  /** `user:password` that it wants. */
  readonly credentials?: string
  /** The reply's code; default 0: granted. */
  readonly reply?: number
  /** Sent right behind the reply. */
  readonly glued?: string
  /** Writes every answer byte by byte. */
  readonly bytewise?: boolean
  /** The reply's bound address; default an IPv4 one. */
  readonly bound?: readonly number[]
}

/** A SOCKS5 proxy. Every host is 127.0.0.1 to it. */
export async function socksProxy(options: SocksOptions = {}): Promise<TestProxy> {
  const seen: Seen[] = []
  let connections = 0
  const server = await listen((socket) => {
    const connection = ++connections
    void talk(socket, options, (line) => {
      seen.push({ line, fields: [], from: socket.remoteAddress!, connection })
    })
  })
  return { port: server.port, seen, [Symbol.asyncDispose]: () => server[Symbol.asyncDispose]() }
}

async function talk(socket: Socket, options: SocksOptions, see: (line: string) => void): Promise<void> {
  const { credentials, reply = 0, glued = '', bytewise = false, bound = [1, 127, 0, 0, 1] } = options
  const say = (bytes: readonly number[] | Buffer): void => {
    if (!bytewise) socket.write(Buffer.from(bytes))
    else for (const byte of bytes) socket.write(Buffer.of(byte))
  }
  const take = async (count: number): Promise<Buffer> => {
    for (;;) {
      const bytes = socket.read(count) as Buffer | null
      if (bytes !== null && bytes.length === count) return bytes
      await once(socket, 'readable')
    }
  }
  const [, methods] = await take(2)
  const offered = [...(await take(methods!))]
  const wanted = credentials === undefined ? 0 : 2
  if (!offered.includes(wanted)) {
    socket.end(Buffer.of(5, 0xff))
    return
  }
  say([5, wanted])
  if (wanted === 2) {
    const [, userLength] = await take(2)
    const user = await take(userLength!)
    const [passwordLength] = await take(1)
    const password = passwordLength === 0 ? '' : (await take(passwordLength!)).toString()
    const right = `${user.toString()}:${password}` === credentials
    say([1, right ? 0 : 1])
    if (!right) {
      socket.end()
      return
    }
  }
  const [, , , kind] = await take(4)
  const length = kind === 1 ? 4 : kind === 4 ? 16 : (await take(1))[0]!
  const address = await take(length)
  const host = kind === 3 ? address.toString() : kind === 1 ? address.join('.') : hex(address)
  const port = (await take(2)).readUInt16BE()
  see(`SOCKS ${host}:${port}`)
  const granted = Buffer.concat([Buffer.of(5, reply, 0, ...bound, 0, 80), Buffer.from(glued)])
  if (reply === 0) join(socket, port, Buffer.alloc(0), () => say(granted))
  else {
    say(granted)
    socket.end()
  }
}

function hex(address: Buffer): string {
  const text = address.toString('hex').replaceAll(/(.{4})(?=.)/g, '$1:')
  return isIPv6(text) ? `[${new URL(`http://[${text}]`).hostname.slice(1, -1)}]` : text
}
