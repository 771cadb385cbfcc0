import { setImmediate as turn } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { Gate } from '../../lib/cli/gate.ts'

/** Sends items to the gate; they tell when they are let in, or turned away. */
async function come(gate: Gate, hosts: readonly string[]): Promise<string[]> {
  const seen: string[] = []
  for (const [i, host] of hosts.entries()) {
    void Promise.resolve(gate.enter(host)).then((may) => seen.push(`${may ? '' : 'no '}${host}${i}`))
  }
  await turn()
  return seen
}

describe('the gate', () => {
  it('lets in so many of a host, and so many in all, in order', async () => {
    const gate = new Gate(3, 2)
    const seen = await come(gate, ['a', 'a', 'a', 'b', 'b', 'c'])
    expect(seen).toEqual(['a0', 'a1', 'b3'])
    gate.leave('a')
    await turn()
    expect(seen).toEqual(['a0', 'a1', 'b3', 'b4'])
    gate.leave('b')
    gate.leave('b')
    await turn()
    expect(seen.slice(4)).toEqual(['c5', 'a2'])
  })

  it('turns away all that wait and all that come when it is closed', async () => {
    const gate = new Gate(2, 1)
    const seen = await come(gate, ['a', 'a', 'b', 'c'])
    expect(seen).toEqual(['a0', 'b2'])
    gate.close()
    await turn()
    expect(seen.slice(2).toSorted()).toEqual(['no a1', 'no c3'])
    gate.leave('a')
    gate.leave('b')
    expect(await come(gate, ['a', 'd'])).toEqual(['no a0', 'no d1'])
  })
})
