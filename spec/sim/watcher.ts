import { subscribe, unsubscribe } from 'node:diagnostics_channel'

interface Message {
  readonly call?: object
  readonly exchange?: object
  readonly connection?: number
}

/** Which event begins what, which ends it, and by what the two are known to belong together. */
const PAIRS = [
  ['trawl:call:start', 'trawl:call:end', 'call'],
  ['trawl:exchange:wait', 'trawl:exchange:end', 'exchange'],
  ['trawl:connection:connect', 'trawl:connection:close', 'connection'],
] as const

/** Listens to the diagnostics of one world: what begins must end, once, and nothing ends unbegun. */
export class Watcher {
  readonly violations: string[] = []
  readonly #open = new Map<string, Set<unknown>>()
  readonly #listeners: (readonly [name: string, listener: (message: unknown) => void])[] = []

  constructor() {
    for (const [start, end, key] of PAIRS) {
      const open = new Set<unknown>()
      this.#open.set(start, open)
      this.#listen(start, (message) => {
        if (open.has(message[key])) this.violations.push(`${start} twice`)
        open.add(message[key])
      })
      this.#listen(end, (message) => {
        if (!open.delete(message[key])) this.violations.push(`${end} without ${start}`)
      })
    }
  }

  /** Stops listening; what is still open then has never ended. */
  stop(): string[] {
    for (const [name, listener] of this.#listeners) unsubscribe(name, listener)
    for (const [start, open] of this.#open) {
      if (open.size > 0) this.violations.push(`${start}: ${open.size} without an end`)
    }
    return this.violations
  }

  #listen(name: string, react: (message: Message) => void): void {
    const listener = (message: unknown): void => react(message as Message)
    subscribe(name, listener)
    this.#listeners.push([name, listener])
  }
}
