import { channel, type Channel } from 'node:diagnostics_channel'

/**
 * What can be watched from outside, through node:diagnostics_channel. Free while nobody listens:
 * publishers ask `hasSubscribers` first. Events come in pairs: every `start` has its `end`, every
 * `wait` its exchange `end`, every `connect` its connection `close`; a `pause` and an `aside` say how long they last.
 *
 * Messages carry `client`, the id of the client they come from.
 */
export const channels: {
  readonly callStart: Channel
  readonly callEnd: Channel
  readonly callRedirect: Channel
  readonly callRetry: Channel
  readonly exchangeWait: Channel
  readonly exchangeSend: Channel
  readonly exchangeHead: Channel
  readonly exchangeEnd: Channel
  readonly connectionConnect: Channel
  readonly connectionOpen: Channel
  readonly connectionClose: Channel
  readonly connectionBytes: Channel
  readonly targetPause: Channel
  readonly clientIpAside: Channel
} = {
  callStart: channel('trawl:call:start'),
  callEnd: channel('trawl:call:end'),
  callRedirect: channel('trawl:call:redirect'),
  callRetry: channel('trawl:call:retry'),
  exchangeWait: channel('trawl:exchange:wait'),
  exchangeSend: channel('trawl:exchange:send'),
  exchangeHead: channel('trawl:exchange:head'),
  exchangeEnd: channel('trawl:exchange:end'),
  connectionConnect: channel('trawl:connection:connect'),
  connectionOpen: channel('trawl:connection:open'),
  connectionClose: channel('trawl:connection:close'),
  connectionBytes: channel('trawl:connection:bytes'),
  targetPause: channel('trawl:target:pause'),
  clientIpAside: channel('trawl:client-ip:aside'),
}
