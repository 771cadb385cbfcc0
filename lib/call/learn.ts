import type { ResponseHead } from '../core/exchange.ts'
import type { Attempt } from './attempt.ts'
import type { CallContext } from './call-context.ts'
import { isRetryableStatus, retryAfterOf } from './retry.ts'

/** What was asked, and how it went out. */
export type Answered = Pick<Attempt, 'request' | 'exchange' | 'rules' | 'target'>

/**
 * What an answer teaches, whatever becomes of it: cookies are stored, and the scheduler hears how the
 * host is doing. Gives what Retry-After asks for, ms, or -1.
 */
export function learn(answered: Answered, head: ResponseHead, { clock, health }: CallContext): number {
  const { request, exchange, rules, target } = answered
  const { headers, status } = head
  if (head.setsCookie) request.jar?.learn(target, exchange.path, headers.getAll('set-cookie'))
  const isRefusal = status === 429 || status === 503 || isRetryableStatus(status, rules)
  const asked = isRefusal ? headers.get('retry-after') : null
  const retryAfter = asked === null ? -1 : retryAfterOf(asked, headers.get('date'), clock.date())
  health.answered(target, status, retryAfter, exchange.flight!.sentAt)
  return retryAfter
}
