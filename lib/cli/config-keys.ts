/** What a host may have of its own in a config file. */
export const HOST_KEYS: ReadonlyMap<string, string> = new Map([
  ['max-conn', 'connections to one target of it'],
  ['pipeline', 'requests in flight on one connection'],
  ['rate', 'requests to one target of it, as "2/s"; instead of --rate-per-host'],
  ['limit-rate', 'bytes a second from one target of it, as "500k"; instead of --limit-rate-per-host'],
  ['auto-throttle', 'true or false'],
  ['stall-limit', 'seconds of nothing but 429 and 503 after which it is given up; 0: never'],
])
