import { LIMITS } from './limits.ts'

/** Scrapy's AutoThrottle: the gap between requests follows the server's latency. Times are ms. */
export interface AutoThrottleSettings {
  /** Exchanges that are to be under way at a time, on average: the gap is latency / N. */
  readonly targetConcurrency: number
  /** The gap before the first answer has come. */
  readonly startDelay: number
  readonly minDelay: number
  readonly maxDelay: number
}

/** How fast one target may be asked. */
export interface PacingOptions {
  /** ms between the starts of two exchanges; 0: none. */
  readonly minInterval: number
  /** Most starts in any `interval`; Infinity: no limit. */
  readonly requestsPerInterval: number
  /** ms. */
  readonly interval: number
  /** 0 to 1: each gap is drawn from gap * (1 - jitter) to gap * (1 + jitter). */
  readonly jitter: number
  readonly autoThrottle: false | AutoThrottleSettings
  /** ms that a target may answer with 429 and 503 only, before what waits for it fails; 0: for ever. */
  readonly stallLimit: number
}

/** How fast all targets together are asked; what is left out is as in `PacingOptions`. */
export interface TotalPacing {
  readonly minInterval?: number | undefined
  readonly requestsPerInterval?: number | undefined
  readonly interval?: number | undefined
}

/** What may differ from target to target. */
export interface TargetSettings {
  readonly maxConnPerTarget: number
  readonly maxPipelinedRequests: number
  /** What a waiting exchange takes when no connection is idle: a new one, or a place in a pipeline. */
  readonly prefer: 'connection' | 'pipeline'
  readonly pacing: PacingOptions
  /** Bytes read a second; Infinity: no limit. */
  readonly maxDownloadRatePerTarget: number
}

/** As fast as it goes; only a server's 429 and 503 are heeded. */
export const NO_PACING: PacingOptions = {
  minInterval: 0,
  requestsPerInterval: Infinity,
  interval: LIMITS.paceInterval,
  jitter: 0,
  autoThrottle: false,
  stallLimit: LIMITS.stallLimit,
}
