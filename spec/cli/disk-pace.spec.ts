import { describe, expect, it } from 'vitest'
import { DiskPace } from '../../lib/cli/disk-pace.ts'
import { CLI_LIMITS } from '../../lib/cli/limits.ts'

const { slowVisit, slowVisits, hangingVisit, visitsBySide } = CLI_LIMITS

/** How many visits are made by the side before one is waited for again. */
function bySide(pace: DiskPace): number {
  for (let count = 0; count <= visitsBySide; count++) if (pace.mayWait()) return count
  return Infinity
}

describe('the pace of the disk', () => {
  it('lets a quick disk be waited for', () => {
    const pace = new DiskPace()
    for (let i = 0; i < 100; i++) pace.took(slowVisit / 10)
    expect(bySide(pace)).toBe(0)
  })

  it('forgives slow visits that quick ones make up for', () => {
    const pace = new DiskPace()
    for (let i = 0; i < 100; i++) {
      pace.took(slowVisit * 10)
      pace.took(slowVisit / 10)
    }
    expect(bySide(pace)).toBe(0)
  })

  it('passes a slow disk by for a while, then tries it again', () => {
    const pace = new DiskPace()
    for (let i = 1; i < slowVisits; i++) pace.took(slowVisit)
    expect(bySide(pace)).toBe(0)
    pace.took(slowVisit)
    expect(bySide(pace)).toBe(visitsBySide)
    pace.took(slowVisit)
    expect(bySide(pace)).toBe(0)
  })

  it('passes a disk by that hangs, or does not take it, at once', () => {
    const pace = new DiskPace()
    pace.took(hangingVisit)
    expect(bySide(pace)).toBe(visitsBySide)
    pace.failed()
    expect(bySide(pace)).toBe(visitsBySide)
  })
})
