import { EventEmitter, once } from 'node:events'
import {
  Exchange,
  type ExchangeRequest,
  type ExchangeSink,
  type ResponseHead,
} from '../../lib/core/exchange.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { systemClock } from '../../lib/core/clock.ts'
import type { Target } from '../../lib/core/target.ts'
import type { TlsOptions } from '../../lib/net/network.ts'
import { TcpNetwork, type TcpNetworkOptions } from '../../lib/net/tcp.ts'
import { Scheduler, type SchedulerOptions } from '../../lib/scheduler/scheduler.ts'

export interface Answer {
  readonly status: number
  readonly body: string
}

/** A scheduler on real sockets, below the whole of the client's calls: `await using asker = new Asker()`. */
export class Asker implements AsyncDisposable {
  readonly scheduler: Scheduler

  constructor(
    options: Partial<SchedulerOptions> = {},
    tls: TlsOptions = {},
    network: Partial<TcpNetworkOptions> = {},
  ) {
    this.scheduler = new Scheduler(
      {
        maxConn: LIMITS.maxConn,
        maxConnPerTarget: 1,
        maxPipelinedRequests: 1,
        prefer: 'connection',
        maxQueued: LIMITS.maxQueued,
        keepAliveTimeout: LIMITS.keepAliveTimeout,
        maxHeadSize: LIMITS.maxHeadSize,
        parser: 'lenient',
        ...options,
      },
      systemClock,
      new TcpNetwork({ clock: systemClock, ...network }),
      ({ scheme, host, port, clientIp, key, via }) => {
        return { host, port, clientIp, tls: scheme === 'https' ? tls : null, proxy: via, sessionKey: key }
      },
    )
  }

  /** Sends one request and resolves with its whole answer. */
  async ask(target: Target, path: string, more: Partial<ExchangeRequest> = {}): Promise<Answer> {
    const sink = new Sink()
    const request: ExchangeRequest = {
      target,
      method: 'GET',
      fields: `Host: ${target.authority}\r\n`,
      body: null,
      priority: 0,
      idempotent: true,
      streamed: false,
      expectContinue: 0,
      closes: false,
      timeouts: {
        queueTimeout: 0,
        connectTimeout: LIMITS.connectTimeout,
        requestTimeout: LIMITS.requestTimeout,
        replyTimeout: LIMITS.replyTimeout,
        bodyTimeout: LIMITS.bodyTimeout,
        minBodyRate: LIMITS.minBodyRate,
        minBodyRateWindow: LIMITS.minBodyRateWindow,
      },
      ...more,
    }
    this.scheduler.submit(new Exchange(request, path, sink))
    return sink.answer
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.scheduler.close()
  }
}

class Sink implements ExchangeSink {
  readonly #settled = new EventEmitter()
  #status = 0
  #body = ''

  get answer(): Promise<Answer> {
    // `once` rejects when an error is emitted.
    return once(this.#settled, 'end').then(() => ({ status: this.#status, body: this.#body }))
  }

  onSend(): string {
    return ''
  }

  onInformational(): void {}

  onHead(_x: Exchange, head: ResponseHead): void {
    this.#status = head.status
  }

  onBody(_x: Exchange, chunk: Uint8Array): boolean {
    this.#body += Buffer.from(chunk).toString('latin1')
    return true
  }

  onEnd(): void {
    this.#settled.emit('end')
  }

  onError(_x: Exchange, error: Error): void {
    this.#settled.emit('error', error)
  }

  onClosing(): void {}
}
