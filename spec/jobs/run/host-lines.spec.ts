import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { HostLines, type LineLimits } from '../../../lib/jobs/run/host-lines.ts'
import { Task } from '../../../lib/jobs/run/task.ts'

const KEY = { high: 0, low: 0 }
const PLACES = 2
const TINY: LineLimits = {
  itemsPerTurn: 2,
  jobWindow: 4,
  maxJobHosts: 100,
  maxSpill: 1_000_000,
  spillPiece: 150,
  spillSip: 10,
  spillBuffer: 300,
}

let folder = ''
/** Made so far, in all specs. */
let files = 0

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'trawl-lines-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

function makeLines(limits: LineLimits = TINY): HostLines {
  return new HostLines(
    () => PLACES,
    {
      path: () => join(folder, `waiting-${++files}`),
      toText: ({ entry }) => JSON.stringify(entry),
      fromText: (text, origin) => {
        const entry = JSON.parse(text) as Task['entry']
        return new Task(entry, KEY, origin)
      },
    },
    limits,
  )
}

const originName = (host: number): string => `http://h${host}.test`

let count = 0

/** Puts an item of that host in its line; returns its number. */
function push(lines: HostLines, host: number, priority = 0): number {
  const line = ++count
  const url = new URL(`${originName(host)}/${'é'.repeat(line % 30)}`)
  const item = priority === 0 ? null : { url: url.href, priority }
  const origin = lines.originOf(url)
  lines.push(new Task({ url: url.href, line, item, problem: '' }, KEY, origin), origin)
  return line
}

function takeAll(lines: HostLines): number[] {
  const taken: number[] = []
  for (let task = lines.take(); task !== null; task = lines.take()) taken.push(task.entry.line)
  return taken
}

interface ModelLine {
  readonly host: number
  readonly priority: number
  readonly waiting: number[]
}

/** The same with arrays, and what was taken since each line could be. */
class Model {
  readonly lines = new Map<string, ModelLine>()
  readonly inside = new Map<number, number>()
  readonly paused = new Set<number>()
  readonly underWay: { task: Task; host: number }[] = []
  /** Who has gone before a line, which has waited in the same row since. */
  readonly #passed = new Map<string, { isStarved: boolean; by: Set<string> }>()
  /** Items of a host that were taken in a row, each when the one before had left. */
  readonly #inRow = new Map<number, number>()
  /** Has left since something was taken. */
  #last = -1

  get size(): number {
    return [...this.lines.values()].reduce((sum, { waiting }) => sum + waiting.length, 0)
  }

  get active(): number {
    return [...this.inside].reduce((sum, [host, n]) => sum + (this.paused.has(host) ? 0 : n), 0)
  }

  get eligible(): string[] {
    const keys = [...this.lines.keys()]
    return keys.filter((key) => {
      const { host, waiting } = this.lines.get(key)!
      return waiting.length > 0 && !this.paused.has(host) && this.#insideOf(host) < PLACES
    })
  }

  push(host: number, priority: number, line: number): void {
    const key = `${host} ${priority}`
    const known = this.lines.get(key) ?? { host, priority, waiting: [] }
    known.waiting.push(line)
    this.lines.set(key, known)
  }

  leave(host: number): void {
    this.inside.set(host, this.#insideOf(host) - 1)
    this.#last = host
    const waits = [...this.lines.values()].some((line) => line.host === host && line.waiting.length > 0)
    if (!waits && this.#insideOf(host) === 0) this.#inRow.delete(host)
  }

  /** Takes it here, too; what was wrong about it, '' for nothing. */
  took(task: Task | null): string {
    const last = this.#last
    this.#last = -1
    if (task === null) return this.eligible.join(', ')
    const host = Number(/\d+/.exec(task.url!.hostname)![0])
    const key = `${host} ${task.priority}`
    const wrong = this.#place(key, task) || this.#turn(key, last)
    this.inside.set(host, this.#insideOf(host) + 1)
    this.underWay.push({ task, host })
    for (const { priority } of this.lines.values()) this.#passed.delete(`${host} ${priority}`)
    return wrong
  }

  /** Who cannot be taken now, or stands in the other row, has no claim to a turn. */
  forget(): void {
    const eligible = new Set(this.eligible)
    for (const [key, { isStarved }] of this.#passed) {
      if (!eligible.has(key) || isStarved !== this.#isStarved(key)) this.#passed.delete(key)
    }
  }

  #insideOf(host: number): number {
    return this.inside.get(host) ?? 0
  }

  #isStarved(key: string): boolean {
    return this.#insideOf(this.lines.get(key)!.host) === 0
  }

  #place(key: string, task: Task): string {
    const highest = Math.max(...this.eligible.map((each) => this.lines.get(each)!.priority))
    if (!this.eligible.includes(key)) return `${key} has no room`
    if (task.priority !== highest) return `${key} goes before ${highest}`
    return task.entry.line === this.lines.get(key)!.waiting.shift() ? '' : `${key} gives ${task.entry.line}`
  }

  /** It is called when the item is gone from its line, and not inside yet. */
  #turn(key: string, last: number): string {
    const { host, priority } = this.lines.get(key)!
    const others = this.eligible.filter((each) => {
      const line = this.lines.get(each)!
      return line.priority === priority && line.host !== host
    })
    const starved = others.filter((each) => this.#isStarved(each))
    const inRow = this.#inRow.get(host) ?? 0
    if (host === last) {
      this.#inRow.set(host, inRow + 1)
      // A host that had nothing for a moment is forgotten, and begins anew: the row may be one longer than it seems.
      return starved.length > 0 && inRow > TINY.itemsPerTurn + 1 ? `${key} goes on, before ${starved[0]}` : ''
    }
    this.#inRow.set(last, 0).set(host, 0)
    if (starved.length > 0 && !this.#isStarved(key)) return `${key} has some under way, ${starved[0]} has not`
    return this.#pass(key, this.#isStarved(key) ? starved : others)
  }

  /** Nobody has two turns while another one waits. */
  #pass(key: string, others: readonly string[]): string {
    let wrong = ''
    for (const other of others) {
      const isStarved = this.#isStarved(other)
      const { by } = this.#passed.get(other) ?? { by: new Set<string>() }
      if (by.has(key)) wrong = `${key} went before ${other} twice`
      this.#passed.set(other, { isStarved, by: by.add(key) })
    }
    return wrong
  }
}

type Step = readonly ['push' | 'take' | 'leave' | 'pause' | 'resume', number, number]

const steps = fc.array(
  fc.tuple(
    fc.oneof(
      { weight: 6, arbitrary: fc.constant('push' as const) },
      { weight: 4, arbitrary: fc.constant('take' as const) },
      { weight: 3, arbitrary: fc.constant('leave' as const) },
      { weight: 1, arbitrary: fc.constant('pause' as const) },
      { weight: 1, arbitrary: fc.constant('resume' as const) },
    ),
    fc.nat(5),
    fc.constantFrom(0, 0, 0, 5, -3),
  ),
  { minLength: 40, maxLength: 400, size: 'max' },
)

/** What went wrong, '' for nothing. */
function step(lines: HostLines, model: Model, [what, host, priority]: Step): string {
  let wrong = ''
  if (what === 'push') model.push(host, priority, push(lines, host, priority))
  else if (what === 'take') wrong = model.took(lines.take())
  else if (what === 'leave') leaveOne(lines, model, host)
  else if (what === 'pause') {
    lines.pause(originName(host))
    model.paused.add(host)
  } else {
    lines.resume(originName(host))
    model.paused.delete(host)
  }
  model.forget()
  return wrong
}

function leaveOne(lines: HostLines, model: Model, number: number): void {
  const [left] = model.underWay.splice(number, 1)
  if (left === undefined) return
  model.leave(left.host)
  lines.leave(left.task)
  // Who has given up its place has no other.
  lines.leave(left.task)
}

describe('the lines of hosts', () => {
  it('lose nothing, give nothing twice, and keep to order, places and turns, whatever happens', () => {
    let spilled = 0
    fc.assert(
      fc
        .property(steps, (script) => {
          const lines = makeLines()
          const model = new Model()
          for (const each of script) {
            expect(step(lines, model, each)).toBe('')
            expect([lines.size, lines.active]).toEqual([model.size, model.active])
            expect(lines.hasReady).toBe(model.eligible.length > 0)
            // The window, one piece beyond it, and what each line must have in memory.
            expect(lines.inMemory).toBeLessThanOrEqual(TINY.jobWindow + 4 + model.lines.size)
            spilled = Math.max(spilled, lines.size - lines.inMemory)
          }
          for (let host = 0; host <= 5; host++) step(lines, model, ['resume', host, 0])
          while (lines.size > 0 || model.underWay.length > 0) {
            expect(step(lines, model, ['take', 0, 0])).toBe('')
            step(lines, model, ['leave', 0, 0])
          }
          expect([model.size, lines.active, lines.inMemory]).toEqual([0, 0, 0])
          expect(readdirSync(folder)).toEqual([])
        })
        .beforeEach(() => {
          for (const name of readdirSync(folder)) rmSync(join(folder, name))
        }),
      { numRuns: 40 },
    )
    expect(spilled).toBeGreaterThan(30)
  })

  it('go to the disk beyond the window, but for the first of each host, and come back in order', () => {
    const lines = makeLines()
    const first = Array.from({ length: 100 }, () => push(lines, 1))
    expect(lines.inMemory).toBe(TINY.jobWindow)
    expect(readdirSync(folder)).toHaveLength(1)
    const other = push(lines, 2)
    expect(lines.inMemory).toBe(TINY.jobWindow + 1)
    const taken: number[] = []
    while (lines.size > 0) {
      const task = lines.take()!
      taken.push(task.entry.line)
      lines.leave(task)
    }
    expect(taken.filter((line) => line !== other)).toEqual(first)
    // The host that has a connection goes on for a while, and no longer.
    expect(taken.indexOf(other)).toBe(1 + TINY.itemsPerTurn)
    expect(readdirSync(folder)).toEqual([])
  })

  it('bring little back for each of many hosts where memory is full', () => {
    const lines = makeLines({ ...TINY, maxSpill: 1_000_000, spillPiece: 100_000, spillBuffer: 1_000 })
    const hosts = 50
    for (let host = 0; host < hosts; host++) for (let n = 0; n < 20; n++) push(lines, host)
    // Each line's first, which was in memory, and the next from the disk.
    for (let n = 0; n < hosts * PLACES; n++) expect(lines.take()).not.toBe(null)
    expect(lines.take()).toBe(null)
    expect(lines.size).toBe(hosts * 18)
    expect(lines.inMemory).toBeLessThanOrEqual(TINY.jobWindow + hosts + 20)
  })

  it('are full with so many hosts, or so many bytes on the disk, until there are fewer', () => {
    const hosts = makeLines({ ...TINY, maxJobHosts: 3 })
    for (let host = 0; host < 3; host++) {
      expect(hosts.isFull).toBe(false)
      push(hosts, host)
    }
    expect(hosts.isFull).toBe(true)
    hosts.take()
    expect(hosts.isFull).toBe(false)
    const bytes = makeLines({ ...TINY, maxSpill: 1_000 })
    while (!bytes.isFull) push(bytes, 1)
    expect(bytes.size).toBeGreaterThan(8)
    while (bytes.isFull) bytes.leave(bytes.take()!)
    expect(bytes.size).toBeGreaterThan(0)
    bytes.close()
    expect(readdirSync(folder)).toEqual([])
  })

  it('give higher priorities first, within the places of each host', () => {
    const lines = makeLines()
    const low = push(lines, 1, -5)
    const middle = push(lines, 1)
    const high = [push(lines, 1, 9), push(lines, 2, 9)]
    expect(takeAll(lines)).toEqual([...high, middle])
    expect(lines.size).toBe(1)
    const again = makeLines()
    const other = [push(again, 1, -5), push(again, 2, -5)]
    expect(takeAll(again)).toEqual(other)
    expect(other[0]).toBeGreaterThan(low)
  })

  it('do not start anything of an origin that was paused before it came', () => {
    const lines = makeLines()
    lines.pause(originName(1))
    const late = push(lines, 1)
    const free = push(lines, 2)
    expect(takeAll(lines)).toEqual([free])
    expect(lines.active).toBe(1)
    lines.resume(originName(1))
    expect(takeAll(lines)).toEqual([late])
  })

  it('count those whose server has paused as not active, and the rest of them again after it', () => {
    const lines = makeLines()
    push(lines, 1)
    push(lines, 1)
    const [first] = [lines.take()!, lines.take()!]
    lines.pause(originName(1))
    lines.pause(originName(1))
    expect(lines.active).toBe(0)
    lines.leave(first)
    expect(lines.active).toBe(0)
    lines.resume(originName(1))
    lines.resume(originName(1))
    expect(lines.active).toBe(1)
  })

  it('take their files away when they are given up in the middle', () => {
    const lines = makeLines()
    for (let n = 0; n < 200; n++) push(lines, n % 4)
    expect(readdirSync(folder).length).toBeGreaterThan(1)
    lines.close()
    expect(readdirSync(folder)).toEqual([])
  })
})
