import type { ClientOptions } from '../../lib/index.ts'
import { OK, WireStage, type Peer } from './wire-stage.ts'

/** What a server does about one request. A text is its answer. */
export type Act = string | ((peer: Peer) => void)

export const reset: Act = (peer) => peer.socket.reset()

/** An answer with this status, its number as its body. */
export function status(code: number, fields = ''): string {
  const body = code === 204 || code === 304 ? '' : String(code)
  return `HTTP/1.1 ${code} X\r\n${fields}Content-Length: ${body.length}\r\n\r\n${body}`
}

/** A server that does one thing after another, one for each request, and answers OK from then on. */
export class RetryStage extends WireStage {
  /** When each request came, virtual ms from the start. */
  readonly times: number[]
  /** Each request, from its first byte to the end of its head. */
  readonly heads: string[]

  constructor(acts: readonly Act[], options: ClientOptions = {}) {
    const times: number[] = []
    const heads: string[] = []
    super({ maxRetries: 3, ...options }, (peer, nth) => {
      const act = acts[times.length] ?? OK
      heads.push(peer.text.match(/[A-Z]+ \S+ HTTP\/1\.1\r\n[^]*?\r\n\r\n/g)![nth - 1]!)
      times.push(this.clock.now() - 1_000)
      if (typeof act === 'string') peer.socket.write(act)
      else act(peer)
    })
    this.times = times
    this.heads = heads
  }

  get count(): number {
    return this.times.length
  }

  /** ms between one request and the next. */
  get gaps(): number[] {
    return this.times.slice(1).map((time, i) => time - this.times[i]!)
  }
}
