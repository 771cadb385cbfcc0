import type { RequestError } from '../core/errors.ts'
import type { Exchange } from '../core/exchange.ts'
import type { Connection } from './connection.ts'
import type { Pacing } from './pacing.ts'
import type { TargetRecord } from './target-record.ts'

/** The pool, as its connections see it. */
export interface ConnectionOwner {
  readonly record: TargetRecord
  /** null: nobody asks for any. */
  readonly pacing: Pacing | null
  /** Whether it only reads its idle connections once more before it uses them. */
  readonly checking: boolean
  onOpen(connection: Connection): void
  onDialFailed(connection: Connection, error: RequestError): void
  /** An exchange has ended. The connection may be idle now, or have room in its pipeline. */
  onRoom(connection: Connection): void
  /** It was open and is gone. `lost`: exchanges to be sent again, in order. */
  onClosed(connection: Connection, lost: Exchange[], brokePipeline: boolean): void
  /** All that is in flight on it is read only to be dropped: it may be closed for a better use. */
  onAllMuted(connection: Connection): void
  /** An exchange was answered, has failed, or is waited for no more. */
  onEnded(): void
  /** Have `settle` called at the end of this tick. */
  touch(connection: Connection): void
}
