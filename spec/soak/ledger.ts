import { FileError, RequestError } from '../../lib/index.ts'
import type { Errand } from './errands.ts'
import { add, noFaults } from './register.ts'
import type { Fault } from './sample.ts'

/** What a call that we end ourselves is ended with. */
export class GaveUp extends Error {
  override readonly name = 'GaveUp'
}

/** The answer is not the one that was asked for. */
export class WrongAnswer extends Error {
  override readonly name = 'WrongAnswer'
}

type Work = () => Promise<void>

/** Every call from its beginning until it settles, and what came of it. */
export class Ledger {
  readonly calls: Record<string, number> = {}
  readonly ends: Record<string, number> = {}
  readonly seen: Record<string, number> = {}
  readonly faults = { wrong: noFaults(), foreign: noFaults(), innocent: noFaults(), loose: noFaults() }
  begun = 0
  bytes = 0
  readonly #underWay = new Map<Errand, number>()

  get underWay(): number {
    return this.#underWay.size
  }

  /** ms that the oldest call under way has taken so far. */
  get oldest(): number {
    const { value } = this.#underWay.values().next()
    return value === undefined ? 0 : performance.now() - value
  }

  /** A call is made, and settles. `mayEnd`: codes that it may end with even where nobody did anything wrong. */
  async run(kind: string, errand: Errand, work: Work, mayEnd: readonly string[] = []): Promise<void> {
    this.begin(kind, errand)
    try {
      await work()
      this.end(errand, null, mayEnd)
    } catch (error) {
      this.end(errand, error, mayEnd)
    }
  }

  begin(kind: string, errand: Errand): void {
    this.begun++
    this.calls[kind] = (this.calls[kind] ?? 0) + 1
    this.#underWay.set(errand, performance.now())
  }

  end(errand: Errand, error: unknown, mayEnd: readonly string[] = []): void {
    if (!this.#underWay.delete(errand)) this.fault('foreign', `${errand.url} settled twice`)
    const code = error === null ? 'ok' : this.#codeOf(error, errand)
    this.ends[code] = (this.ends[code] ?? 0) + 1
    if (error === null || !errand.innocent || mayEnd.includes(code)) return
    this.fault('innocent', `${errand.url}: ${error instanceof Error ? error.message : code}`)
  }

  /** It was under way when the map was left: that is its end. */
  leave(errand: Errand): void {
    this.end(errand, new GaveUp('left'), ['given up'])
  }

  see(what: string, times = 1): void {
    this.seen[what] = (this.seen[what] ?? 0) + times
  }

  fault(kind: Fault, text: string): void {
    add(this.faults[kind], text)
  }

  #codeOf(error: unknown, errand: Errand): string {
    if (error instanceof RequestError) {
      if (error.url === '' || error.message.endsWith(': socket hang up')) this.fault('foreign', String(error))
      return error.code
    }
    if (error instanceof FileError) return error.code
    if (error instanceof GaveUp) return 'given up'
    if (error instanceof WrongAnswer) {
      this.fault('wrong', `${errand.options.method ?? 'GET'} ${errand.url}: ${error.message}`)
      return 'wrong answer'
    }
    // As fetch has it.
    if (error instanceof TypeError && error.cause instanceof RequestError) return error.cause.code
    this.fault('foreign', `${errand.url}: ${error instanceof Error ? error.stack : String(error)}`)
    return 'outside the taxonomy'
  }
}
