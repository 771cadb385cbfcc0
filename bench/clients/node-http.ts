import http from 'node:http'
import https from 'node:https'
import { createGunzip } from 'node:zlib'
import { agentFor, isTls } from './agents.ts'
import { type Load, loops } from './job.ts'

/** It decodes nothing itself: what is coded goes through node:zlib. */
export const request: Load = async (job, meter) => {
  const agent = agentFor(job)
  const { get } = isTls(job) ? https : http
  const url = job.origin + job.path
  const options = { agent, headers: job.gzip ? { 'accept-encoding': 'gzip' } : {} }
  const one = (): Promise<number> =>
    new Promise((resolve, reject) => {
      const sent = get(url, options, (response) => {
        const body = job.gzip ? response.pipe(createGunzip()) : response
        body.on('error', reject)
        if (job.as === 'text') {
          let text = ''
          body.setEncoding('utf8')
          body.on('data', (chunk: string) => (text += chunk))
          body.on('end', () => resolve(text.length))
        } else {
          const chunks: Buffer[] = []
          body.on('data', (chunk: Buffer) => chunks.push(chunk))
          body.on('end', () => resolve(Buffer.concat(chunks).length))
        }
      })
      sent.on('error', reject)
    })
  await loops(job, meter, one)
  agent.destroy()
}
