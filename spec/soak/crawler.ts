import type { Client, Response, StreamResponse } from '../../lib/index.ts'
import type { Random } from '../../lib/testing/random.ts'
import { wrongIn, type Answer } from './check.ts'
import type { Errand, Errands } from './errands.ts'
import { WrongAnswer, type Ledger } from './ledger.ts'
import type { OpenTarget } from './targets.ts'

/** What every worker of the crawl has: what to do, where to write it down, and when to stop. */
export class Crawler {
  readonly errands: Errands
  readonly ledger: Ledger
  /** Many calls have this signal; it never aborts. */
  readonly shared: AbortSignal
  readonly #targets: ReadonlyMap<string, OpenTarget>
  #stopped = false

  constructor(targets: readonly OpenTarget[], errands: Errands, ledger: Ledger, shared: AbortSignal) {
    this.#targets = new Map(targets.map((target) => [target.origin, target]))
    this.errands = errands
    this.ledger = ledger
    this.shared = shared
  }

  get random(): Random {
    return this.errands.random
  }

  get stopped(): boolean {
    return this.#stopped
  }

  /** No more calls are begun. */
  stop(): void {
    this.#stopped = true
  }

  /** Throws WrongAnswer. */
  check(errand: Errand, answer: Answer, body: Uint8Array): void {
    const wrong = wrongIn(errand, answer, body, this.#targets)
    if (wrong !== null) throw new WrongAnswer(wrong)
    this.ledger.bytes += body.length
  }

  /** Writes down how this response came about. */
  look(response: Response | StreamResponse): void {
    const { ledger } = this
    if (response.reused) ledger.see('reused connections')
    if (response.attempt > 1) ledger.see('resent exchanges')
    if (response.retries > 0) ledger.see('retries', response.retries)
    if (response.redirects.length > 0) ledger.see('redirects', response.redirects.length)
    if (response.cache === 'hit') ledger.see('cache hits')
    if (response.cache === 'revalidated') ledger.see('revalidations')
    if (response.url.startsWith('https:')) ledger.see('TLS')
  }

  checkWhole(errand: Errand, response: Response): void {
    this.look(response)
    this.check(errand, response, response.bytes())
  }

  /** Begins one call after the other, until it is stopped. */
  async each(work: () => Promise<void>): Promise<void> {
    while (!this.#stopped) await work()
  }

  /** As a crawler does it: over links without an end; and now and then it leaves, with much under way. */
  async map(client: Client, concurrency: number): Promise<void> {
    await this.each(async () => {
      const begun = new Set<Errand>()
      let left = this.random.int(500, 3_000)
      const fn = (response: Response, errand: Errand): void => this.checkWhole(errand, response)
      for await (const result of client.map(this.#links(begun), fn, { concurrency, toRequest })) {
        begun.delete(result.item)
        this.ledger.end(result.item, result.ok ? null : result.error)
        if (--left === 0) break
      }
      for (const errand of begun) this.ledger.leave(errand)
      this.ledger.see('maps')
    })
  }

  *#links(begun: Set<Errand>): Generator<Errand, void> {
    for (const errand of this.errands.gets()) {
      if (this.#stopped) return
      begun.add(errand)
      this.ledger.begin('map', errand)
      yield errand
    }
  }
}

function toRequest({ url, options }: Errand): { url: string } {
  return { ...options, url }
}
