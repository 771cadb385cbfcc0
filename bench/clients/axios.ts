import axios from 'axios'
import { agentFor } from './agents.ts'
import { type Load, loops } from './job.ts'

/** `responseType`: without it, it tries whether the text is JSON. */
export const request: Load = async (job, meter) => {
  const agent = agentFor(job)
  const url = job.origin + job.path
  const client = axios.create({
    adapter: 'http',
    httpAgent: agent,
    httpsAgent: agent,
    responseType: job.as === 'text' ? 'text' : 'arraybuffer',
  })
  await loops(job, meter, async () => (await client.get<string | Buffer>(url)).data.length)
  agent.destroy()
}
