import { Deque } from '../../core/deque.ts'
import { LIMITS } from '../../core/limits.ts'
import { HostLine } from './host-line.ts'
import { Origin } from './origin.ts'
import { Spill } from './spill.ts'
import type { Task } from './task.ts'

/** Lines of one priority that have something to start, and room for it, in the order of their turns. */
class Level {
  readonly priority: number
  /** Those of origins that have nothing under way. They go first. */
  readonly starved = new Deque<HostLine>()
  readonly fed = new Deque<HostLine>()

  constructor(priority: number) {
    this.priority = priority
  }

  get isEmpty(): boolean {
    return this.starved.size + this.fed.size === 0
  }

  /** Whose turn it is. `last`: the origin that has just got something done. */
  next(last: Origin | null, perTurn: number): HostLine | null {
    const own = last?.lines.find((line) => line.deque === this.starved || line.deque === this.fed)
    if (own !== undefined) {
      const others = this.starved.size - (own.deque === this.starved ? 1 : 0)
      if (others === 0 || last!.inRow < perTurn) return own
    }
    return this.starved.first ?? this.fed.first
  }
}

/** `LIMITS`, and less in specs. */
export type LineLimits = Readonly<
  Record<
    'itemsPerTurn' | 'jobWindow' | 'maxJobHosts' | 'maxSpill' | 'spillPiece' | 'spillSip' | 'spillBuffer',
    number
  >
>

/** How lines are kept where memory has no room for them. */
export interface Spilling {
  /** A path for a new file. */
  path(): string
  toText(task: Task): string
  fromText(text: string, origin: Origin): Task
}

/**
 * What waits to be started, in a line for each origin and priority, higher priorities first. Origins take turns: those
 * that have nothing under way go first, and one that has just got something done goes on for some items, as it has a
 * connection that would have to be closed for another. One that has all under way that it may have is passed over. So no host's run of
 * URLs keeps the others waiting, however long it is: what memory has no room for goes to the disk.
 */
export class HostLines {
  /** All that wait, on the disk too. */
  size = 0
  readonly #placesOf: (host: string) => number
  readonly #spilling: Spilling
  readonly #limits: LineLimits
  readonly #origins = new Map<string, Origin>()
  /** Highest priority first; nearly always one. */
  readonly #levels: Level[] = []
  #inMemory = 0
  #lineCount = 0
  readonly #spills = new Set<Spill>()
  /** Bytes in all spills that wait to be written. */
  #unwritten = 0
  /** Bytes in all spills. */
  #spilled = 0
  /** Under way, by the places they hold. */
  #inside = 0
  /** Has given a place up since something was started: it has a connection that is open, and idle now. */
  #last: Origin | null = null
  /** Those of them whose origin is paused. */
  #insidePaused = 0

  /** `placesOf`: items of a host that may be under way at once. */
  constructor(placesOf: (host: string) => number, spilling: Spilling, limits: LineLimits = LIMITS) {
    this.#placesOf = placesOf
    this.#spilling = spilling
    this.#limits = limits
  }

  /** Tasks that hold a place, but for those whose server lets nobody go on. */
  get active(): number {
    return this.#inside - this.#insidePaused
  }

  /** Whether some could start now. */
  get hasReady(): boolean {
    return this.#levels.some((level) => !level.isEmpty)
  }

  /** As many wait as may: no more are to be read. */
  get isFull(): boolean {
    return this.#lineCount >= this.#limits.maxJobHosts || this.#spilled >= this.#limits.maxSpill
  }

  /** Those that wait in memory. */
  get inMemory(): number {
    return this.#inMemory
  }

  /** The origin of `url`, for its tasks; null: of those that are no URLs, which ask nobody. */
  originOf(url: URL | null): Origin {
    const name = url === null ? '' : url.origin
    let origin = this.#origins.get(name)
    if (origin === undefined) {
      origin =
        url === null ? new Origin('', '', Infinity) : new Origin(name, url.host, this.#placesOf(url.hostname))
      this.#origins.set(name, origin)
    }
    return origin
  }

  push(task: Task, origin: Origin): void {
    this.size++
    const line = this.#lineOf(origin, task.priority)
    if (line.spill !== null || (line.size > 0 && this.#inMemory >= this.#limits.jobWindow)) {
      line.spill ??= this.#newSpill()
      const text = this.#spilling.toText(task)
      this.#unwritten += line.spill.push(text)
      this.#spilled += text.length
      if (this.#unwritten > this.#limits.spillBuffer) this.#flushAll()
      return
    }
    line.push(task)
    this.#inMemory++
    this.#place(line)
  }

  /** The next to start, which takes its place; null: none can now. */
  take(): Task | null {
    const last = this.#last
    this.#last = null
    for (const level of this.#levels) {
      const line = level.next(last, this.#limits.itemsPerTurn)
      if (line === null) continue
      const { origin } = line
      if (last !== null && last !== origin) last.inRow = 0
      origin.inRow = last === origin ? origin.inRow + 1 : 0
      const task = line.shift()
      task.enter()
      origin.inside++
      this.#inside++
      this.#inMemory--
      this.size--
      // It goes behind the others, and out of those that have nothing under way.
      for (const each of origin.lines) this.#unplace(each)
      if (line.size === 0) this.#refill(line)
      for (const each of origin.lines) this.#place(each)
      return task
    }
    return null
  }

  /** The task is done, or waits for something else than its server: its place is free. */
  leave(task: Task): void {
    const { origin } = task
    if (!task.giveUpPlace()) return
    origin.inside--
    this.#inside--
    if (origin.paused) this.#insidePaused--
    for (const line of origin.lines) {
      if (origin.inside === 0) this.#unplace(line)
      this.#place(line)
    }
    this.#last = origin
    this.#forget(origin)
  }

  /** Nothing of this origin is started until it is told otherwise, also when it comes later. `name` as in `URL.origin`. */
  pause(name: string): void {
    const origin = this.originOf(new URL(name))
    if (origin.paused) return
    origin.paused = true
    this.#insidePaused += origin.inside
    for (const line of origin.lines) this.#unplace(line)
  }

  resume(name: string): void {
    const origin = this.#origins.get(name)
    if (origin === undefined || !origin.paused) return
    origin.paused = false
    this.#insidePaused -= origin.inside
    for (const line of origin.lines) this.#place(line)
    this.#forget(origin)
  }

  /** Takes the files away. */
  close(): void {
    for (const spill of this.#spills) spill.close()
    this.#spills.clear()
  }

  #lineOf(origin: Origin, priority: number): HostLine {
    let line = origin.lines.find((each) => each.priority === priority)
    if (line === undefined) {
      line = new HostLine(origin, priority)
      origin.lines.push(line)
      this.#lineCount++
    }
    return line
  }

  /** Stands it in its turn, where it has something to start and room for it. */
  #place(line: HostLine): void {
    if (line.deque !== null || line.size === 0 || !line.origin.hasRoom) return
    const level = this.#levelOf(line.priority)
    if (line.origin.inside === 0) level.starved.push(line)
    else level.fed.push(line)
  }

  #unplace(line: HostLine): void {
    if (line.deque === null) return
    const level = this.#levelOf(line.priority)
    if (!level.starved.remove(line)) level.fed.remove(line)
  }

  #levelOf(priority: number): Level {
    const at = this.#levels.findIndex((level) => level.priority <= priority)
    const found = this.#levels[at]
    if (found?.priority === priority) return found
    const made = new Level(priority)
    this.#levels.splice(at === -1 ? this.#levels.length : at, 0, made)
    return made
  }

  /** Its memory is empty: more from the disk, or it is none any more. */
  #refill(line: HostLine): void {
    const { spill, origin } = line
    if (spill === null) {
      origin.lines.splice(origin.lines.indexOf(line), 1)
      this.#lineCount--
      return
    }
    const { jobWindow, spillPiece, spillSip } = this.#limits
    const before = spill.unwritten
    for (const text of spill.take(this.#inMemory < jobWindow ? spillPiece : spillSip)) {
      this.#spilled -= text.length
      line.push(this.#spilling.fromText(text, origin))
      this.#inMemory++
    }
    this.#unwritten += spill.unwritten - before
    if (spill.size > 0) return
    line.spill = null
    this.#spills.delete(spill)
  }

  #newSpill(): Spill {
    const spill = new Spill(this.#spilling.path(), this.#limits.spillPiece)
    this.#spills.add(spill)
    return spill
  }

  #flushAll(): void {
    for (const spill of this.#spills) spill.flush()
    this.#unwritten = 0
  }

  #forget(origin: Origin): void {
    if (origin.isIdle) this.#origins.delete(origin.name)
  }
}
