// Works argv[3] URLs of the server argv[2] off in the folder argv[4]; for specs that kill it, and that look at its memory.
// A line of its output for each item that handle has done.
import { writeSync } from 'node:fs'
import { Client, Job } from '../../lib/index.ts'

const [, , origin, count, dir, how] = process.argv
const client = new Client({ maxConnPerTarget: 8 })
const heaps: number[] = []

function* urls(): Generator<string> {
  for (let n = 0; n < Number(count); n++) yield `${origin}/${n}`
}

const handle = (response: { url: string; text(): string }): string => {
  if (how !== 'quiet') writeSync(1, `${new URL(response.url).pathname}\n`)
  return response.text()
}
const job = new Job({ dir: dir!, client, input: urls(), handle })
if (how === 'quiet') {
  let given = 0
  for await (const { ok } of job) {
    if (!ok || ++given % 5_000 !== 0) continue
    globalThis.gc!()
    heaps.push(process.memoryUsage().heapUsed)
  }
  process.stdout.write(`${JSON.stringify({ heaps, rss: process.memoryUsage.rss(), ...job.progress })}\n`)
} else await job.run()
await client.close()
