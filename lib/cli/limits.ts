/**
 * The command's own limits. The client's are in `core/limits.ts`; the command reaches the library
 * through its public API only. Sizes are bytes, times are milliseconds.
 */
export const CLI_LIMITS = {
  /** Calls under way at once: the client needs some waiting ones to choose from, not the whole list. */
  maxCalls: 10_000,
  /** --pipeline, as the client has it: to ask it would load the whole library, for `--help` too. */
  maxPipeline: 256,
  /** One line of the input. Browsers and servers stop at 8 to 80 KB; a longer line is no URL. */
  maxLineLength: 65_536,
  /** A request body given with -d; it is held in memory for the whole run. */
  maxDataSize: 67_108_864,
  /** The file of --config. The 10,000 patterns that the client takes have room in it. */
  maxConfigSize: 1_048_576,
  /** One component of a file name. File systems take 255 bytes; room is kept for our own endings. */
  maxNameLength: 200,
  /** A file's path below the output folder. macOS takes 1,024 in all, Linux 4,096. */
  maxPathLength: 800,
  /** Bytes of a body gathered before they are written: small files cost one write. */
  writeSize: 65_536,
  /**
   * A visit to the disk that takes this long, ms, is slow: the thread pool costs less. A local disk takes
   * 0.02 to 0.1, one behind a network mostly 1 and more.
   */
  slowVisit: 1,
  /** So many more slow visits than quick ones, and the disk is not waited for. */
  slowVisits: 8,
  /** One visit that takes this long, ms, is enough for that. */
  hangingVisit: 500,
  /** Visits by way of the thread pool then, before it is tried whether the disk is quick now. */
  visitsBySide: 512,
  /** How often a run that was told to end is looked at, ms: whether what is left of it only waits. */
  quietInterval: 250,
  /** Looks in a row that find nothing in flight before what waits is given up: more than most pauses between two tries. */
  quietLooks: 4,
  /** V8's space for young objects is kept from growing when it has this size, bytes: half of it is in use at most. */
  youngSpace: 33_554_432,
  /** It is looked at this often, ms, until then. */
  youngSpaceInterval: 200,
  /** How far a file's time may be behind the clock, ms: kernels take it from their last tick. */
  fileTimeSlack: 100,
  /** Folders whose names are forced to disk at once: each holds a thread of the pool's four. */
  foldersAtOnce: 4,
  /** Bytes of report lines waiting for the disk before fetching waits too. */
  reportBuffer: 1_048_576,
  /** Bytes of a report read at a time, to see what of its job it has. */
  reportReadSize: 262_144,
  /** With --pipeline, bodies up to this size are held whole, one at a time for each connection. */
  wholeBody: 4_194_304,
  /** Cookies in each jar, 0.7 KB each: a list may have many hosts. As JSON, a file of them may still be read. */
  maxCookies: 50_000,
  /** Retries of one URL, where --retry says nothing. curl: none; but a long list always meets some failure. */
  retries: 3,
  /** Retries of one URL that can be asked for, and redirects that stand for "without limit". */
  maxTries: 1_000,
  /** --max-failures: more than any list has. */
  maxFailures: 1_000_000_000,
  /** Bytes per second that --limit-rate may ask for at least: less than a head a second is no pace, but a halt. */
  minByteRate: 1_000,
  /** Hosts with a line of their own in the tally; all later ones are counted together. */
  maxHosts: 10_000,
  /** Client IPs with a line of their own in the tally: as many as a client may have. */
  maxClientIps: 4_096,
  /** Error codes counted apart; the library has some twenty. */
  maxErrorCodes: 100,
  /** Characters that are kept of why a client IP was set aside. */
  maxReason: 200,
  /** Hosts shown in the summary. */
  shownHosts: 10,
  /** Of them, those that took longest to answer. */
  shownSlowHosts: 5,
  /** Client IPs, and pairs of client IP and host that were set aside, shown in the summary. */
  shownClientIps: 20,
  /** Failures printed as they happen; the report has them all. */
  shownFailures: 10,
  /** The live view is redrawn this often, ms. */
  liveInterval: 200,
  /** Hosts in the live view; fewer where the terminal is low. */
  viewHosts: 8,
  /** Client IPs in the live view. */
  viewClientIps: 4,
  /**
   * Reading the statistics of the client takes at most this part of the time, 1 / n: it takes 2 ms and more
   * with 10,000 targets, five times a second. What is shown of hosts is older then.
   */
  statsShare: 100,
  /** With --progress json, a line comes this often, ms. */
  jsonInterval: 1_000,
  /** The first plain line comes after this, ms, so that a short run shows that it runs. */
  firstPlainLine: 1_000,
  /** Further plain lines come this often, ms. */
  plainInterval: 10_000,
  /** Rates are means over this time, ms. */
  rateWindow: 5_000,
  /** Connections to the figures of --metrics at once: one scraper, and somebody who looks. */
  metricsConnections: 16,
  /** How long one of them may take to ask, ms. */
  metricsTimeout: 10_000,
} as const
