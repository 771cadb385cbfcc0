import { once } from 'node:events'
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from 'node:net'
import { createServer as createTlsServer, type TlsOptions, type TLSSocket } from 'node:tls'

/** A server on loopback that leaves nothing behind: `await using server = await listen(...)`. */
export interface Loopback extends AsyncDisposable {
  readonly port: number
  readonly server: Server
}

type OnSocket<S> = (socket: S) => void

export function listen(onSocket: OnSocket<Socket>, host?: string, port?: number): Promise<Loopback> {
  return open(
    createTcpServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', ignore)
      onSocket(socket)
    }),
    host,
    port,
  )
}

export function listenTls(options: TlsOptions, onSocket: OnSocket<TLSSocket>): Promise<Loopback> {
  const server = createTlsServer(options, (socket) => {
    socket.on('error', ignore)
    onSocket(socket)
  })
  server.on('tlsClientError', ignore)
  return open(server)
}

/** A port of 127.0.0.1 where nothing listens. */
export async function refusedPort(): Promise<number> {
  await using server = await listen(ignore)
  return server.port
}

/** A relay that can cut the connection below TLS, where a server cannot. */
export async function relay(
  port: number,
  onUpstream: (upstream: Socket, client: Socket) => void,
): Promise<Loopback> {
  return listen((client) => {
    const upstream = connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    upstream.on('error', ignore)
    client.on('data', (data) => upstream.write(data))
    client.on('close', () => upstream.destroy())
    onUpstream(upstream, client)
  })
}

async function open(server: Server, host = '127.0.0.1', port = 0): Promise<Loopback> {
  const sockets = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.listen(port, host)
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    server,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Open sockets that keep the process alive, servers not among them. */
export function activeSockets(): number {
  return process.getActiveResourcesInfo().filter((name) => /^(TCP|TLS)(Socket|Connect)?Wrap$/.test(name))
    .length
}

/** The same, once the sockets that were destroyed just now are closed. */
export async function settledSockets(): Promise<number> {
  await rounds(10)
  return activeSockets()
}

export function ignore(): void {}

/** Lets the event loop go round: what is ready by now has been handled. */
export async function rounds(count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
  }
}

/** Sends a byte to and fro over a fresh connection: time passes for all other sockets as well. */
export async function roundTrips(count: number): Promise<void> {
  await using server = await listen((socket) => socket.pipe(socket))
  const socket = connect(server.port, '127.0.0.1')
  for (let i = 0; i < count; i++) {
    socket.write('x')
    await once(socket, 'data')
  }
  socket.destroy()
}
