import { LIMITS } from '../core/limits.ts'
import { ownOptions } from '../core/own-options.ts'
import type { TargetSettings, TotalPacing } from '../core/target-settings.ts'
import type { ParserMode } from '../http1/response-decoder.ts'

/** Its settings hold for all targets, unless the scheduler is told how to find those of each. */
export interface SchedulerOptions extends Omit<TargetSettings, 'pacing' | 'maxDownloadRatePerTarget'> {
  readonly maxConn: number
  readonly maxQueued: number
  readonly keepAliveTimeout: number
  readonly maxHeadSize: number
  readonly parser: ParserMode
  /** Bytes read a second, over all targets. */
  readonly maxDownloadRate?: number | undefined
  /** How fast all targets together are asked. */
  readonly totalPacing?: TotalPacing | undefined
}

/** What a client's options say, and the defaults for the rest. */
export function schedulerOptions(given: {
  readonly [name in keyof SchedulerOptions]?: SchedulerOptions[name] | undefined
}): SchedulerOptions {
  return {
    maxConn: given.maxConn ?? LIMITS.maxConn,
    maxConnPerTarget: given.maxConnPerTarget ?? LIMITS.maxConnPerTarget,
    maxPipelinedRequests: given.maxPipelinedRequests ?? LIMITS.maxPipelinedRequests,
    prefer: given.prefer ?? 'connection',
    maxQueued: given.maxQueued ?? LIMITS.maxQueued,
    keepAliveTimeout: given.keepAliveTimeout ?? LIMITS.keepAliveTimeout,
    maxHeadSize: given.maxHeadSize ?? LIMITS.maxHeadSize,
    parser: given.parser ?? 'lenient',
    maxDownloadRate: given.maxDownloadRate,
    totalPacing: readTotalPacing(given.totalPacing),
  }
}

/** undefined where it asks for nothing. */
function readTotalPacing(given: TotalPacing = {}): TotalPacing | undefined {
  const pacing = ownOptions(given)
  const { minInterval = 0, requestsPerInterval = Infinity } = pacing
  return minInterval > 0 || requestsPerInterval < Infinity ? pacing : undefined
}
