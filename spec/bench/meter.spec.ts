import { expect, test } from 'vitest'
import { Meter, NOT_TIMED } from '../../bench/meter.ts'

test('it counts the answers of the measured time only, and says when it is enough', () => {
  const meter = new Meter()
  for (let n = 0; n < 30; n++) expect(meter.done(meter.begin())).toBe(true)
  expect(meter.answers).toBe(30)
  meter.measure()
  expect(meter.done(meter.begin())).toBe(true)
  expect(meter.answers).toBe(1)
  meter.stop()
  expect(meter.goesOn).toBe(false)
  expect(meter.done(meter.begin())).toBe(false)
})

test('it times one of thirteen', () => {
  const meter = new Meter()
  const places = Array.from({ length: 130 }, () => meter.begin())
  expect(places.filter((place) => place !== NOT_TIMED)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(places[12]).toBe(0)
})

test('what was begun while it warmed up, and what is not answered yet, has no time', () => {
  const meter = new Meter()
  const begin = (): number => Array.from({ length: 13 }, () => meter.begin()).at(-1)!
  const early = begin()
  meter.measure()
  meter.done(early)
  begin()
  expect(meter.stop()).toEqual({ p50: NaN, p99: NaN })
})

test('half of the times are no longer than p50, and p99 is no shorter', () => {
  const meter = new Meter()
  meter.measure()
  for (let n = 0; n < 1_300; n++) meter.done(meter.begin())
  const { p50, p99 } = meter.stop()
  expect(p50).toBeGreaterThan(0)
  expect(p99).toBeGreaterThanOrEqual(p50)
})
