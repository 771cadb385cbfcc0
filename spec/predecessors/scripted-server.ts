import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'

/** One request as it came: enough of a parser for requests that trawl writes. */
export interface Seen {
  method: string
  path: string
  /** Which connection, counted from 0. */
  connection: number
  body: string
}

export type Script = (seen: Seen, socket: Socket, nth: number) => void

/** A raw TCP server that does exactly what its script says, misdeeds included. */
export class ScriptedServer {
  readonly requests: Seen[] = []
  /** Connections accepted so far, and open now. */
  accepted = 0
  open = 0
  peak = 0
  readonly sockets: Socket[] = []
  readonly #server: Server

  private constructor(script: Script) {
    this.#server = createServer({ noDelay: true }, (socket) => this.#serve(socket, script))
  }

  static async start(script: Script): Promise<ScriptedServer> {
    const server = new ScriptedServer(script)
    await new Promise<void>((resolve) => {
      server.#server.listen(0, '127.0.0.1', resolve)
    })
    return server
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port
  }

  url(path: string, host = '127.0.0.1'): string {
    return `http://${host}:${this.port}${path}`
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const socket of this.sockets) socket.destroy()
    await new Promise((resolve) => {
      this.#server.close(resolve)
    })
  }

  #serve(socket: Socket, script: Script): void {
    const connection = this.accepted++
    this.open++
    this.peak = Math.max(this.peak, this.open)
    this.sockets.push(socket)
    let text = ''
    let nth = 0
    socket.on('error', () => {})
    socket.on('close', () => this.open--)
    socket.on('data', (data) => {
      text += data.toString('latin1')
      for (;;) {
        const end = text.indexOf('\r\n\r\n')
        if (end === -1) return
        const head = text.slice(0, end)
        const length = Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0)
        if (text.length < end + 4 + length) return
        const [method = '', path = ''] = head.split(' ')
        const body = text.slice(end + 4, end + 4 + length)
        text = text.slice(end + 4 + length)
        const seen = { method, path, connection, body }
        this.requests.push(seen)
        script(seen, socket, nth++)
      }
    })
  }
}

/** A plain answer whose body is `body`. */
export function answer(body: string, fields = ''): string {
  return `HTTP/1.1 200 OK\r\nContent-Length: ${Buffer.byteLength(body)}\r\n${fields}\r\n${body}`
}

/** Resolves when `condition` holds; looks again after every turn of the event loop. Bounded. */
export async function until(condition: () => boolean): Promise<void> {
  for (let turn = 0; turn < 100_000; turn++) {
    if (condition()) return
    await new Promise((resolve) => {
      setImmediate(resolve)
    })
  }
  throw new Error('the condition never held')
}
