import { performance } from 'node:perf_hooks'
import { CookieJar } from 'tough-cookie'
import { Target } from '../lib/core/target.ts'
import { Jar } from '../lib/cookies/jar.ts'

/**
 * What cookies cost a request, in microseconds per call; tough-cookie alone beside it. Run by hand:
 * `node --import ./spec/pinned-node.mjs bench/cookies.ts`. The best of five rounds counts.
 */
const ROUNDS = 5
const CALLS = 100_000

/** Keeps results alive, so that nothing is optimised away. */
let kept = 0

function measure(name: string, run: (n: number) => string | number, calls = CALLS): void {
  let best = Infinity
  for (let round = 0; round < ROUNDS; round++) {
    const start = performance.now()
    for (let n = 0; n < calls; n++) {
      const result = run(n)
      kept += typeof result === 'string' ? result.length : result
    }
    best = Math.min(best, ((performance.now() - start) * 1_000) / calls)
  }
  console.log(`${name.padEnd(62)} ${best.toFixed(2).padStart(7)} us`)
}

function hosts(count: number): Target[] {
  return Array.from({ length: count }, (_, n) => target(`www.site${n}.example`))
}

function target(host: string): Target {
  return new Target({ scheme: 'https', host, port: 443 })
}

const PATHS = Array.from({ length: 1_024 }, (_, n) => `/shop/products/item-${n}.html?page=${n}`)
const path = (n: number): string => PATHS[n & 1_023]!

function full(others: number): Jar {
  const jar = new Jar()
  for (const one of hosts(others)) jar.learn(one, '/', ['session=0123456789abcdef; Path=/; Secure; HttpOnly'])
  return jar
}

const own = target('www.own.example')
const none = target('www.none.example')
const three = [
  'session=0123456789abcdef; Path=/; HttpOnly',
  'lang=en; Path=/',
  'id=42; Path=/; Max-Age=86400',
]

console.log('the Cookie field')
const empty = new Jar()
measure('an empty jar', (n) => empty.header(own, path(n)))
const busy = full(1_000)
busy.learn(own, '/', three)
measure('1,000 cookies of others, this host has none', (n) => busy.header(none, path(n)))
measure('1,000 cookies of others, this host has 3, Path=/', (n) => busy.header(own, path(n)))
const deep = full(1_000)
deep.learn(own, '/', [...three, 'cart=1; Path=/shop', 'seen=2; Path=/shop/products'])
measure('the same, and 2 with other paths', (n) => deep.header(own, path(n)))
const many = hosts(1_000)
const crawl = full(1_000)
measure('1,000 hosts in turn, one cookie each', (n) => crawl.header(many[n % 1_000]!, path(n)))
const fresh = Array.from({ length: CALLS * ROUNDS }, (_, n) => target(`h${n}.none.example`))
let next = 0
measure('hosts never seen before, without cookies', (n) => busy.header(fresh[next++]!, path(n)))

console.log('what an answer sets')
measure('no Set-Cookie', (n) => busy.learn(own, path(n), []))
const same = new Jar()
const session = ['session=0123456789abcdef; Path=/; HttpOnly']
measure('the same session cookie each time, and the field after it', (n) => {
  same.learn(own, path(n), session)
  return same.header(own, path(n))
})
const aged = ['session=0123456789abcdef; Path=/; HttpOnly; Max-Age=7200']
measure('the same with Max-Age', (n) => {
  same.learn(own, path(n), aged)
  return same.header(own, path(n))
})
const dates = Array.from({ length: 1_024 }, (_, n) => [
  `session=0123456789abcdef; Path=/; HttpOnly; Expires=${new Date(Date.UTC(2040, 0, 1) + n * 1_000).toUTCString()}`,
])
measure('the same with a moving Expires', (n) => {
  same.learn(own, path(n), dates[n & 1_023]!)
  return same.header(own, path(n))
})
const values = Array.from({ length: 1_024 }, (_, n) => [`token=${n}x0123456789abcdef; Path=/; HttpOnly`])
measure('another value each time, and the field after it', (n) => {
  same.learn(own, path(n), values[n & 1_023]!)
  return same.header(own, path(n))
})
measure(
  'a host never seen before sets its first cookie',
  (n) => {
    if (n % 2_000 === 0) same.clear()
    return same.learn(fresh[next++ % fresh.length]!, '/', session)
  },
  20_000,
)

console.log('tough-cookie alone')
const tough = new CookieJar()
for (const text of three) tough.setCookieSync(text, 'https://www.own.example/')
measure(
  'its Cookie field, 3 cookies',
  (n) => tough.getCookieStringSync(`https://www.own.example${path(n)}`),
  20_000,
)
measure(
  'the same session cookie each time',
  (n) => {
    tough.setCookieSync(session[0]!, `https://www.own.example${path(n)}`)
    return 1
  },
  20_000,
)
if (kept < 0) console.log(kept)
