import { assert } from 'vitest'
import { Client, type ClientOptions, type RequestError, type RequestOptions } from '../../lib/index.ts'
import { createAuthority } from '../net/certificates.ts'
import { until } from '../predecessors/scripted-server.ts'
import { expectedBody } from './honest-answer.ts'
import { HostileServer, type Decide, type HostileOptions } from './hostile-server.ts'
import { misdeedFromPath } from './misdeeds.ts'

/** What a call came to. 'own': the body that its last URL deserves. */
export type Outcome =
  | { readonly status: number; readonly body: string }
  | { readonly code: string; readonly message: string }

const authority = await createAuthority()
const identity = await authority.issue()

/** A hostile server and the real client, on real sockets and the real clock. */
export class HostileStage implements AsyncDisposable {
  readonly server: HostileServer
  readonly client: Client
  /** Connections that the server does not read may outlive the client there. */
  lingers = false

  private constructor(server: HostileServer, client: Client) {
    this.server = server
    this.client = client
  }

  static async open(
    tls: boolean,
    client: ClientOptions = {},
    options: HostileOptions = {},
    decide: Decide = (request) => misdeedFromPath(request.path),
  ): Promise<HostileStage> {
    const server = await HostileServer.listen(decide, { ...options, ...(tls && { tls: identity }) })
    return new HostileStage(server, new Client({ tlsOptions: { ca: authority.cert }, ...client }))
  }

  async ask(path: string, options: RequestOptions = {}, origin = this.server.origin): Promise<Outcome> {
    const { method = 'GET' } = options
    try {
      const response = await this.client.request(origin + path, options)
      const { pathname, search } = new URL(response.url)
      const moved = response.redirects.length > 0
      const own = expectedBody(moved && method === 'POST' ? 'GET' : method, pathname + search)
      const body = response.text()
      return { status: response.status, body: body === own ? 'own' : body }
    } catch (error) {
      const { code, message } = error as RequestError
      // Whoever reads it must learn from it alone who it was and what happened. A POST may have become a GET.
      const said = message.slice(message.indexOf(' '))
      assert.isTrue(said.startsWith(` ${origin}${path}: `), message)
      assert.isAbove(said.length, ` ${origin}${path}: `.length + 10, message)
      assert.notInclude(message, 'socket hang up')
      return { code, message }
    }
  }

  /** Closes both; neither may have anything left, and what the client wrote must have been HTTP. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.client.close()
    const { waiting, connections, inFlight } = this.client.stats()
    if (!this.lingers) await until(() => this.server.open === 0)
    await this.server.close()
    assert.deepEqual([waiting, connections, inFlight, this.server.open], [0, 0, 0, 0])
    assert.deepEqual(this.server.violations, [])
  }
}
