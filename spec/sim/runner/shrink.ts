import { DEEDS, VARIETIES } from '../mood.ts'
import { CALL_PARTS, WHOLE, type Narrowing } from '../narrowing.ts'
import { STAGE_NAMES } from '../stages.ts'
import { PLAIN_OPTIONS } from '../world.ts'

/** Worlds lived through to make one smaller, and ms of real time for it. */
const MAX_TRIES = 600
const MAX_TIME = 90_000

export interface Shrunk {
  readonly narrowing: Narrowing
  /** What is wrong in what is left. */
  readonly wrong: readonly string[]
  readonly tries: number
}

/** The sort of a complaint: the same words about other calls, hosts and times are the same sort. */
export function sortOf(text: string): string {
  return text
    .replace(/https?:\/\/\S+/g, 'URL')
    .replace(/[\w.-]+\.test(:\d+)?/g, 'HOST')
    .replace(/"(?:[^"\\]|\\.)*"/g, 'TEXT')
    .replace(/\d+(\.\d+)?/g, 'N')
    .replace(/\b(GET|HEAD|POST|PUT|PATCH|DELETE)\b/g, 'METHOD')
}

/** Lives through what is left of a world: what was wrong, and the ids of the calls that were made. */
export type Live = (narrowing: Narrowing) => Promise<{ wrong: readonly string[]; calls: readonly number[] }>

/** Leaves out of a failing world all that it can, as long as it fails in the same way. */
export async function shrink(live: Live, wrong: readonly string[]): Promise<Shrunk> {
  const shrinker = new Shrinker(live, wrong)
  return shrinker.run()
}

class Shrinker {
  readonly #live: Live
  readonly #sorts: ReadonlySet<string>
  readonly #until = performance.now() + MAX_TIME
  #best: Narrowing = WHOLE
  #wrong: readonly string[]
  #tries = 0

  constructor(live: Live, wrong: readonly string[]) {
    this.#live = live
    this.#wrong = wrong
    this.#sorts = new Set(wrong.map(sortOf))
  }

  async run(): Promise<Shrunk> {
    await this.#leaveOutParts()
    await this.#leaveOutCalls()
    await this.#leaveOutParts()
    await this.#leaveOutCalls()
    return { narrowing: this.#best, wrong: this.#wrong, tries: this.#tries }
  }

  async #leaveOutParts(): Promise<void> {
    const groups = partGroups()
    for (const group of groups) if (!(await this.#leaveOut(group))) await this.#oneByOne(group)
  }

  async #oneByOne(group: readonly string[]): Promise<void> {
    for (const name of group) if (!this.#best.without.includes(name)) await this.#leaveOut([name])
  }

  #leaveOut(names: readonly string[]): Promise<boolean> {
    const without = [...new Set([...this.#best.without, ...names])]
    return this.#try({ ...this.#best, without })
  }

  /** Halves, then quarters, down to one by one. */
  async #leaveOutCalls(): Promise<void> {
    let calls = this.#best.calls ?? (await this.#live(this.#best)).calls
    for (let size = Math.ceil(calls.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let at = 0; at < calls.length;) {
        const left = [...calls.slice(0, at), ...calls.slice(at + size)]
        if (await this.#try({ ...this.#best, calls: left })) calls = left
        else at += size
      }
    }
  }

  async #try(narrowing: Narrowing): Promise<boolean> {
    if (this.#tries >= MAX_TRIES || performance.now() > this.#until) return false
    this.#tries++
    const { wrong } = await this.#live(narrowing)
    if (!wrong.some((text) => this.#sorts.has(sortOf(text)))) return false
    this.#best = narrowing
    this.#wrong = wrong
    return true
  }
}

/** What is tried to be left out together, and then by itself. */
function partGroups(): string[][] {
  return [
    [...STAGE_NAMES, 'caps'].map((name) => `stage:${name}`),
    VARIETIES.map((name) => `deed:${name}`),
    DEEDS.map((name) => `deed:${name}`),
    CALL_PARTS.map((name) => `call:${name}`),
    Object.keys(PLAIN_OPTIONS).map((name) => `option:${name}`),
    ['network:split', 'network:latency'],
  ]
}
