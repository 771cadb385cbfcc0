import { once } from 'node:events'
import net, { type AddressInfo, type Socket } from 'node:net'

/** More than all else in a pipeline's heads together, so that bytes tell how many requests there were. */
export const PADDING: string = 'x'.repeat(1_500)

/** A relay to a server, which counts what goes over the wire and may cut it. */
export class Tap implements AsyncDisposable {
  /** Connections until now, and those of them that either side still holds. */
  accepted = 0
  open = 0
  /** Bytes of answers handed on. */
  bytesDown = 0
  /** The most bytes of requests in a row on one connection, without a byte of an answer between them. */
  #longestRun = 0
  readonly #server: net.Server
  readonly #cuts: number[]
  readonly #sockets = new Set<Socket>()

  private constructor(port: number, cuts: number[]) {
    this.#cuts = cuts
    this.#server = net.createServer({ allowHalfOpen: true }, (socket) => this.#relay(socket, port))
  }

  /** `cuts`: a connection ends after so many bytes of answers, the first after the first; later ones do not. */
  static async to(port: number, ...cuts: number[]): Promise<Tap> {
    const tap = new Tap(port, cuts)
    tap.#server.listen(0, '127.0.0.1')
    await once(tap.#server, 'listening')
    return tap
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  /**
   * The most requests that came in a row on one connection, without a byte of an answer between them: so many
   * at least were in flight, be they encrypted or not. Counts where each has PADDING in its URL.
   */
  get mostInFlight(): number {
    return Math.floor(this.#longestRun / PADDING.length)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.#sockets) socket.destroy()
    await once(this.#server.close(), 'close')
  }

  #relay(client: Socket, port: number): void {
    this.accepted++
    this.open++
    let left = this.#cuts.shift() ?? Infinity
    let run = 0
    const server = net.connect({ port, host: '127.0.0.1', allowHalfOpen: true })
    client.on('data', (bytes) => {
      run += bytes.length
      this.#longestRun = Math.max(this.#longestRun, run)
      handOn(bytes, client, server)
    })
    server.on('data', (bytes) => {
      run = 0
      const part = bytes.subarray(0, left)
      left -= part.length
      this.bytesDown += part.length
      handOn(part, server, client)
      if (left > 0) return
      server.destroy()
      client.end()
    })
    let closed = 0
    for (const [from, to] of [
      [client, server],
      [server, client],
    ] as const) {
      from.setNoDelay(true)
      this.#sockets.add(from)
      from.on('end', () => to.end())
      from.on('error', () => to.resetAndDestroy())
      from.on('close', () => {
        this.#sockets.delete(from)
        if (++closed === 2) this.open--
      })
    }
  }
}

function handOn(bytes: Uint8Array, from: Socket, to: Socket): void {
  if (to.write(bytes)) return
  from.pause()
  to.once('drain', () => from.resume())
}
