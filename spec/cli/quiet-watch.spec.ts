import { afterEach, describe, expect, it, vi } from 'vitest'
import { CLI_LIMITS } from '../../lib/cli/limits.ts'
import { QuietWatch } from '../../lib/cli/quiet-watch.ts'
import type { ClientStats } from '../../lib/index.ts'

type Target = ClientStats['targets'][number]

const IDLE: Target = {
  target: 'http://a.test',
  waiting: 0,
  connections: 1,
  inFlight: 0,
  depth: 1,
  dialled: 1,
  reused: 0,
  requests: 1,
  bytes: 1,
  errors: 0,
  paused: 0,
  delay: 0,
  refusals: 0,
}

let watch: QuietWatch | null = null
afterEach(() => watch?.stop())

function start(targets: Target[]): { look: (times: number) => void; onQuiet: ReturnType<typeof vi.fn> } {
  const onQuiet = vi.fn<() => void>()
  const made = new QuietWatch(() => ({ targets }), onQuiet)
  watch = made
  const look = (times: number): void => {
    for (let i = 0; i < times; i++) made.look()
  }
  return { look, onQuiet }
}

describe('a run that is to end', () => {
  it('is quiet when all that waits is told to, for some time, and that is said once', () => {
    const { look, onQuiet } = start([IDLE, { ...IDLE, waiting: 7, paused: 300_000 }])
    look(CLI_LIMITS.quietLooks - 1)
    expect(onQuiet).not.toHaveBeenCalled()
    look(1)
    expect(onQuiet).toHaveBeenCalledOnce()
  })

  it.each([
    ['in flight', { inFlight: 1 }],
    ['in flight, of a paused target', { inFlight: 1, paused: 1 }],
    ['waiting for a connection or a pace', { waiting: 1 }],
  ])('is not while something is %s', (_, busy) => {
    const { look, onQuiet } = start([IDLE, { ...IDLE, ...busy }])
    look(CLI_LIMITS.quietLooks + 1)
    expect(onQuiet).not.toHaveBeenCalled()
  })

  it('is not before it was so many times in a row', () => {
    const targets = [{ ...IDLE }]
    const { look, onQuiet } = start(targets)
    look(CLI_LIMITS.quietLooks - 1)
    targets[0]!.inFlight = 1
    look(1)
    targets[0]!.inFlight = 0
    look(CLI_LIMITS.quietLooks - 1)
    expect(onQuiet).not.toHaveBeenCalled()
  })
})
