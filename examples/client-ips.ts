// A pipeline over three client IPs: each has connections, a pace and a cookie jar of its own.
import { Client } from '../lib/index.ts'
import { priceOf, startShop } from './site/shop.ts'

interface Item {
  readonly id: number
  readonly price: number
}

// Addresses of this machine. On Linux all of 127.0.0.0/8 are; elsewhere they have to be added to its loopback.
const CLIENT_IPS = ['127.0.0.2', '127.0.0.3', '127.0.0.4']

const shop = await startShop()
const client = new Client({
  baseUrl: shop.origin,
  clientIps: CLIENT_IPS,
  cookies: true,
  maxConnPerTarget: 2,
  pacing: { requestsPerInterval: 20, interval: 250 },
})

/** First stage: the URLs. They are pulled as there is room for them. */
function* itemUrls(): Generator<string> {
  for (let id = 0; id < shop.items; id++) yield `/items/${id}`
}

/** Second stage: from URLs to items, from each client IP in turn. */
async function* items(urls: Iterable<string>): AsyncGenerator<Item> {
  for await (const { ok, value, error } of client.map(urls, (response) => response.json<Item>())) {
    if (!ok) throw error
    yield value
  }
}

/** Third stage: what is wanted of them. */
async function sumOf(source: AsyncIterable<Item>): Promise<number> {
  let sum = 0
  for await (const { price } of source) sum += price
  return sum
}

// Each client IP shows itself once, and gets its cookie; `clientIp` goes before the policy.
await Promise.all(CLIENT_IPS.map((clientIp) => client.get('/', { clientIp })))
const sum = await sumOf(items(itemUrls()))
await client.close()
await shop.close()

console.log(`${shop.items} items, ${sum} cents. What the shop saw:`)
const problems: string[] = []
for (const address of CLIENT_IPS) {
  const { requests = 0, cookies = new Set(), mostConnections = 0 } = shop.visitors.get(address) ?? {}
  console.log(
    `  ${address}: ${requests} requests on ${mostConnections} connections, ${[...cookies].join(' and ')}`,
  )
  if (requests !== 1 + shop.items / CLIENT_IPS.length) problems.push(`${address} made ${requests} requests`)
  if (cookies.size !== 1) problems.push(`${address} showed ${cookies.size} cookies`)
  if (mostConnections > 2) problems.push(`${address} had ${mostConnections} connections`)
}
const shown = CLIENT_IPS.flatMap((address) => [...(shop.visitors.get(address)?.cookies ?? [])])
if (new Set(shown).size !== CLIENT_IPS.length) problems.push('two client IPs showed the same cookie')
if (shop.visitors.size !== CLIENT_IPS.length) problems.push('the shop was visited from elsewhere')
const right = Array.from({ length: shop.items }, (_, id) => priceOf(id)).reduce((a, b) => a + b)
if (sum !== right) problems.push(`the sum is ${sum}, not ${right}`)
for (const problem of problems) console.error(`wrong: ${problem}`)
process.exitCode = problems.length === 0 ? 0 : 1
