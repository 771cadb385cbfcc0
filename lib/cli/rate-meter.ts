import { CLI_LIMITS } from './limits.ts'

interface Sample {
  readonly at: number
  readonly done: number
  readonly bytes: number
}

/** Requests and bytes per second over the last few seconds, from samples taken now and then. */
export class RateMeter {
  #samples: Sample[] = []

  /** Takes a sample; `at` in ms. A window's worth of samples is kept, and at least two. */
  sample(at: number, done: number, bytes: number): void {
    this.#samples.push({ at, done, bytes })
    while (this.#samples.length > 2 && this.#samples[1]!.at < at - CLI_LIMITS.rateWindow)
      this.#samples.shift()
  }

  get donePerSecond(): number {
    return this.#perSecond((sample) => sample.done)
  }

  get bytesPerSecond(): number {
    return this.#perSecond((sample) => sample.bytes)
  }

  #perSecond(of: (sample: Sample) => number): number {
    const first = this.#samples[0]
    const last = this.#samples.at(-1)
    if (first === undefined || last === undefined || last.at <= first.at) return 0
    return ((of(last) - of(first)) * 1000) / (last.at - first.at)
  }
}
