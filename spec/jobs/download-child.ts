// Downloads argv[2] to argv[3], and says how it went in one line of JSON. For specs that kill it.
import { Client } from '../../lib/index.ts'
import { download } from '../../lib/jobs/download.ts'
import { engineOf } from './download-stand.ts'

const [, , url, path, most] = process.argv
const client = new Client()
let error: { code?: string; message: string } | null = null
let result: object = {}
let peak = 0
try {
  result = await download(engineOf(client), url!, path!, {
    maxRetries: Number(most ?? 3),
    onProgress: () => {
      peak = Math.max(peak, process.memoryUsage.rss())
    },
  })
} catch (thrown) {
  error = thrown as Error
}
await client.close()
const { code, message } = error ?? {}
const outcome = { ...result, headers: undefined, code, message, peak, cpu: process.cpuUsage() }
process.stdout.write(`${JSON.stringify(outcome)}\n`)
