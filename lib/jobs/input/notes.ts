import { LIMITS } from '../../core/limits.ts'

/** Tells of things that are worth a line each, but only once, whatever the length of the input. */
export class Notes {
  readonly #tell: (text: string) => void
  readonly #told = new Set<string>()

  constructor(tell: (text: string) => void) {
    this.#tell = tell
  }

  /** `what` is what must not be told of twice. */
  once(what: string, text: string): void {
    if (this.#told.has(what) || this.#told.size >= LIMITS.maxInputNotes) return
    this.#told.add(what)
    this.#tell(text)
  }
}
