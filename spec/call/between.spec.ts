import { expect, it } from 'vitest'
import { Between, type Waiter } from '../../lib/call/between.ts'
import { ClosedError, type RequestError } from '../../lib/core/errors.ts'

class Scheduler {
  held = 0
  retain(): void {
    this.held++
  }
  release(): void {
    this.held--
  }
}

class Call implements Waiter {
  readonly errors: RequestError[] = []
  readonly #between: Between
  constructor(between: Between) {
    this.#between = between
  }
  closings = 0
  onClientClosing(): void {
    this.closings++
  }
  cancel(error: RequestError): void {
    this.errors.push(error)
    this.#between.leave(this)
  }
}

it('holds the scheduler once for each call, however often that enters and leaves', () => {
  const scheduler = new Scheduler()
  const between = new Between(scheduler)
  const [one, two] = [new Call(between), new Call(between)]
  for (const call of [one, one, two]) between.enter(call)
  expect([between.size, scheduler.held]).toEqual([2, 2])
  for (const call of [one, one]) between.leave(call)
  expect([between.size, scheduler.held]).toEqual([1, 1])
  between.enter(one)
  between.leave(two)
  between.leave(one)
  expect([between.size, scheduler.held]).toEqual([0, 0])
})

it('tells all that the client closes, those that give up at that included', () => {
  const scheduler = new Scheduler()
  const between = new Between(scheduler)
  const [stays, goes] = [new Call(between), new Call(between)]
  goes.onClientClosing = () => between.leave(goes)
  for (const call of [goes, stays]) between.enter(call)
  between.closing()
  expect([stays.closings, between.size, scheduler.held]).toEqual([1, 1, 1])
})

it('ends all when the client is destroyed, each with an error of its own', () => {
  const scheduler = new Scheduler()
  const between = new Between(scheduler)
  const calls = [new Call(between), new Call(between), new Call(between)]
  for (const call of calls) between.enter(call)
  between.destroy(() => new ClosedError('destroyed'))
  expect([between.size, scheduler.held]).toEqual([0, 0])
  const errors = calls.flatMap((call) => call.errors)
  expect(new Set(errors).size).toBe(3)
  expect(errors.map((error) => error.code)).toEqual(['ERR_CLOSED', 'ERR_CLOSED', 'ERR_CLOSED'])
})
