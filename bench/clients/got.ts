import type { Agent } from 'node:https'
import got from 'got'
import { agentFor } from './agents.ts'
import { type Load, loops } from './job.ts'

export const request: Load = async (job, meter) => {
  const agent = agentFor(job)
  const url = job.origin + job.path
  const client = got.extend({ agent: { http: agent, https: agent as Agent } })
  const text = async (): Promise<number> => (await client(url).text()).length
  const bytes = async (): Promise<number> => (await client(url).buffer()).length
  await loops(job, meter, job.as === 'text' ? text : bytes)
  agent.destroy()
}
