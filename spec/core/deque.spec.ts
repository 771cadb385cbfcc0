import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Deque, type DequeItem } from '../../lib/core/deque.ts'

class Item implements DequeItem<Item> {
  readonly id: number
  previous: Item | null = null
  next: Item | null = null
  deque: object | null = null

  constructor(id: number) {
    this.id = id
  }
}

function items(count: number): Item[] {
  return Array.from({ length: count }, (_, id) => new Item(id))
}

/** The ids from first to last, read both ways round. */
function ids(deque: Deque<Item>): number[] {
  const forwards: number[] = []
  for (let item = deque.first; item !== null; item = item.next) forwards.push(item.id)
  const backwards: number[] = []
  for (let item = deque.last; item !== null; item = item.previous) backwards.push(item.id)
  expect(backwards.toReversed()).toEqual(forwards)
  expect(deque.size).toBe(forwards.length)
  return forwards
}

describe('a deque', () => {
  it('gives nothing when empty', () => {
    const deque = new Deque<Item>()
    expect(deque.shift()).toBeNull()
    expect(ids(deque)).toEqual([])
  })

  it.each([0, 1, 2])('takes item %i of three out, once', (id) => {
    const deque = new Deque<Item>()
    const three = items(3)
    for (const item of three) deque.push(item)
    const taken = three[id]!
    expect(deque.remove(taken)).toBe(true)
    expect(deque.remove(taken)).toBe(false)
    expect(taken).toMatchObject({ previous: null, next: null, deque: null })
    expect(ids(deque)).toEqual([0, 1, 2].filter((other) => other !== id))
  })

  it('does not take out what stands in another', () => {
    const [here, there] = [new Deque<Item>(), new Deque<Item>()]
    const [a, b] = items(2) as [Item, Item]
    here.push(a)
    there.push(b)
    expect(here.remove(b)).toBe(false)
    expect(ids(here)).toEqual([0])
    expect(ids(there)).toEqual([1])
  })

  it('does what an array does, whatever is done to it', () => {
    const step = fc.record({
      deed: fc.constantFrom('push', 'unshift', 'shift', 'remove'),
      id: fc.nat(7),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const all = items(8)
        const deque = new Deque<Item>()
        let model: number[] = []
        for (const { deed, id } of steps) {
          const item = all[id]!
          const isIn = model.includes(id)
          let [given, expected]: unknown[] = []
          if (deed === 'shift') [given, expected] = [deque.shift()?.id, model.shift()]
          else if (deed === 'remove') {
            ;[given, expected] = [deque.remove(item), isIn]
            model = model.filter((other) => other !== id)
          } else if (!isIn) {
            deque[deed](item)
            model[deed](id)
          }
          expect(given).toBe(expected)
          expect(ids(deque)).toEqual(model)
        }
      }),
    )
  })
})
