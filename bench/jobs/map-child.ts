import { createReadStream } from 'node:fs'
import { createInterface } from 'node:readline'

/** Fetches the URLs of a list with `client.map`, from the built library: `node map-child.ts index.js list`. Writes how many came, and their bytes. */
const [library, list] = process.argv.slice(2) as [string, string]
const { Client } = (await import(library)) as typeof import('../../lib/index.ts')

const client = new Client({ resolve: () => '127.0.0.1' })
const urls = createInterface({ input: createReadStream(list) })
let count = 0
let bytes = 0
for await (const result of client.map(urls, (response) => response.bytes().length)) {
  if (!result.ok) throw result.error
  count++
  bytes += result.value
}
await client.close()
process.stdout.write(JSON.stringify({ count, bytes }))
