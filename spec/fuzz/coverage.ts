import { Session, type Profiler } from 'node:inspector'
import { fileURLToPath } from 'node:url'

/** What V8's block coverage knows of the files that are fuzzed. */
export class BlockCoverage {
  readonly #session = new Session()
  readonly #isWatched: (path: string) => boolean
  /** By file and function, the blocks that were ever told apart, each by its place. */
  readonly #known = new Map<string, Map<string, Profiler.CoverageRange>>()
  readonly #entered = new Set<string>()

  /** `isWatched` is asked with a path whose separators are slashes. */
  constructor(isWatched: (path: string) => boolean) {
    this.#isWatched = isWatched
    this.#session.connect()
    this.#post('Profiler.enable')
    this.#session.post('Profiler.startPreciseCoverage', { callCount: true, detailed: true })
  }

  get blocks(): number {
    return [...this.#known.values()].reduce((sum, blocks) => sum + blocks.size, 0)
  }

  get entered(): number {
    return this.#entered.size
  }

  /** Blocks that were entered since it was last asked, whether before that or not. */
  take(): ReadonlySet<string> {
    const entered = new Set<string>()
    this.#session.post('Profiler.takePreciseCoverage', (error, { result }) => {
      if (error !== null) throw error
      for (const script of result) this.#read(script, entered)
    })
    for (const block of entered) this.#entered.add(block)
    return entered
  }

  /** The blocks that were never entered: file, function, and place in the file. */
  missed(): string[] {
    const blocks = [...this.#known].flatMap(([name, ranges]) =>
      [...ranges.keys()].map((place) => `${name} ${place}`),
    )
    return blocks.filter((block) => !this.#entered.has(block))
  }

  stop(): void {
    this.#post('Profiler.stopPreciseCoverage')
    this.#session.disconnect()
  }

  #read({ url, functions }: Profiler.ScriptCoverage, entered: Set<string>): void {
    if (!url.startsWith('file:')) return
    const path = fileURLToPath(url).replaceAll('\\', '/')
    if (!this.#isWatched(path)) return
    const file = path.slice(path.lastIndexOf('/lib/') + 1)
    for (const { functionName, ranges } of functions) {
      const name = `${file} ${functionName || '(top)'} ${ranges[0]!.startOffset}`
      const blocks = this.#known.get(name) ?? new Map<string, Profiler.CoverageRange>()
      this.#known.set(name, blocks)
      for (const range of ranges) blocks.set(`${range.startOffset}-${range.endOffset}`, range)
      // V8 leaves out a block that was entered as often as the one around it.
      for (const [place, block] of blocks)
        if (innermost(ranges, block).count > 0) entered.add(`${name} ${place}`)
    }
  }

  #post(method: string): void {
    this.#session.post(method)
  }
}

/** The smallest of `ranges`, the first of which is the whole function, that holds all of `block`. */
function innermost(
  ranges: readonly Profiler.CoverageRange[],
  block: Profiler.CoverageRange,
): Profiler.CoverageRange {
  let best = ranges[0]!
  for (const range of ranges) {
    const holds = range.startOffset <= block.startOffset && range.endOffset >= block.endOffset
    if (holds && range.endOffset - range.startOffset <= best.endOffset - best.startOffset) best = range
  }
  return best
}
