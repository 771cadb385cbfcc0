import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** Answers one request. */
export type Answer = (request: IncomingMessage, response: ServerResponse) => void

/** A small site on loopback, for an example to run against. */
export interface Site {
  /** As in `http://name.localhost:34567`; the port is a free one. */
  readonly origin: string
  readonly port: number
  close(): Promise<void>
}

/** Listens on 127.0.0.1. Names below `localhost` are this machine wherever they are asked for. */
export async function serve(name: string, answer: Answer): Promise<Site> {
  const server = createServer(answer)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    origin: `http://${name}:${port}`,
    port,
    close: async () => {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}
