import http from 'node:http'
import https from 'node:https'
import type { Job } from './job.ts'

/** Node's agent for http or https, which keeps connections: as clients that stand on node:http are to be given one. */
export function agentFor(job: Job): http.Agent | https.Agent {
  const Agent = isTls(job) ? https.Agent : http.Agent
  return new Agent({ keepAlive: true, maxSockets: job.connections, maxFreeSockets: job.connections })
}

export function isTls({ origin }: Job): boolean {
  return origin.startsWith('https:')
}
