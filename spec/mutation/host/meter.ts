/** Thrown into a mutant that does much more than the original, most likely for ever. */
export class Runaway extends Error {
  constructor() {
    super('a mutant does not come to an end')
  }
}

/**
 * The global of the mutated code: every place that could be changed asks it which mutant is active. So the number of
 * times it is asked says how much work was done, whatever else the machine does at the time.
 */
export class Meter {
  asked = 0
  limit = Infinity
  /** Its id; undefined: none, the code is as it was written. */
  active: string | undefined
  /** Whom the places that are passed are noted for. */
  currentTestId: string | undefined
  readonly mutantCoverage: {
    static: Record<string, number>
    perTest: Record<string, Record<string, number>>
  } = {
    static: {},
    perTest: {},
  }

  get activeMutant(): string | undefined {
    if (++this.asked > this.limit) throw new Runaway()
    return this.active
  }
}
