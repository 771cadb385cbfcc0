import type { AutoThrottleSettings } from '../core/target-settings.ts'

/**
 * The next gap, ms, as Scrapy's AutoThrottle has it: halfway from the old one to latency / N, but at
 * once to that when it is longer. So it is halved at best on the way down. An answer that tells of an
 * error may come fast because nothing was done for it: it never makes the gap shorter.
 *
 * @param latency ms from the request, or the end of the answer before it, to the head
 */
export function nextDelay(
  old: number,
  latency: number,
  status: number,
  throttle: AutoThrottleSettings,
): number {
  const wanted = latency / throttle.targetConcurrency
  const halfway = (old + wanted) / 2
  const next = Math.min(Math.max(wanted, halfway, throttle.minDelay), throttle.maxDelay)
  return status >= 400 && next < old ? old : next
}
