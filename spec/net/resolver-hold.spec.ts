import { expect, it } from 'vitest'
import { Resolver } from '../../lib/net/resolver.ts'
import { systemClock } from '../../lib/core/clock.ts'

const held = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length

it('holds the process while the user looks a name up: no timeout would come in one that has ended', () => {
  const before = held()
  const resolver = new Resolver({ clock: systemClock, resolve: () => new Promise(() => {}) })
  const cancel = resolver.lookup('never.test', () => {})
  expect(held()).toBe(before + 1)
  cancel()
  expect(held()).toBe(before)
})
