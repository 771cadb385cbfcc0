import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkDecoder, checkPacked } from './decoder-oracle.ts'
import { wireInput } from './response-arbitrary.ts'
import { SEEDS } from './seeds.ts'
import { checkSound, soundConnection } from './sound-answers.ts'
import { pack, unpack } from './wire-input.ts'

// The same cases each time: `npm run fuzz` looks for new ones.
const SEED = 4
/** For a machine that does much else. */
const LONG = 60_000

describe('nearly valid connections', () => {
  it(
    'give the same events in any split, and nothing else that must not be',
    () => {
      const outcomes = new Set<string>()
      fc.assert(
        fc.property(wireInput, (input) => {
          const { error, end } = checkDecoder(input)
          outcomes.add(error || end)
        }),
        { numRuns: 200, seed: SEED },
      )
      // The cases are near enough to be read, and far enough to be rejected for many reasons.
      expect([...outcomes]).toEqual(
        expect.arrayContaining(['idle', 'complete', 'head', 'chunk-size', 'bare-cr', 'obs-fold']),
      )
      expect(outcomes.size).toBeGreaterThan(10)
    },
    LONG,
  )

  it('are found again by their bytes', () => {
    fc.assert(
      fc.property(wireInput, (input) => {
        expect(unpack(pack(input))).toEqual({ ...input, wire: new Uint8Array(input.wire) })
      }),
      { numRuns: 50, seed: SEED },
    )
  })
})

describe('valid connections', () => {
  it('are read as their servers meant them, in either mode and any split', () => {
    const outcomes = new Set<string>()
    fc.assert(
      fc.property(soundConnection, (connection) => void outcomes.add(checkSound(connection))),
      { numRuns: 300, seed: SEED },
    )
    expect([...outcomes]).toEqual(
      expect.arrayContaining(['lenient, 4 of 4', 'strict, 4 of 4', 'lenient, 1 of 3']),
    )
  })
})

describe('any bytes', () => {
  it('are rejected by name, or read', () => {
    const errors = new Set<string>()
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => void errors.add(checkPacked(bytes).error)),
      { numRuns: 300, seed: SEED },
    )
    expect(errors).toContain('status-line')
  })

  it.each(SEEDS)('pass where they once did not: $name', ({ bytes }) => {
    expect(checkPacked(new Uint8Array(Buffer.from(bytes, 'base64'))).events.length).toBeGreaterThan(0)
  })
})
