import { Target } from '../../lib/core/target.ts'
import type { Jar } from '../../lib/cookies/jar.ts'

/** 1 January 2030: no spec here knows the machine's own time. */
export const START = Date.UTC(2030, 0, 1)

/** A clock that stands, counts who asks, and is set by hand. */
export class StillClock {
  time: number = START
  asked = 0

  date(): number {
    this.asked++
    return this.time
  }
}

/** Targets as the client has them: one object for an origin. */
const targets = new Map<string, Target>()

export function place(url: string): { target: Target; path: string } {
  const { protocol, hostname, port, origin, pathname, search } = new URL(url)
  let target = targets.get(origin)
  if (target === undefined) {
    const scheme = protocol === 'https:' ? 'https' : 'http'
    const host = hostname.startsWith('[') ? hostname.slice(1, -1) : hostname
    target = new Target({ scheme, host, port: port === '' ? (scheme === 'https' ? 443 : 80) : Number(port) })
    targets.set(origin, target)
  }
  return { target, path: pathname + search }
}

/** The Cookie field that a request for `url` would have. */
export function sent(jar: Jar, url: string): string {
  const { target, path } = place(url)
  return jar.header(target, path)
}

/** An answer to a request for `url` comes with these Set-Cookie fields. */
export function answered(jar: Jar, url: string, ...setCookies: string[]): number {
  const { target, path } = place(url)
  return jar.learn(target, path, setCookies)
}
