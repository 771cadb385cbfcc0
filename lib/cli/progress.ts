import { CLI_LIMITS } from './limits.ts'
import type { LiveView, ProgressStream } from './live-view.ts'
import type { ProgressCounts, ProgressState } from './progress-counts.ts'
import { noteJson, progressJson } from './progress-json.ts'
import { plainLine } from './progress-line.ts'
import { RateMeter } from './rate-meter.ts'

// What its constructor is given.
export type { ProgressStream } from './live-view.ts'
export type { ProgressCounts } from './progress-counts.ts'

export type ProgressMode = 'bar' | 'plain' | 'json' | 'none'

type Draw = (state: ProgressState) => void

/**
 * Shows how far a run is: a live view on a terminal, a line now and then elsewhere, or JSON for programs. Its
 * timer also keeps the process alive while every call waits, since the client's own timers do not.
 */
export class Progress {
  readonly #stream: ProgressStream
  readonly #mode: ProgressMode
  readonly #read: () => ProgressCounts
  readonly #rates = new RateMeter()
  readonly #started: number = performance.now()
  #view: LiveView | null = null
  #draw: Draw | null = null
  #last: ProgressState | null = null
  #timer: NodeJS.Timeout | null = null
  /** The terminal has another size: what is shown is laid out anew, with nothing read. */
  readonly #onResize = (): void => {
    if (this.#last !== null) this.#draw?.(this.#last)
  }

  constructor(stream: ProgressStream, mode: ProgressMode, read: () => ProgressCounts) {
    this.#stream = stream
    this.#mode = mode
    this.#read = read
  }

  async start(): Promise<void> {
    if (this.#mode === 'bar') await this.#openView()
    this.state()
    this.#schedule(this.#mode === 'plain' ? CLI_LIMITS.firstPlainLine : this.#interval)
  }

  /** Prints a line that stays, above the live view if there is one. */
  note(text: string): void {
    if (this.#mode === 'json') this.#stream.write(`${noteJson(text)}\n`)
    else this.print(text)
  }

  /** The same for a text that has the form for its mode already: several lines, or JSON. */
  print(text: string): void {
    if (this.#view === null) this.#stream.write(`${text}\n`)
    else this.#view.print(text)
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
    this.#stream.off('resize', this.#onResize)
    this.#view?.clear()
    this.#view = null
    this.#draw = null
  }

  /** Where the run stands now. */
  state(): ProgressState {
    const counts = this.#read()
    const now = performance.now()
    this.#rates.sample(now, counts.done, counts.bytes)
    this.#last = {
      ...counts,
      elapsedMs: now - this.#started,
      donePerSecond: this.#rates.donePerSecond,
      bytesPerSecond: this.#rates.bytesPerSecond,
    }
    return this.#last
  }

  /** Loaded only when used: only then is there a terminal. */
  async #openView(): Promise<void> {
    const [{ LiveView: View, sizeOf }, { viewLines }] = await Promise.all([
      import('./live-view.ts'),
      import('./progress-view.ts'),
    ])
    const view = new View(this.#stream)
    this.#view = view
    this.#draw = (state): void => {
      const { columns, rows } = sizeOf(this.#stream)
      view.draw(viewLines(state, columns, rows))
    }
    this.#stream.on('resize', this.#onResize)
  }

  get #interval(): number {
    if (this.#mode === 'bar') return CLI_LIMITS.liveInterval
    return this.#mode === 'json' ? CLI_LIMITS.jsonInterval : CLI_LIMITS.plainInterval
  }

  #schedule(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#show()
      this.#schedule(this.#interval)
    }, ms)
  }

  #show(): void {
    // Whoever reads is behind: this state is left out, the next one is newer.
    if (this.#mode === 'none' || this.#stream.writableNeedDrain) return
    const state = this.state()
    if (this.#mode === 'bar') this.#draw?.(state)
    else this.#stream.write(`${this.#mode === 'json' ? progressJson(state) : plainLine(state)}\n`)
  }
}
