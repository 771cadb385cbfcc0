import { channel } from 'node:diagnostics_channel'
import { describe, expect, it } from 'vitest'
import { channels } from '../../lib/core/diagnostics.ts'

const NAMES = {
  callStart: 'trawl:call:start',
  callEnd: 'trawl:call:end',
  callRedirect: 'trawl:call:redirect',
  callRetry: 'trawl:call:retry',
  exchangeWait: 'trawl:exchange:wait',
  exchangeSend: 'trawl:exchange:send',
  exchangeHead: 'trawl:exchange:head',
  exchangeEnd: 'trawl:exchange:end',
  connectionConnect: 'trawl:connection:connect',
  connectionOpen: 'trawl:connection:open',
  connectionClose: 'trawl:connection:close',
  connectionBytes: 'trawl:connection:bytes',
  targetPause: 'trawl:target:pause',
  clientIpAside: 'trawl:client-ip:aside',
}

describe('the channels', () => {
  it('have the names that others subscribe to', () => {
    const names = Object.entries(channels).map(([key, each]) => [key, each.name])
    expect(Object.fromEntries(names)).toEqual(NAMES)
    for (const [key, name] of Object.entries(NAMES)) {
      expect(channels[key as keyof typeof channels]).toBe(channel(name))
    }
  })
})
