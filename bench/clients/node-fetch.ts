import nodeFetch from 'node-fetch'
import { agentFor } from './agents.ts'
import { type Load, loops } from './job.ts'

export const fetch: Load = async (job, meter) => {
  const agent = agentFor(job)
  const url = job.origin + job.path
  const options = { agent }
  const text = async (): Promise<number> => (await (await nodeFetch(url, options)).text()).length
  const bytes = async (): Promise<number> => (await (await nodeFetch(url, options)).arrayBuffer()).byteLength
  await loops(job, meter, job.as === 'text' ? text : bytes)
  agent.destroy()
}
