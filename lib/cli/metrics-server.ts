import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { Metrics } from '../reports/metrics.ts'
import { usageError } from './cli-error.ts'
import { reasonOf, systemCode } from './file-error.ts'
import { CLI_LIMITS } from './limits.ts'

const LOOPBACK = '127.0.0.1'

/** Serves figures to a Prometheus on the same machine. It does not keep the process alive. */
export class MetricsServer {
  readonly #server: Server

  private constructor(server: Server) {
    this.#server = server
  }

  /** `port`: 0 for any that is free. Rejects with a CliError where it is taken. */
  static async open(port: number, metrics: Metrics): Promise<MetricsServer> {
    const server = createServer((request, response) => void answer(request, response, metrics))
    server.maxConnections = CLI_LIMITS.metricsConnections
    server.headersTimeout = CLI_LIMITS.metricsTimeout
    server.requestTimeout = CLI_LIMITS.metricsTimeout
    try {
      server.listen(port, LOOPBACK)
      await once(server, 'listening')
    } catch (error) {
      const why = REASONS[systemCode(error)] ?? reasonOf(error)
      throw usageError(`--metrics ${port}: ${why}`, error)
    }
    server.unref()
    return new MetricsServer(server)
  }

  get url(): string {
    const { port } = this.#server.address() as { port: number }
    return `http://${LOOPBACK}:${port}/metrics`
  }

  close(): void {
    this.#server.close()
    this.#server.closeAllConnections()
  }
}

const REASONS: Readonly<Record<string, string>> = {
  EADDRINUSE: `the port is taken on ${LOOPBACK}; choose another`,
  EACCES: 'the system does not let this user listen on that port; choose one from 1024 on',
}

async function answer(request: IncomingMessage, response: ServerResponse, metrics: Metrics): Promise<void> {
  // A web page whose name leads to 127.0.0.1 must not read them (DNS rebinding).
  if (!/^(?:127\.0\.0\.1|localhost)(?::\d+)?$/u.test(request.headers.host ?? '')) {
    refuse(response, 403, 'ask for 127.0.0.1 or localhost')
  } else if (!/^\/metrics(?:\?|$)/u.test(request.url ?? '')) refuse(response, 404, 'ask for /metrics')
  else if (request.method !== 'GET' && request.method !== 'HEAD') refuse(response, 405, 'GET only')
  else {
    try {
      const text = await metrics.text()
      response.setHeader('content-type', metrics.contentType)
      response.end(text)
    } catch (error) {
      refuse(response, 500, reasonOf(error))
    }
  }
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.statusCode = status
  if (status === 405) response.setHeader('allow', 'GET, HEAD')
  response.setHeader('content-type', 'text/plain; charset=utf-8')
  response.end(`${why}\n`)
}
