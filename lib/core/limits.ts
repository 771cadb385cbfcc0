/**
 * Every limit, on one page: its unit, its default, and why it is what it is.
 * Limits with an option of the same name are defaults; the others are fixed.
 * Sizes are bytes, times are milliseconds; 0 turns a time limit off.
 */
export const LIMITS = {
  // --- connections ---------------------------------------------------------------------------

  /** Connections in all, dialling ones included. luapower's default; a shell's fd limit is 1024. */
  maxConn: 50,
  /** Connections to one target. curl's wrapper proposes 5, browsers use 6, luapower 20. */
  maxConnPerTarget: 6,
  /** Exchanges in flight on one connection. 1: pipelining is asked for, never assumed. */
  maxPipelinedRequests: 1,
  /** The most that `maxPipelinedRequests` may be; Go's and nginx's buffers hold fewer anyway. */
  maxDepth: 256,
  /** Exchanges a connection may take in a row while another target is starved of connections. */
  exchangesPerTurn: 16,
  /** How long a target that broke a pipeline stays at depth 1, ms. */
  brokenPipelineTime: 300_000,
  /** How long a pool with live connections does not dial again after a failed dial, ms. */
  dialPause: 1_000,
  /** Targets whose counters and broken pipelines are remembered after their pool is gone; LRU. */
  maxRememberedTargets: 10_000,
  /** What is read from a socket in one go. One buffer serves all sockets. 64 KB cost a fifth more CPU a byte. */
  readBuffer: 262_144,
  /** Client IPs, proxies and TLS identities that one host is asked by, remembered. */
  maxRoutes: 1_000,
  /** Sets of `tlsOptions` that requests gave, remembered; LRU. Each belongs to a target in use. */
  maxTlsIdentities: 1_000,
  /** Proxies that requests gave, remembered by their URL; LRU. Those in use live in their targets. */
  maxProxies: 1_000,
  /** What a proxy answers to CONNECT before the tunnel stands, interim answers included, bytes. */
  maxProxyHead: 16_384,
  /** TLS sessions kept for resumption; a ticket is 1 to 2 KB. LRU. */
  maxTlsSessions: 1_000,

  // --- queue ---------------------------------------------------------------------------------

  /** Exchanges waiting for a connection, in all targets; about 500 bytes each. */
  maxQueued: 1_000_000,
  /** Highest and lowest `priority`; every level costs a list head in a pool that uses it. */
  maxPriority: 10,
  /** Times one exchange is sent again after lost connections, beyond the call's own retries. */
  maxResends: 3,

  // --- waits, ms -----------------------------------------------------------------------------

  /** Waiting for a connection. Off: `maxQueued` bounds the queue, and a bulk job may wait for hours. */
  queueTimeout: 0,
  /** Name lookup, TCP and TLS together, for one dial. undici and curl users are used to 10 s. */
  connectTimeout: 10_000,
  /** The longest the socket may take no byte of the request that is being sent. */
  requestTimeout: 60_000,
  /** From the request's last byte, or the end of the answer before it, to the end of the head. */
  replyTimeout: 60_000,
  /** The longest silence inside a body, whether the server or the reader is silent. */
  bodyTimeout: 30_000,
  /** Bytes per second that a body has to come at. Off: nobody knows how slow a server may be. As in curl. */
  minBodyRate: 0,
  /** What `minBodyRate` is measured over, ms: curl's --speed-time. Shorter ones take a pause for a fault. */
  minBodyRateWindow: 30_000,
  /** The shortest that it may be, ms: bytes come in bursts, and timers turn in steps. */
  minRateWindow: 100,
  /** The whole call. Off: a long download is not a fault. */
  totalTimeout: 0,
  /**
   * The longest a SOCKS5 handshake takes, whatever `connectTimeout` says. The library's timer holds 5 KB
   * of every handshake for so long, done or not.
   */
  socksTimeout: 30_000,
  /** An idle connection is closed after this. Longer than undici's 4 s: a crawl delay is often 5 to 10. */
  keepAliveTimeout: 15_000,
  /** Taken off what the server's Keep-Alive header promises, so that it does not close first. */
  keepAliveMargin: 1_000,
  /** How long `Expect: 100-continue` waits for its 100 before the body goes anyway (curl: 1 s). */
  continueTimeout: 1_000,
  /** A second address of a host is tried when the one before it took this long (RFC 8305 section 8). */
  attemptDelay: 250,
  /** An idle connection unread for longer is looked at once more before it is used (CVE-2026-6733). */
  idleCheckAge: 1,
  /** How long an aborted exchange may keep its connection while its answer is read and dropped. */
  mutedTimeout: 1_000,
  /** One turn of the timer wheel. A timeout fires at most two turns late. */
  timerGranularity: 10,

  // --- redirects and retries -------------------------------------------------------------------

  /** Redirects that one call follows. The fetch standard's and Scrapy's number; curl has 50. */
  maxRedirects: 20,
  /** Times that one request may repeat itself in a chain of redirects, the same cookies sent: a loop. */
  maxRedirectRepeats: 1,
  /** Times one call is tried again, after errors and statuses that may pass. got: 2, ky: 2, Crawlee: 3. */
  maxRetries: 3,
  /** The longest first wait before a retry, ms; it doubles with each. The wait is random, from 0 to this. */
  retryBackoff: 1_000,
  /** The longest that it grows to, ms. */
  maxRetryBackoff: 30_000,
  /** The longest Retry-After that is waited for, ms; a longer one is cut to this. */
  maxRetryAfter: 300_000,
  /** Retries that a target may have in vain; one comes back each second, and all of a call that succeeds. */
  retryBudget: 100,

  // --- authentication ----------------------------------------------------------------------------

  /** How long the user's own function may take to give a token, ms: every call to its origins waits. */
  tokenTimeout: 60_000,
  /** Characters of a bearer token. Servers take heads of 8 to 64 KB. */
  maxTokenSize: 65_536,
  /** Realms of servers whose digest challenge is remembered for one set of credentials; oldest go. */
  maxProtectionSpaces: 100,

  // --- pacing ----------------------------------------------------------------------------------

  /** The `interval` of `requestsPerInterval`, ms: rates are mostly told per second. */
  paceInterval: 1_000,
  /** The most that `requestsPerInterval` may be: a target in use remembers that many times, 8 bytes each. */
  maxRequestsPerInterval: 10_000,
  /** AutoThrottle's gap before the first answer, ms. Scrapy's 5 s is what makes people turn it off. */
  throttleStart: 1_000,
  /** AutoThrottle's longest gap, ms. As in Scrapy. */
  throttleMax: 60_000,
  /** The pause after a first 429 or 503 without a Retry-After is drawn from 0 to this, ms; then it doubles. */
  refusalPause: 1_000,
  /** What a `maxDownloadRate` that was not used up lets through at once, ms worth of it. Timers are up to 20 ms late. */
  downloadBurst: 125,
  /** Reads a second that make up a `maxDownloadRate`: so small they are, for many connections to take turns. */
  readsPerSecond: 64,
  /** The smallest such read, bytes: one of a few bytes costs as much as one of many. */
  minReadSize: 1_024,
  /** The longest such pause, ms. */
  maxRefusalPause: 60_000,
  /** How long a target may answer with 429 and 503 only, ms. Crawlee's, and for its reason: crawls hung. */
  stallLimit: 900_000,
  /** A client that closes waits no longer than this, ms, for the end of one target's pause. */
  closingPause: 10_000,
  /** Paced or paused targets that are remembered after their pool is gone; LRU, those that are free first. */
  maxPacedTargets: 10_000,
  /** `hosts` patterns of one client. */
  maxHostPatterns: 10_000,

  // --- client IPs ------------------------------------------------------------------------------

  /** Addresses in `clientIps`. A /24, and more, but not by accident a whole /16. */
  maxClientIps: 4_096,
  /** Refusals (403, 429) in a row of one host that set the pair of client IP and host aside. */
  refusalsInRow: 3,
  /** How long such a pair is set aside, ms. */
  pairQuarantine: 300_000,
  /** How long a client IP is set aside that could not be bound, ms: it may be an interface that is down. */
  bindQuarantine: 60_000,
  /** Pairs of client IP and host whose refusals are remembered; LRU. About 150 bytes each. */
  maxIpPairs: 50_000,
  /** Hosts whose turn among the client IPs is remembered, and sessions whose client IP is; LRU. */
  maxIpChoices: 50_000,

  // --- heads ---------------------------------------------------------------------------------

  /** One response head, status line to empty line. node:http: 16 KB; browsers: 256 KB. */
  maxHeadSize: 65_536,
  /** Fields in a head, and in a trailer section. Apache's LimitRequestFields is 100 for requests. */
  maxHeaderFields: 512,
  /** Interim (1xx) answers before the final one. A 103 or two is usual; Go stops at 5. */
  maxInformational: 16,
  /** The extensions of one chunk, bytes. None is in use; Go allows 4 KB a line. */
  maxChunkExtension: 4_096,
  /** Chunk extensions of one body, bytes: many small ones are the attack (Go's CVE-2023-39326). */
  maxChunkExtensions: 16_384,
  /** The trailer section, bytes. */
  maxTrailerSize: 16_384,

  // --- bodies --------------------------------------------------------------------------------

  /** A whole body, decoded, as `request` holds it in memory. Streams have no default limit. */
  maxBodySize: 268_435_456,
  /** Decoded bytes for each byte on the wire. Pages reach 30, zeros under gzip 1030. */
  maxDecodeRatio: 200,
  /** Below this many decoded bytes the ratio is not looked at: a repetitive page may well pass it. */
  decodeRatioFloor: 8_388_608,
  /** Content codings stacked on one body (CVE-2022-32206: curl allows 5). */
  maxContentCodings: 3,
  /**
   * Gzip members or zstd frames of one body, and one more for each 256 bytes of it. Each costs a decoder,
   * 60 us: 1 MB of empty members would take 3 s. Appended logs and BGZF have larger ones.
   */
  maxCodedUnits: 1_024,
  /** Coded bodies up to this size are decoded at once, synchronously; larger ones beside the loop. */
  syncDecodeSize: 65_536,
  /** Bytes a streamed body is decoded into at a time; each layer holds one such buffer or two. */
  decodeStreamChunk: 32_768,
  /** The same for a whole body: fewer, larger steps, because nobody waits for the first. */
  decodeWholeChunk: 131_072,
  /** Bytes of a streamed body held for its reader before the socket is stopped. */
  streamBuffer: 131_072,
  /** Bytes of an aborted exchange's answer that are read and dropped before its connection goes. */
  maxMutedBytes: 262_144,
  /** A request body up to this size is written in one piece with its head. */
  coalesceSize: 16_384,
  /** A body with `onUploadProgress` goes out in pieces of this size. */
  progressPiece: 65_536,
  /** Pieces of a request body taken from its source before everything else has a turn: it may have them all at once. */
  piecesPerTurn: 64,
  /** A larger one goes out in pieces of this size, so that a slow server is told from a dead one. */
  sendPiece: 262_144,

  // --- cache ---------------------------------------------------------------------------------

  /** What the cache in memory holds: bodies, heads and keys, bytes. */
  maxMemoryCache: 67_108_864,
  /** The same for a cache in a file. The file itself is somewhat larger. */
  maxDiskCache: 1_073_741_824,
  /** A larger body is not kept, bytes: a few downloads would push all pages out. */
  maxCacheEntry: 8_388_608,
  /** Responses kept for one URL that differ by what Vary names; the newest. Squid users see 5 to 10. */
  maxCacheVariants: 16,
  /** The longest a response is held fresh without the server's saying so, ms: a day. */
  maxHeuristicFreshness: 86_400_000,
  /** The longest lifetime and age that is told apart, ms: 2^31 s (RFC 9111 section 1.2.2). */
  maxFreshness: 2_147_483_648_000,
  /** Keys remembered because their answer was not kept, so that nobody waits for it in vain; LRU. */
  maxUnkeptKeys: 10_000,
  /** Cookie fields whose serialised form is remembered; forgotten all at once when there are more. */
  maxCookieLines: 256,
  /** Keys remembered because a POST or the like has ended what was kept for them; the oldest go first. */
  maxEndedKeys: 10_000,
  /** The longest a request waits for the answer to an identical one in flight, ms. */
  joinTimeout: 30_000,
  /** How often it does: where that brought nothing, the next one to ask may fare no better. */
  maxJoinWaits: 2,
  /** Writes under way in a store that answers by promises; more are left out, and told. */
  maxCacheWrites: 1_000,
  /** The longest a request waits for a store that answers by promises, ms; then it goes to the server. */
  cacheStoreTimeout: 10_000,
  /** The longest a process waits for another one that writes into the same cache file, ms. */
  cacheBusyTimeout: 2_000,
  /** Uses of entries in a cache file noted in memory before they are written down in one go. */
  maxCacheUses: 1_000,
  /** The write-ahead log of a cache file is cut back to this, bytes. */
  maxCacheLog: 16_777_216,

  // --- names ---------------------------------------------------------------------------------

  /** How long a looked-up name is believed, ms. getaddrinfo tells no TTL; browsers use 60 s. */
  dnsTtl: 60_000,
  /** How long a failed lookup is believed, ms. */
  dnsNegativeTtl: 1_000,
  /** Names remembered; LRU. */
  maxDnsEntries: 10_000,
  /** Lookups at once: getaddrinfo holds a thread of the pool's four, and zlib and fs need some. */
  maxDnsLookups: 3,
  /** Addresses tried for one dial. */
  maxAddresses: 8,
  /** URL prefixes (scheme, host, port) whose parsed form is remembered. */
  maxOrigins: 20_000,

  // --- jobs ----------------------------------------------------------------------------------

  /** Items of a `map` under way at once: enough to keep `maxConn` connections busy, and some waiting. */
  mapConcurrency: 64,
  /** The most that may be: what waits for a connection has its time limits running. */
  maxMapConcurrency: 10_000,
  /** Items of a job under way, those included that wait for a retry or for a server's pause. p-queue takes 2 KB for each. */
  maxJobUnderWay: 10_000,
  /** Items that one host may have done one after the other while others have nothing under way; a dial costs as much as three. */
  itemsPerTurn: 16,
  /** Items of a job read and not begun that memory holds, 0.7 KB each; what comes then goes to the disk, but for the first of a host. */
  jobWindow: 8_192,
  /** While so many are at hand no more are read. */
  jobReadAhead: 2_000,
  /** Hosts (with scheme and port) that have items waiting; then reading stops until one of them has none. */
  maxJobHosts: 10_000,
  /** Bytes of waiting items on the disk; then reading stops. A run of some ten million URLs of one host. */
  maxSpill: 2_147_483_648,
  /** Bytes of waiting items that go to the disk, and come back, in one go. */
  spillPiece: 65_536,
  /** Those that come back in one go where memory has `jobWindow` items: each of many hosts takes its own. */
  spillSip: 1_024,
  /** Bytes of them in memory, over all hosts, before all are written. */
  spillBuffer: 8_388_608,
  /** With `ordered`, items pulled and not handed out, as a multiple of `concurrency`. */
  mapLookAhead: 4,
  /** Items of one job, finished or not; 10 bytes each in memory. */
  maxJobKeys: 100_000_000,
  /** A journal is forced to the disk this long after an entry, ms: what a loss of power may cost. */
  journalSyncInterval: 1_000,
  /** Or when so many entries were added since. */
  journalSyncEntries: 10_000,
  /** One line of a journal, bytes. An entry has 300; one with the user's own data has more. */
  maxJournalLine: 1_048_576,
  /** Of the message of an item that has failed, characters that the journal keeps. */
  maxJournalMessage: 1_000,
  /** Bytes of a journal read at a time. More do not fit the processor's cache. */
  journalReadSize: 262_144,
  /** Runs of a job whose beginning and end are remembered, the last. */
  maxJournalRuns: 100,
  /** How long a process waits, without doing anything else, for the lock of a job's folder, ms. */
  journalLockTimeout: 100,

  // --- input of jobs ---------------------------------------------------------------------------

  /** One line, and so one URL, characters. Browsers and servers stop at 8 to 80 KB; a longer one is no URL. */
  maxInputLine: 65_536,
  /** One item with all that belongs to it (a line of JSONL, aria2's options, a HAR's request), characters. */
  maxInputItem: 16_777_216,
  /** `meta` of an item as JSON, characters. It goes into a line of the journal, which must not grow without a bound. */
  maxItemMeta: 65_536,
  /** Bytes at the beginning of an input that its format is told by. */
  inputPrefix: 1_024,
  /** Levels of JSON in one another; what is deeper cannot be written back by a recursive writer. */
  maxInputDepth: 100,
  /** Names of unknown options that are told of, once each. */
  maxInputNotes: 100,
  /** One sitemap, bytes after decompression. sitemaps.org: 50 MB, but many sites do not keep to it. */
  maxSitemapSize: 268_435_456,
  /** Sitemaps that one input leads to. sitemaps.org: an index lists up to 50,000. */
  maxSitemaps: 50_000,
  /** Indexes below an index. sitemaps.org allows none, some sites have one. */
  maxSitemapDepth: 1,
  /** One piece of XML, such as a comment: it has to be held until its end, characters. */
  maxXmlPiece: 1_048_576,
  /** XML elements in one another. A sitemap has 3 to 6. */
  maxXmlDepth: 100,

  // --- cookies -------------------------------------------------------------------------------

  /** Jars of a client, one per client IP or session; LRU. An evicted jar's cookies are lost. */
  maxJars: 1_000,
  /** Cookies in one jar, 0.7 KB each and more. Chrome keeps 3,300; a crawl of many hosts may want more. */
  maxCookies: 3_000,
  /** Cookies of one site, which is a registrable domain with all its hosts, in one jar. As Chrome. */
  maxCookiesPerSite: 180,
  /** Name and value of one cookie, bytes (RFC 6265bis section 5.6). */
  maxCookieSize: 4_096,
  /** Value of one attribute of a Set-Cookie, bytes (RFC 6265bis section 5.6). */
  maxCookieAttribute: 1_024,
  /** Set-Cookie fields of one response that are looked at, as curl. */
  maxSetCookies: 50,
  /** The value of a Cookie field, bytes. Apache takes a line of 8,190, nginx one of 8,192. */
  maxCookieHeader: 8_180,
  /** The most seconds a server can make a cookie last: 400 days (RFC 6265bis section 5.5). */
  maxCookieAge: 34_560_000,
  /** Targets per jar whose Cookie field is remembered, 0.5 KB each; computing it anew takes 2 us. */
  maxCookieTargets: 4_096,
  /** Cookie fields of one target that are remembered; a site whose cookies have more paths has none. */
  maxCookieFields: 8,
  /** Set-Cookie fields per target that are known again by their text. Most servers send 1 or 2. */
  maxKnownSetCookies: 8,
  /** A Set-Cookie field longer than this is parsed each time, bytes: its text is not kept. */
  maxKnownSetCookieSize: 512,
  /** A file of cookies, bytes. A browser's export of 3,300 cookies has less than 1 MB. */
  maxCookieFile: 16_777_216,
  /** Bytes of a download gathered before a write, where none is under way. 256 KB cost a tenth more CPU a byte. */
  downloadWriteSize: 524_288,
  /**
   * Bytes of a download in memory, gathered or on their way to the disk; a killed process loses no more. With
   * 1 MB its reader finds it full more often; 4 MB outgrow the processor's cache: a fifth more CPU a byte.
   */
  downloadBuffer: 1_572_864,
  /** Buffers of that size kept for the next downloads of the process; one uses one at a time. */
  spareWriteBuffers: 4,
  /** Requests of one download, however much each brings: a server that gives a byte at a time ends here. */
  maxDownloadRequests: 1_000,
  /** How much older than its Date a Last-Modified must be to name one version (RFC 9110 section 8.8.2.2), ms. */
  strongDateAge: 60_000,
  /** The record beside a part of a download; one holds a few hundred bytes. */
  maxPartRecord: 65_536,
  /** A transfer's progress is told at most this often, ms: a terminal shows no more. */
  progressInterval: 100,

  // --- reports -------------------------------------------------------------------------------

  /** The first width of the stretches of time that a page shows, ms. It doubles when there are too many. */
  reportBucket: 100,
  /** Those stretches: bars of 3 pixels and more. */
  maxReportBuckets: 240,
  /** How often counters that nobody tells are looked at, ms: a look costs 1 us for each target. */
  reportInterval: 500,
  /** Hosts with figures of their own, 2 KB each. */
  maxReportHosts: 2_000,
  /** Hosts in a page's plots; all beyond are one line. */
  reportPlotHosts: 25,
  /** Hosts in a page's table. */
  reportTableHosts: 200,
  /** Error codes and client IPs with figures of their own. */
  maxReportNames: 256,
  /** Characters of a message or a URL that are kept for a page. */
  maxReportText: 300,
  /** Connections that are followed at once, 200 bytes each. */
  maxReportConnections: 10_000,
  /** The first, the last and the most notable connections of a run that are kept for a page, each. */
  reportConnections: 40,
  /** Connections in one plot: those with the most exchanges there. */
  reportTimelineRows: 24,
  /** Exchanges of the beginning, and of the end, that are kept for a page; 0.6 KB each. */
  maxReportSlices: 400,

  /** Bytes of a HAR or a trace that are gathered before a write. */
  reportWriteSize: 262_144,
  /** Bytes of them that wait while the disk is busy: what comes beyond is left out, and told. */
  reportBuffer: 16_777_216,
  /** What is gathered of a HAR or a trace is written at least this often, ms. */
  reportFlushInterval: 1_000,
  /** Exchanges in flight that a HAR or a trace follows; more are left out, and told. 0.3 KB each. */
  maxWatchedExchanges: 65_536,
  /** Entries of a HAR that wait for their body to be decoded. */
  maxHeldEntries: 1_000,
  /** How long they do, ms: then the size of the body is not told. */
  reportHold: 5_000,
  /** The body of a request is in a HAR up to this size, bytes. */
  harPostText: 4_096,
  /** Field names, and sets of a request's fields, whose text in a HAR is remembered. */
  maxHarTexts: 1_000,
  /** Targets with rows of their own in a trace. */
  maxTraceTargets: 10_000,
  /** Exchanges of one target whose wait in the pool is shown at once; the others are counted only. */
  maxTraceWaits: 64,
  /** Counters of one target are told at most this often, ms, and 50 bytes each. */
  traceCounterInterval: 10,
  /** Characters of a path that name its exchange in a trace. */
  traceName: 100,

  // --- simulation (trawl/testing) ------------------------------------------------------------

  /** Events in one run of the simulated clock: a loop without an end fails in about a second. */
  simSteps: 1_000_000,
  /** Virtual ms in one run of the simulated clock. A hang is found by this: an hour. */
  simTime: 3_600_000,
  /** Bytes that one direction of a simulated connection takes before `write` says false. */
  simBuffer: 65_536,
  /** Breaches of the `Wire` contract that a simulated network writes down. */
  maxSimViolations: 100,
} as const

export type LimitName = keyof typeof LIMITS
