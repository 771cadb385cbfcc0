import { UNANSWERED } from './mood.ts'
import type { Faults, TownReport } from './sample.ts'

/** POSTs remembered, the latest. One that comes twice does so within seconds. */
const REMEMBERED = 100_000
const SHOWN = 5

/** What the servers have seen. */
export class Register {
  #requests = 0
  #posts = 0
  #unanswered = 0
  readonly #seen = new Set<string>()
  readonly #twice = { count: 0, first: [] as string[] }
  readonly #foreign = { count: 0, first: [] as string[] }
  readonly #misdeeds: Record<string, number> = {}

  /** A request, once its head has come. `origin` is by the server's own account. */
  note(method: string, origin: string, path: string, field: (name: string) => string | undefined): void {
    this.#requests++
    if (method === 'POST') this.#notePost(`${origin}${path} of call ${field('x-call') ?? '?'}`)
    const cookie = field('cookie')
    if (cookie !== undefined) this.#noteCookie(cookie, new URL(origin).hostname)
  }

  /** What a server does to a request by this method. */
  noteMisdeed(name: string, method = ''): void {
    if (method === 'POST' && UNANSWERED.some((kind) => kind === name)) this.#unanswered++
    this.#misdeeds[name] = (this.#misdeeds[name] ?? 0) + 1
  }

  report(): TownReport {
    return {
      requests: this.#requests,
      posts: this.#posts,
      postsUnanswered: this.#unanswered,
      postsTwice: this.#twice,
      foreignCookies: this.#foreign,
      misdeeds: this.#misdeeds,
    }
  }

  #notePost(key: string): void {
    this.#posts++
    if (this.#seen.has(key)) add(this.#twice, key)
    this.#seen.add(key)
    if (this.#seen.size > REMEMBERED) this.#seen.delete(this.#seen.values().next().value!)
  }

  /** What honest servers set has their host for a value; `x` is set by hostile ones, for all of a public suffix. */
  #noteCookie(cookie: string, host: string): void {
    for (const pair of cookie.split('; ')) {
      const [name = '', value] = pair.split('=')
      const isForeign = name === 'x' || (/^n\d$/.test(name) && value !== host)
      if (isForeign) add(this.#foreign, `${pair} at ${host}`)
    }
  }
}

export function add(faults: { count: number; first: string[] }, text: string): void {
  faults.count++
  if (faults.first.length < SHOWN) faults.first.push(text)
}

export function noFaults(): Faults & { count: number; first: string[] } {
  return { count: 0, first: [] }
}
