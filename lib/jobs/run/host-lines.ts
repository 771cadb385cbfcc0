import { Deque } from '../../core/deque.ts'
import { LIMITS } from '../../core/limits.ts'
import { HostLine } from './host-line.ts'
import { Origin } from './origin.ts'
import { Spill } from './spill.ts'
import type { Task } from './task.ts'

/** Lines of one priority that have something to start, and room for it, in the order of their turns. */
class Level {
  readonly priority: number
  readonly ready = new Deque<HostLine>()

  constructor(priority: number) {
    this.priority = priority
  }
}

/** How lines are kept where memory has no room for them. */
export interface Spilling {
  /** A path for a new file. */
  path(): string
  toText(task: Task): string
  fromText(text: string, origin: Origin): Task
}

/**
 * What waits to be started, in a line for each origin and priority. Origins take turns, higher priorities
 * first; an origin that has all the items under way that it may have is passed over. So no host's run of
 * URLs keeps the others waiting, however long it is: what memory has no room for goes to the disk.
 */
export class HostLines {
  /** All that wait, on the disk too. */
  size = 0
  readonly #placesOf: (host: string) => number
  readonly #spilling: Spilling
  readonly #origins = new Map<string, Origin>()
  readonly #paused = new Set<Origin>()
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

  /** `placesOf`: items of a host that may be under way at once. */
  constructor(placesOf: (host: string) => number, spilling: Spilling) {
    this.#placesOf = placesOf
    this.#spilling = spilling
  }

  /** Tasks that hold a place, but for those whose server lets nobody go on. */
  get active(): number {
    let waiting = 0
    for (const origin of this.#paused) waiting += origin.inside
    return this.#inside - waiting
  }

  /** Whether some could start now. */
  get hasReady(): boolean {
    return this.#levels.some(({ ready }) => ready.size > 0)
  }

  /** As many wait as may: no more are to be read. */
  get isFull(): boolean {
    return this.#lineCount >= LIMITS.maxJobHosts || this.#spilled >= LIMITS.maxSpill
  }

  /** Those that wait in memory. */
  get inMemory(): number {
    return this.#inMemory
  }

  /** The origin of `url`, for its tasks. */
  originOf(url: URL): Origin {
    const { origin: name } = url
    let origin = this.#origins.get(name)
    if (origin === undefined) {
      origin = new Origin(name, url.host, this.#placesOf(url.hostname))
      this.#origins.set(name, origin)
    }
    return origin
  }

  push(task: Task, origin: Origin): void {
    this.size++
    const line = this.#lineOf(origin, task.priority)
    if (line.spill !== null || (line.size > 0 && this.#inMemory >= LIMITS.jobWindow)) {
      line.spill ??= this.#newSpill()
      const text = this.#spilling.toText(task)
      this.#unwritten += line.spill.push(text)
      this.#spilled += text.length
      if (this.#unwritten > LIMITS.spillBuffer) this.#flushAll()
      return
    }
    line.push(task)
    this.#inMemory++
    this.#place(line)
  }

  /** The next to start, which takes its place; null: none can now. */
  take(): Task | null {
    for (const { ready } of this.#levels) {
      const line = ready.shift()
      if (line === null) continue
      const { origin } = line
      const task = line.shift()
      task.enter()
      origin.inside++
      this.#inside++
      this.#inMemory--
      this.size--
      if (line.size === 0) this.#refill(line)
      if (origin.hasRoom) this.#place(line)
      else for (const each of origin.lines) this.#unplace(each)
      return task
    }
    return null
  }

  /** The task is done, or waits for something else than its server: its place is free. */
  leave(task: Task): void {
    const { origin } = task
    if (origin === null || !task.giveUpPlace()) return
    origin.inside--
    this.#inside--
    for (const line of origin.lines) this.#place(line)
    this.#forget(origin)
  }

  /** Nothing of this origin is started until it is told otherwise. `name` as in `URL.origin`. */
  pause(name: string): void {
    const origin = this.#origins.get(name)
    if (origin === undefined || origin.paused) return
    origin.paused = true
    this.#paused.add(origin)
    for (const line of origin.lines) this.#unplace(line)
  }

  resume(name: string): void {
    const origin = this.#origins.get(name)
    if (origin === undefined || !origin.paused) return
    origin.paused = false
    this.#paused.delete(origin)
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
    this.#levelOf(line.priority).ready.push(line)
  }

  #unplace(line: HostLine): void {
    if (line.deque !== null) this.#levelOf(line.priority).ready.remove(line)
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
    const before = spill.unwritten
    for (const text of spill.take()) {
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
    const spill = new Spill(this.#spilling.path())
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
