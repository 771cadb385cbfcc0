import { Client } from '../lib/index.ts'

const client = new Client({ maxConn: 32, maxConnPerTarget: 4, maxPipelinedRequests: 4 })

async function show(url: string): Promise<void> {
  const response = await client.request(url)
  console.log(response.status, url, response.text().length)
}

await Promise.all(process.argv.slice(2).map(show))
await client.close()
