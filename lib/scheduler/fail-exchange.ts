import { channels } from '../core/diagnostics.ts'
import type { RequestError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import { exchangeEvent } from './events.ts'
import type { TargetRecord } from './target-record.ts'

/** Ends an exchange with an error: it is counted, watched, and told to the sink, in that order. */
export function failExchange(
  x: Exchange,
  error: RequestError,
  record: TargetRecord,
  client: number,
  connection: number,
): void {
  x.holder = null
  record.errors++
  if (channels.exchangeEnd.hasSubscribers) {
    channels.exchangeEnd.publish({ ...exchangeEvent(client, x, connection), error })
  }
  x.sink.onError(x, error)
}
