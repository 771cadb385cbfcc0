import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { GUARDS } from './guards.ts'

const ROOT = join(import.meta.dirname, '../..')

describe('the guards that without-guards.ts takes away', () => {
  it('are all there still', () => {
    const moved = GUARDS.filter(({ file, find }) => !readFileSync(join(ROOT, file), 'utf8').includes(find))
    expect(moved.map(({ name, file }) => `${file}: ${name}`)).toEqual([])
  })

  it('have specs, change something, and have names of their own', () => {
    expect(GUARDS.length).toBeGreaterThan(90)
    expect(GUARDS.filter(({ spec }) => !existsSync(join(ROOT, spec)))).toEqual([])
    expect(GUARDS.filter(({ find, replace }) => find === replace)).toEqual([])
    const names = GUARDS.map(({ name, file }) => `${file}: ${name}`)
    expect(new Set(names).size).toBe(names.length)
  })
})
