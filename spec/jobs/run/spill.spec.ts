import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { FileError } from '../../../lib/jobs/file-error.ts'
import { Spill } from '../../../lib/jobs/run/spill.ts'

let folder = ''
let path = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trawl-spill-'))
  path = join(folder, 'waiting-1')
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function rest(spill: Spill, most: number): string[] {
  const lines: string[] = []
  for (let some = spill.take(most); some.length > 0; some = spill.take(most)) lines.push(...some)
  return lines
}

const text = fc.string({ unit: 'grapheme', maxLength: 40 }).map((raw) => raw.replaceAll('\n', ' '))

describe('the end of a long line on the disk', () => {
  it('comes back as it was, in order, however it is cut into pieces', () => {
    const lines = ['', 'é', 'a'.repeat(70_000), '日本語'.repeat(30_000), '', '🐟', 'z']
    for (let most = 1; most <= 40; most += 3) {
      const spill = new Spill(path, 50)
      for (const line of lines) spill.push(line)
      spill.flush()
      expect(rest(spill, most)).toEqual(lines)
      expect([spill.size, existsSync(path)]).toEqual([0, false])
    }
  })

  it('is a queue, whether lines are in the file, in memory or half read', () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 4, arbitrary: text },
        { weight: 2, arbitrary: fc.integer({ min: 1, max: 200 }) },
        { weight: 1, arbitrary: fc.constant(null) },
      ),
      { maxLength: 120, size: 'max' },
    )
    fc.assert(
      fc.property(steps, (script) => {
        const spill = new Spill(path, 100)
        const model: string[] = []
        const given: string[] = []
        const expected: string[] = []
        let takenNone = false
        let unwritten = 0
        for (const step of script) {
          if (step === null) {
            spill.flush()
            unwritten = 0
          } else if (typeof step === 'string') {
            unwritten += spill.push(step)
            model.push(step)
          } else {
            const before = model.length
            const taken = spill.take(step)
            given.push(...taken)
            expected.push(...model.splice(0, taken.length))
            unwritten = spill.unwritten
            // Something, where there is something.
            takenNone ||= taken.length === 0 && before > 0
          }
          expect([spill.size, spill.unwritten]).toEqual([model.length, unwritten])
        }
        expect(given).toEqual(expected)
        expect(takenNone).toBe(false)
        expect(rest(spill, 1_000)).toEqual(model)
        expect(spill.unwritten).toBe(0)
        expect(existsSync(path)).toBe(false)
      }),
      { numRuns: 100 },
    )
  })

  it('gives about as much as was asked for', () => {
    const spill = new Spill(path, 10)
    for (let n = 0; n < 100; n++) spill.push('123456789')
    expect(spill.take(1)).toHaveLength(1)
    expect(spill.take(50).length).toBeLessThanOrEqual(6)
    const inMemory = new Spill(path, 10_000)
    for (let n = 0; n < 100; n++) inMemory.push('123456789')
    expect(inMemory.take(1)).toHaveLength(1)
    expect(inMemory.take(50)).toHaveLength(5)
    expect([inMemory.size, inMemory.unwritten]).toEqual([94, 940])
  })

  it('is readable by its owner only', () => {
    const spill = new Spill(path, 1)
    spill.push('http://joe:secret@a.test/')
    expect(readFileSync(path, 'utf8')).toBe('http://joe:secret@a.test/\n')
    spill.close()
    expect(existsSync(path)).toBe(false)
  })

  it('tells where the disk refuses', () => {
    const spill = new Spill(join(folder, 'missing', 'x'), 10)
    spill.push('short')
    expect(() => spill.push('this one fills the piece')).toThrow(FileError)
    expect(() => spill.flush()).toThrow(/^cannot write .*missing/u)
    spill.close()
  })

  it.runIf(existsSync('/dev/full'))('tells that the disk is full, and leaves nothing', () => {
    symlinkSync('/dev/full', path)
    const spill = new Spill(path, 100)
    spill.push('one')
    expect(() => spill.flush()).toThrow(/^cannot write .*the disk is full/u)
    spill.close()
    expect(readdirSync(folder)).toEqual([])
  })

  it('tells that its file was cut, or is gone', () => {
    const cut = new Spill(path, 1)
    for (const line of ['one', 'two', 'three']) cut.push(line)
    truncateSync(path, 5)
    expect(() => cut.take(1_000)).toThrow(/^cannot read .*shorter than what was written/u)
    rmSync(path)
    expect(() => cut.take(1_000)).toThrow(FileError)
    writeFileSync(path, '')
    cut.close()
    expect(existsSync(path)).toBe(false)
  })
})
