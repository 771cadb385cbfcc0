import { describe, expect, it } from 'vitest'
import { ClientLimits } from '../../lib/core/client-limits.ts'
import { HostSettings } from '../../lib/core/host-settings.ts'
import { Client } from '../../lib/index.ts'

const HOSTS = {
  'api.example.com': { maxConnPerTarget: 2 },
  '*.example.com': { maxPipelinedRequests: 4 },
  '::1': { maxConnPerTarget: 9, maxPipelinedRequests: 8 },
}

describe('what a client may have under way', () => {
  const limits = new ClientLimits(7, 3, new HostSettings({ maxConnPerTarget: 5 }, HOSTS))

  it.each([
    ['elsewhere.test', 5, 1],
    ['api.example.com', 2, 1],
    ['API.Example.com', 2, 1],
    ['www.example.com', 5, 4],
    ['::1', 9, 8],
    ['[::1]', 9, 8],
  ])('to %s: %i connections, %i exchanges on each', (host, maxConnPerTarget, maxPipelinedRequests) => {
    expect(limits.of(host)).toEqual({ maxConnPerTarget, maxPipelinedRequests })
  })

  it('is told by the client, and by those that extend it', async () => {
    await using client = new Client({
      maxConn: 11,
      maxConnPerTarget: 3,
      clientIps: ['127.0.0.1', '127.0.0.2'],
      hosts: { 'a.test': { maxPipelinedRequests: 2 } },
    })
    for (const each of [client, client.extend({ maxRetries: 0 })]) {
      expect([each.limits.maxConn, each.limits.clientIps]).toEqual([11, 2])
      expect(each.limits.of('a.test')).toEqual({ maxConnPerTarget: 3, maxPipelinedRequests: 2 })
    }
    await using plain = new Client()
    expect([plain.limits.maxConn, plain.limits.clientIps]).toEqual([50, 0])
  })
})
