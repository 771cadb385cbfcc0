import { describe, expect, it } from 'vitest'
import { RetryBudget } from '../../lib/call/retry-budget.ts'
import { LIMITS } from '../../lib/core/limits.ts'

const A = 'http://a.test'
const B = 'http://b.test'

function takes(budget: RetryBudget, target: string, times: number, now: number): number {
  let taken = 0
  for (let i = 0; i < times; i++) if (budget.take(target, now)) taken++
  return taken
}

describe('a retry budget', () => {
  it('is used up by one target, and another still has its own', () => {
    const budget = new RetryBudget(3)
    expect(takes(budget, A, 10, 0)).toBe(3)
    expect(takes(budget, B, 10, 0)).toBe(3)
    expect(takes(budget, A, 10, 0)).toBe(0)
  })

  it('comes back by one each second, up to what it was', () => {
    const budget = new RetryBudget(3)
    takes(budget, A, 3, 1_000)
    expect(budget.take(A, 1_999)).toBe(false)
    expect(budget.take(A, 2_000)).toBe(true)
    expect(budget.take(A, 2_000)).toBe(false)
    expect(takes(budget, A, 10, 4_500)).toBe(2)
    expect(budget.take(A, 4_999)).toBe(false)
    expect(budget.take(A, 5_000)).toBe(true)
    expect(takes(budget, A, 10, 1_000_000)).toBe(3)
  })

  it('is not filled by asking, however often', () => {
    const budget = new RetryBudget(1)
    budget.take(A, 0)
    let taken = 0
    for (let now = 1; now <= 10_000; now++) if (budget.take(A, now)) taken++
    expect(taken).toBe(10)
  })

  it('gets back what a call took that went well, and never more than it had', () => {
    const budget = new RetryBudget(3)
    takes(budget, A, 3, 0)
    for (let i = 0; i < 2; i++) budget.giveBack(A, 0)
    expect(takes(budget, A, 10, 0)).toBe(2)
    for (let i = 0; i < 100; i++) budget.giveBack(A, 0)
    expect(takes(budget, A, 10, 0)).toBe(3)
    for (let i = 0; i < 100; i++) budget.giveBack(B, 0)
    expect(takes(budget, B, 10, 0)).toBe(3)
  })

  it('of 0 has none, ever', () => {
    const budget = new RetryBudget(0)
    expect(takes(budget, A, 3, 0)).toBe(0)
    expect(takes(budget, A, 3, 1e9)).toBe(0)
    budget.giveBack(A, 1e9)
    expect(takes(budget, A, 3, 1e9)).toBe(0)
  })

  it('stays small over millions of hosts: the one used longest ago is forgotten', () => {
    const budget = new RetryBudget(1)
    budget.take(A, 0)
    for (let i = 0; i < LIMITS.maxRememberedTargets - 1; i++) budget.take(`http://${i}.test`, 0)
    expect(budget.take(A, 0)).toBe(false)
    // It was used just now, so another goes first.
    budget.take('http://one-more.test', 0)
    expect(budget.take(A, 0)).toBe(false)
    for (let i = 0; i < LIMITS.maxRememberedTargets; i++) budget.take(`http://other-${i}.test`, 0)
    expect(budget.take(A, 0)).toBe(true)
  })
})
