import { describe, expect, it } from 'vitest'
import { Deque } from '../../lib/core/deque.ts'
import type { Progress } from '../../lib/core/errors.ts'
import { type Exchange, Flight } from '../../lib/core/exchange.ts'
import { LIMITS } from '../../lib/core/limits.ts'
import { sortInFlight } from '../../lib/scheduler/resend.ts'
import { Asked } from './asked.ts'

const lost = { announced: false, blameFirst: false, nextSerial: 7 }
const announced = { ...lost, announced: true }

function sent({ progress = 'sent', losses = 0, muted = false }: Sent = {}): Exchange {
  const { x } = new Asked({}, '/')
  x.progress = progress
  x.flight = Object.assign(new Flight({ remoteAddress: '', localAddress: '' }, false, 0), { muted })
  if (losses > 0) x.sendAgain().losses = losses
  return x
}

interface Sent {
  readonly progress?: Progress
  readonly losses?: number
  readonly muted?: boolean
}

function sort(loss: typeof lost, ...line: Exchange[]): string[] {
  const inFlight = new Deque<Exchange>()
  for (const x of line) inFlight.push(x)
  const { again, failed } = sortInFlight(inFlight, loss)
  expect(inFlight.size).toBe(0)
  return line.map((x) => (again.includes(x) ? 'again' : failed.includes(x) ? 'failed' : 'dropped'))
}

describe('what becomes of exchanges whose connection is gone', () => {
  it.each([
    ['sent, no byte seen', lost, sent(), 'again'],
    ['its answer has begun', lost, sent({ progress: 'answered' }), 'failed'],
    ['muted', lost, sent({ muted: true }), 'dropped'],
    ['lost often enough', lost, sent({ losses: LIMITS.maxResends }), 'failed'],
    ['lost often, now announced', announced, sent({ losses: LIMITS.maxResends }), 'again'],
    ['to blame', { ...lost, blameFirst: true }, sent(), 'failed'],
  ] as const)('%s', (_, loss, x, fate) => {
    expect(sort(loss, x)).toEqual([fate])
  })

  it('only the first is to blame', () => {
    expect(sort({ ...lost, blameFirst: true }, sent(), sent(), sent())).toEqual(['failed', 'again', 'again'])
  })

  it('counts every time, and holds only unannounced losses against it', () => {
    const x = sent()
    for (let time = 1; time <= 10; time++) {
      x.progress = 'sent'
      expect(sort(announced, x)).toEqual(['again'])
    }
    expect(x.progress).toBe('waiting')
    expect(x.resent).toEqual({ attempt: 11, losses: 0, minSerial: 0 })
    for (let time = 1; time <= LIMITS.maxResends; time++) {
      x.progress = 'sent'
      expect(sort(lost, x)).toEqual(['again'])
    }
    expect(x.resent).toMatchObject({ losses: LIMITS.maxResends, minSerial: 7 })
    x.progress = 'sent'
    expect(sort(lost, x)).toEqual(['failed'])
  })
})
