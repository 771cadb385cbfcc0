/** Lets so many in at once; the others wait their turn, in order. */
class Door {
  readonly #most: number
  readonly #waiting: (() => void)[] = []
  #inside = 0

  constructor(most: number) {
    this.#most = most
  }

  get empty(): boolean {
    return this.#inside === 0
  }

  /** Whether there was room. Nobody is overtaken: where others wait there is none. */
  tryEnter(): boolean {
    if (this.#inside >= this.#most) return false
    this.#inside++
    return true
  }

  enter(): Promise<void> | undefined {
    if (this.tryEnter()) return undefined
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#waiting.push(resolve)
    return promise
  }

  /** Whoever waits longest takes the place, which is never free in between. */
  leave(): void {
    const next = this.#waiting.shift()
    if (next === undefined) this.#inside--
    else next()
  }

  /** Lets in all that wait. */
  open(): void {
    this.#inside += this.#waiting.length
    for (const next of this.#waiting.splice(0)) next()
  }
}

/**
 * Holds items back until the client can send them: what waits in the client already has its time
 * limit running, and a list with many URLs of one slow host would time out unsent.
 */
export class Gate {
  readonly #all: Door
  readonly #mostOfOne: number
  readonly #hosts = new Map<string, Door>()
  #closed = false

  /** `most` items at once, `mostOfOne` of the same host. */
  constructor(most: number, mostOfOne: number) {
    this.#all = new Door(most)
    this.#mostOfOne = mostOfOne
  }

  /** Whether the item may go on, at once where there is room; each one that may must leave. */
  enter(host: string): boolean | Promise<boolean> {
    let door = this.#hosts.get(host)
    if (door === undefined) {
      door = new Door(this.#mostOfOne)
      this.#hosts.set(host, door)
    }
    if (!door.tryEnter()) return this.#wait(host, door)
    const room = this.#all.enter()
    return room === undefined ? this.#mayGoOn(host) : room.then(() => this.#mayGoOn(host))
  }

  async #wait(host: string, door: Door): Promise<boolean> {
    await door.enter()
    await this.#all.enter()
    return this.#mayGoOn(host)
  }

  #mayGoOn(host: string): boolean {
    if (this.#closed) this.leave(host)
    return !this.#closed
  }

  leave(host: string): void {
    this.#all.leave()
    const door = this.#hosts.get(host)!
    door.leave()
    if (door.empty) this.#hosts.delete(host)
  }

  /** Turns away all that wait and all that come; those inside go on. */
  close(): void {
    this.#closed = true
    for (const door of this.#hosts.values()) door.open()
    this.#all.open()
  }
}
