import { channels } from '../../lib/core/diagnostics.ts'

/** Tells on the channels what a client would, when the spec says so. */
export class HandClient {
  readonly id: number
  #serial = 0

  constructor(id: number) {
    this.id = id
  }

  /** Dials, and opens unless `fails`. Gives the connection's number. */
  dial(target = 'http://one.test', fails = false): number {
    const connection = ++this.#serial
    const event = { client: this.id, connection, target, served: 0 }
    channels.connectionConnect.publish(event)
    if (fails) channels.connectionClose.publish(event)
    else channels.connectionOpen.publish(event)
    return connection
  }

  close(connection: number, served = 0): void {
    channels.connectionClose.publish({ client: this.id, connection, target: 'http://one.test', served })
  }

  send(connection: number, url = 'http://one.test/a'): object {
    const exchange = {}
    channels.exchangeSend.publish({ client: this.id, exchange, method: 'GET', url, connection })
    return exchange
  }

  head(connection: number, exchange: object, status = 200): void {
    channels.exchangeHead.publish({ client: this.id, exchange, connection, head: { status } })
  }

  end(connection: number, exchange: object, error?: Error): void {
    const event = { client: this.id, exchange, connection }
    channels.exchangeEnd.publish(error === undefined ? event : { ...event, error })
  }

  answer(connection: number, exchange: object, status = 200): void {
    this.head(connection, exchange, status)
    this.end(connection, exchange)
  }

  retry(why: object): void {
    channels.callRetry.publish({ client: this.id, why })
  }
}
