import type { DialOptions } from '../net/network.ts'
import type { SchedulerContext } from './context.ts'
import { DownloadRate } from './download-rate.ts'
import type { TargetRecord } from './target-record.ts'

/** Which rates hold for which target. They outlive its pool, or each connection would begin with a burst of its own. */
export class DownloadRates {
  readonly #total: DownloadRate | null
  readonly #context: SchedulerContext

  /** `total`: bytes a second over all targets; Infinity: no limit. */
  constructor(total: number, context: SchedulerContext) {
    this.#context = context
    this.#total = total === Infinity ? null : new DownloadRate(total, context)
  }

  /** Gives a target its rates: its own first, then that of all. `rate`: its own, bytes a second. */
  open(record: TargetRecord, rate: number): void {
    if (record.downloads !== null || (rate === Infinity && this.#total === null)) return
    const rates = rate === Infinity ? [] : [new DownloadRate(rate, this.#context)]
    record.downloads = this.#total === null ? rates : [...rates, this.#total]
  }

  /** As the target's connections are to be dialled. */
  apply(dial: DialOptions, { downloads }: TargetRecord): DialOptions {
    if (downloads === null) return dial
    return { ...dial, readSize: Math.min(...downloads.map(({ readSize }) => readSize)) }
  }
}
