import { channel } from 'node:diagnostics_channel'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { EXIT } from '../../lib/cli/exit-codes.ts'
import { CLI_LIMITS } from '../../lib/cli/limits.ts'
import { RefusalWatch } from '../../lib/cli/refusal-watch.ts'
import { RetryWatch } from '../../lib/cli/retry-watch.ts'
import { summaryText } from '../../lib/cli/summary.ts'
import { OTHERS, Tally } from '../../lib/cli/tally.ts'
import { makeOutcome } from './make-outcome.ts'

const pause = channel('trawl:target:pause')
const aside = channel('trawl:client-ip:aside')

let watch: RefusalWatch

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['performance'] })
  watch = new RefusalWatch()
})

afterEach(() => {
  watch.close()
  vi.useRealTimers()
})

function pauseFor(target: string, ms: number, status = 429): void {
  pause.publish({ client: 1, target, host: target.slice(7), clientIp: '', ms, status })
}

const nothing = { elapsedMs: 0, dialled: 0, reused: 0, outputDir: '', report: '', stopped: '' }

/** The lines of a summary that tell of refusals. */
function told(tally = new Tally()): string[] {
  const lines = summaryText(tally, { ...nothing, refusals: watch }).split('\n')
  const first = lines.findIndex((line) => /^ {2}(paused|client IP|set aside)/.test(line))
  const last = lines.findLastIndex((line) => /^ {2}(paused|client IP|set aside| {12} )/.test(line))
  return lines.slice(first, last + 1)
}

describe('refusals', () => {
  it('are told by target: how often, and how long in all, overlaps once and no more than has passed', () => {
    pauseFor('http://a.test', 10_000)
    vi.advanceTimersByTime(4_000)
    pauseFor('http://a.test', 10_000, 503)
    pauseFor('http://b.test', 2_000)
    vi.advanceTimersByTime(5_000)
    // a: 9 s of 14; b: 2 s.
    expect(told()).toEqual([
      '  paused       2 targets, 3 times, 11 s in all',
      '               http://a.test: 2 times, last for a 503',
      '               http://b.test: once, last for a 429',
    ])
    vi.advanceTimersByTime(60_000)
    expect(told()[0]).toBe('  paused       2 targets, 3 times, 16 s in all')
  })

  it('are told by client IP, and by the host that refused it', () => {
    const tally = new Tally()
    for (let i = 0; i < 500; i++) tally.add(makeOutcome({ clientIp: '192.0.2.1' }))
    for (let i = 0; i < 700; i++) tally.add(makeOutcome({ clientIp: '192.0.2.2' }))
    tally.add(makeOutcome({ clientIp: '192.0.2.1', status: 403, exitCode: EXIT.status }))
    const event = { client: 1, clientIp: '192.0.2.1', host: 'a.test', ms: 600_000 }
    aside.publish({ ...event, why: 'answered 403 three times' })
    aside.publish({ ...event, why: 'answered \x1b[31m403' })
    aside.publish({ ...event, clientIp: '192.0.2.9', host: null, ms: 60_000, why: 'EADDRNOTAVAIL' })
    expect(told(tally)).toEqual([
      '  client IP    192.0.2.2: 700 ok, 0 failed',
      '  client IP    192.0.2.1: 500 ok, 1 failed, 1 of them refused',
      '  set aside    192.0.2.1 for a.test, 2 times, 10:00 in all: answered \\x1b[31m403',
      '  set aside    192.0.2.9, once, 1:00 in all: EADDRNOTAVAIL',
    ])
  })

  it('are counted in bounded memory', () => {
    for (let i = 0; i < CLI_LIMITS.maxHosts + 50; i++) {
      pauseFor(`http://h${i}`, 1_000)
      aside.publish({ clientIp: '192.0.2.1', host: `h${i}`, ms: 1, why: 'x'.repeat(1_000) })
    }
    expect(watch.pauses.size).toBe(CLI_LIMITS.maxHosts + 1)
    expect(watch.pauses.get(OTHERS)!.count).toBe(50)
    expect(watch.asides.size).toBe(CLI_LIMITS.maxHosts + 1)
    expect(watch.asides.get(OTHERS)).toMatchObject({ clientIp: OTHERS, host: '', count: 50 })
    expect(watch.asides.get('192.0.2.1 h1')!.why).toHaveLength(CLI_LIMITS.maxReason)
  })

  it('are not listened to any more once it is closed', () => {
    watch.close()
    expect([pause.hasSubscribers, aside.hasSubscribers]).toEqual([false, false])
  })
})

describe('retries', () => {
  it('are counted while they are under way, each call once', () => {
    const retries = new RetryWatch()
    const calls = [{}, {}, {}]
    const retry = channel('trawl:call:retry')
    const end = channel('trawl:call:end')
    for (const call of calls) retry.publish({ call, retries: 1 })
    retry.publish({ call: calls[0], retries: 2 })
    expect(retries.retrying).toBe(3)
    end.publish({ call: calls[0] })
    end.publish({ call: {} })
    expect(retries.retrying).toBe(2)
    retries.close()
    expect([retry.hasSubscribers, end.hasSubscribers]).toEqual([false, false])
  })
})
