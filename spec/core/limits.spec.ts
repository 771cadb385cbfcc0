import { describe, expect, it } from 'vitest'
import { clientChecks, requestChecks } from '../../lib/call/request/option-checks.ts'
import { LIMITS } from '../../lib/core/limits.ts'

const options = new Map([...clientChecks, ...requestChecks])
const shared = Object.entries(LIMITS).filter(([name]) => options.has(name))

describe('limits', () => {
  it('are whole and finite, every one', () => {
    const wrong = Object.entries(LIMITS).filter(([, value]) => !Number.isSafeInteger(value) || value < 0)
    expect(wrong).toEqual([])
  })

  it('are what their options allow', () => {
    expect(shared.length).toBeGreaterThanOrEqual(14)
    for (const [name, value] of shared) expect(() => options.get(name)!(name, value)).not.toThrow()
  })

  it('agree with one another', () => {
    expect(LIMITS.maxConnPerTarget).toBeLessThanOrEqual(LIMITS.maxConn)
    expect(LIMITS.maxPipelinedRequests).toBeLessThanOrEqual(LIMITS.maxDepth)
    expect(LIMITS.keepAliveMargin).toBeLessThan(LIMITS.keepAliveTimeout)
    expect(LIMITS.attemptDelay).toBeLessThan(LIMITS.connectTimeout)
    expect(LIMITS.syncDecodeSize).toBeLessThan(LIMITS.maxBodySize)
    expect(LIMITS.coalesceSize).toBeLessThanOrEqual(LIMITS.sendPiece)
    expect(LIMITS.maxChunkExtension).toBeLessThanOrEqual(LIMITS.maxChunkExtensions)
    expect(LIMITS.maxTrailerSize).toBeLessThanOrEqual(LIMITS.maxHeadSize)
    // Timeouts that are set must be longer than the wheel can tell apart.
    const timeouts = shared.filter(([name, value]) => name.endsWith('Timeout') && value > 0)
    expect(timeouts.filter(([, value]) => value < 10 * LIMITS.timerGranularity)).toEqual([])
  })
})
