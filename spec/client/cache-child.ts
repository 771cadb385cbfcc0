import { Client, type RequestOptions } from '../../lib/index.ts'

/** A process of its own on a cache file: prints what the cache did for each of its requests. */
const [, , path, url, json] = process.argv
const client = new Client({ cache: path!, cookies: true })
const told: (string | null)[] = []
for (const options of JSON.parse(json!) as (RequestOptions & { token?: string })[]) {
  const { token, ...rest } = options
  const own = token === undefined ? rest : { ...rest, auth: { bearer: () => token } }
  const response = await client.request(url!, own)
  told.push(response.cache)
}
await client.close()
console.log(JSON.stringify(told))
