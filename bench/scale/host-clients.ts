import http from 'node:http'
import type { LookupFunction } from 'node:net'

/** Asks hosts that all stand at one address, found without DNS. */
export interface HostClient {
  /** Resolves with the body, as text. */
  get(host: string): Promise<string>
  /** Resolves when no connection is left. */
  close(): Promise<unknown>
}

export interface HostOptions {
  readonly port: number
  readonly path: string
  /** Most connections to one host. */
  readonly perHost: number
  /** Most connections that have something to do, to all hosts. */
  readonly abreast: number
}

export const lookup: LookupFunction = (_host, options, callback) => {
  if (options.all === true) callback(null, [{ address: '127.0.0.1', family: 4 }])
  else callback(null, '127.0.0.1', 4)
}

/** A client is imported by the case that uses it, so that none pays for the others. */
export const HOST_CLIENTS: Readonly<Record<string, (options: HostOptions) => Promise<HostClient>>> = {
  trawl,
  'undici request': undiciRequest,
  'undici dispatch': undiciDispatch,
  'node:http': nodeHttp,
}

async function trawl({ port, path, perHost, abreast }: HostOptions): Promise<HostClient> {
  const { Client } = await import('../../lib/index.ts')
  const client = new Client({ maxConn: abreast, maxConnPerTarget: perHost, resolve: () => '127.0.0.1' })
  return {
    get: (host) => client.request(`http://${host}:${port}${path}`).then((response) => response.text()),
    close: () => client.close(),
  }
}

async function undiciRequest({ port, path, perHost }: HostOptions): Promise<HostClient> {
  const { Agent } = await import('undici')
  const agent = new Agent({ connections: perHost, connect: { lookup } })
  return {
    get: (host) =>
      agent
        .request({ origin: `http://${host}:${port}`, path, method: 'GET' })
        .then(({ body }) => body.text()),
    close: () => agent.close(),
  }
}

async function undiciDispatch({ port, path, perHost }: HostOptions): Promise<HostClient> {
  const { Agent } = await import('undici')
  const agent = new Agent({ connections: perHost, connect: { lookup } })
  return {
    get: (host) =>
      new Promise((resolve, reject) => {
        let text = ''
        agent.dispatch(
          { origin: `http://${host}:${port}`, path, method: 'GET' },
          {
            onRequestStart() {},
            onResponseStart() {},
            onResponseData(_controller, chunk) {
              text += chunk.toString('latin1')
            },
            onResponseEnd() {
              resolve(text)
            },
            onResponseError(_controller, error) {
              reject(error)
            },
          },
        )
      }),
    close: () => agent.close(),
  }
}

async function nodeHttp({ port, path, perHost }: HostOptions): Promise<HostClient> {
  const agent = new http.Agent({ keepAlive: true, maxSockets: perHost, lookup })
  return {
    get: (host) =>
      new Promise((resolve, reject) => {
        const request = http.get({ host, port, path, agent }, (response) => {
          let text = ''
          response.setEncoding('utf8')
          response.on('data', (chunk: string) => (text += chunk))
          response.on('end', () => resolve(text))
          response.on('error', reject)
        })
        request.on('error', reject)
      }),
    close: async () => agent.destroy(),
  }
}
