import { channel, type Channel } from 'node:diagnostics_channel'

/**
 * What can be watched of the cache. Free while nobody listens. Messages carry `client`; those of
 * `lookup` and `store` the `url`, `lookup` its `result`, `error` the `error` and what was `doing`.
 */
export const cacheChannels: {
  readonly lookup: Channel
  readonly store: Channel
  readonly error: Channel
} = {
  lookup: channel('trawl:cache:lookup'),
  store: channel('trawl:cache:store'),
  error: channel('trawl:cache:error'),
}
