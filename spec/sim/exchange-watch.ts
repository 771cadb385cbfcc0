import type { Exchange, ResponseHead } from '../../lib/core/exchange.ts'

/** What the trawl:exchange channels say. */
export interface ExchangeMessage {
  readonly exchange: Exchange
  readonly url: string
  readonly connection: number
  readonly head?: ResponseHead
}

/** How far one exchange has come, by its events. */
type Step = 'waiting' | 'sent' | 'answered'

/**
 * Follows each exchange by its events, which come in one order only: wait, send and perhaps send again,
 * head, end. And who waits for one target with one priority is sent in the order of waiting.
 */
export class ExchangeWatch {
  readonly violations: string[] = []
  /** The most that waited to be sent for the first time. */
  maxWaiting = 0
  #waiting = 0
  readonly #steps = new Map<Exchange, Step>()
  /** By target and priority: who has never been sent. */
  readonly #lines = new Map<string, Set<Exchange>>()
  readonly #opened = new Set<number>()

  onConnectionOpen(connection: number): void {
    if (this.#opened.has(connection)) this.violations.push(`connection ${connection} opens twice`)
    this.#opened.add(connection)
  }

  onConnectionClose(connection: number): void {
    this.#opened.delete(connection)
  }

  onWait({ exchange }: ExchangeMessage): void {
    this.#steps.set(exchange, 'waiting')
    this.#lineOf(exchange).add(exchange)
    this.maxWaiting = Math.max(this.maxWaiting, ++this.#waiting)
  }

  onSend({ exchange, url, connection }: ExchangeMessage): void {
    const step = this.#steps.get(exchange)
    if (step === undefined) this.violations.push(`${url}: sent before it waited, or after its end`)
    if (step === 'answered') this.violations.push(`${url}: sent after its head`)
    if (step === 'sent' && exchange.attempt < 2) this.violations.push(`${url}: sent twice in one attempt`)
    if (!this.#opened.has(connection))
      this.violations.push(`${url}: sent on ${connection}, which is not open`)
    this.#steps.set(exchange, 'sent')
    const line = this.#lineOf(exchange)
    const [first] = line
    if (line.has(exchange) && first !== exchange) {
      this.violations.push(`${url}: sent before ${first!.target.key}${first!.path}, which came first`)
    }
    this.#leave(exchange)
  }

  onHead({ exchange, url, head }: ExchangeMessage): void {
    if (this.#steps.get(exchange) !== 'sent')
      this.violations.push(`${url}: a head (${head?.status}) out of turn`)
    this.#steps.set(exchange, 'answered')
  }

  onEnd({ exchange }: ExchangeMessage): void {
    this.#steps.delete(exchange)
    this.#leave(exchange)
  }

  #lineOf({ request }: Exchange): Set<Exchange> {
    const key = `${request.target.key} ${request.priority}`
    const line = this.#lines.get(key) ?? new Set()
    this.#lines.set(key, line)
    return line
  }

  #leave(exchange: Exchange): void {
    if (this.#lineOf(exchange).delete(exchange)) this.#waiting--
  }
}
