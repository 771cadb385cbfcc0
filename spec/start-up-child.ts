import { Client, type ClientOptions } from '../lib/index.ts'

/** A process of its own that makes one request and tells nothing: who started it watches what it loads. */
const [, , url, json] = process.argv
const client = new Client(JSON.parse(json!) as ClientOptions)
const { status } = await client.request(url!)
await client.close()
if (status !== 200) throw new Error(`the answer is ${status}`)
