import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { begin, groupsOf, many, quiet, RunStand, Work } from './run-stand.ts'

let stand: RunStand

beforeEach(() => {
  stand = new RunStand()
})

afterEach(() => stand[Symbol.dispose]())

describe('a run whose servers ask for a pause', () => {
  const pause = { stallsIn: Infinity, origin: 'http://a', clientIp: '', ms: 1_000 }

  it('leaves them alone until it is over, and goes on with the others', async () => {
    const work = new Work()
    const run = stand.makeRun(groupsOf([...many('a', 10), ...many('b', 10), ...many('c', 10)]), work)
    const [running] = await begin(run)
    expect(work.hosts()).toEqual({ a: 2, b: 1, c: 1 })
    run.targetPaused(pause)
    // Those that wait in the client for it hold no places of others.
    await quiet()
    expect(work.hosts()).toEqual({ a: 2, b: 2, c: 2 })
    work.isQuick = () => true
    for (const task of work.underWay) work.end(task)
    await quiet()
    expect([work.hosts(), run.pausedOrigins]).toEqual([{ a: 2, b: 10, c: 10 }, 1])
    await stand.clock.advance(999)
    expect(work.hosts()).toEqual({ a: 2, b: 10, c: 10 })
    await stand.clock.advance(1)
    expect(await stand.leftAfter(run, running!)).toEqual([])
    expect(work.hosts()).toEqual({ a: 10, b: 10, c: 10 })
  })

  it('holds the process while nothing else does', async () => {
    const work = new Work(() => true)
    const run = stand.makeRun(groupsOf(many('a', 3)), work)
    run.targetPaused(pause)
    const [running] = await begin(run)
    expect([work.begun.length, run.underWay, run.waiting, stand.holds]).toEqual([0, 0, 3, 1])
    await stand.clock.advance(1_000)
    expect(await stand.leftAfter(run, running!)).toEqual([])
    expect(work.begun).toHaveLength(3)
  })

  it('goes on as long as one client IP is left', async () => {
    const work = new Work()
    const run = stand.makeRun(groupsOf(many('a', 20)), work, { clientIps: 2 })
    const [running] = await begin(run)
    run.targetPaused({ ...pause, clientIp: '127.0.0.1', stallsIn: Infinity })
    run.targetPaused({ ...pause, clientIp: '127.0.0.1', ms: 5_000, stallsIn: Infinity })
    expect(run.pausedOrigins).toBe(0)
    for (const task of work.underWay) work.end(task)
    await quiet()
    expect(work.begun).toHaveLength(4)
    run.targetPaused({ ...pause, clientIp: '127.0.0.2', ms: 2_000, stallsIn: Infinity })
    expect(run.pausedOrigins).toBe(1)
    work.isQuick = () => true
    for (const task of work.underWay) work.end(task)
    await stand.clock.advance(1_999)
    expect(work.begun).toHaveLength(4)
    await stand.clock.advance(1)
    expect(await stand.leftAfter(run, running!)).toEqual([])
    expect(work.begun).toHaveLength(20)
  })

  it('takes its timers along when it is stopped', async () => {
    const run = stand.makeRun(groupsOf(many('a', 10)), new Work())
    run.targetPaused(pause)
    const [running] = await begin(run)
    expect(stand.clock.pending).toBe(1)
    run.stop()
    expect(await stand.leftAfter(run, running!)).toEqual([])
    run.targetPaused(pause)
    expect(stand.left(run)).toEqual([])
  })
})
