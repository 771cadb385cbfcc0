/** What the crawling process holds at one moment, garbage collected. */
export interface Sample {
  /** Seconds since the crawl began. */
  readonly at: number
  /** Bytes of live objects and their buffers. */
  readonly heap: number
  readonly rss: number
  readonly descriptors: number
  /** Timers of the library's that are set. */
  readonly timers: number
  /** Listeners on the signal that many calls share. */
  readonly listeners: number
  /** Connections of the clients that are there all the time. */
  readonly connections: number
  /** Calls that were begun, and those that have not settled. */
  readonly calls: number
  readonly underWay: number
  /** Age of the oldest call, ms. */
  readonly oldest: number
}

/** What is held while no client is open: before the crawl, and after it. */
export interface Still {
  readonly descriptors: number
  readonly timers: number
  readonly listeners: number
  /** Kinds of what keeps the process alive, sorted. */
  readonly resources: readonly string[]
}

/** What the crawling process tells when all its clients are closed. */
export interface CrawlReport {
  readonly before: Still
  readonly after: Still
  /** Most connections that the clients of the samples may have at once. */
  readonly maxConn: number
  /** CPU time of the whole process. */
  readonly cpuSeconds: number
  /** Calls by kind, and by how they ended: 'ok', or the code of an error. */
  readonly calls: Readonly<Record<string, number>>
  readonly ends: Readonly<Record<string, number>>
  /** Bytes of bodies that were right. */
  readonly bytes: number
  /** How often calls did what a soak must see: reuse, redirects, retries, cache hits ... */
  readonly seen: Readonly<Record<string, number>>
  readonly unsettled: number
  /** What must not be: how often, and the first few, for reading. */
  readonly faults: Readonly<Record<Fault, Faults>>
  /** What the closed clients still count: connections, exchanges in flight and waiting. */
  readonly left: number
}

/** What the servers tell. */
export interface TownReport {
  readonly requests: number
  readonly posts: number
  /** Of the POSTs, those that a hostile server meant to leave without an answer, or the one behind them. */
  readonly postsUnanswered: number
  readonly postsTwice: Faults
  readonly foreignCookies: Faults
  /** Misdeeds done, by name. */
  readonly misdeeds: Readonly<Record<string, number>>
}

export type Fault = 'wrong' | 'foreign' | 'innocent' | 'loose'

export interface Faults {
  readonly count: number
  readonly first: readonly string[]
}
