/**
 * A signal for each item under way, used again for later ones: one with hundreds of listeners looks through them all
 * whenever one comes or goes.
 */
export class ItemSignals {
  readonly #all: AbortController[] = []
  readonly #free: AbortController[] = []
  #aborted: { readonly reason: unknown } | null = null

  get isAborted(): boolean {
    return this.#aborted !== null
  }

  take(): AbortController {
    const free = this.#free.pop()
    if (free !== undefined) return free
    const made = new AbortController()
    if (this.#aborted !== null) made.abort(this.#aborted.reason)
    this.#all.push(made)
    return made
  }

  give(controller: AbortController): void {
    this.#free.push(controller)
  }

  /** Those that nobody has now, too: whatever begins yet is to end. */
  abort(reason: unknown): void {
    if (this.#aborted !== null) return
    this.#aborted = { reason }
    for (const controller of this.#all) controller.abort(reason)
  }
}
