import { Target } from '../../core/target.ts'
import type { PreparedRequest } from './prepared-request.ts'

/**
 * A target with what its builder has made for it. In the target itself: a WeakMap would do as well, but each
 * of its entries is looked at in every collection of garbage.
 */
export class KnownTarget extends Target {
  /** The request of every plain GET: all that differs between them is the path. */
  plain: PreparedRequest | null = null
  /** The same for those whose body is streamed. */
  plainStream: PreparedRequest | null = null
  /** The same host from a client IP, over a proxy or with a TLS identity, by what they add. */
  routes: Map<string, KnownTarget> | null = null
}
