/**
 * Exit codes of wget, which scripts know, and more of our own from 9 on. When several things went wrong the lowest
 * code other than 0 wins, whatever came last.
 */
export const EXIT = {
  ok: 0,
  other: 1,
  usage: 2,
  file: 3,
  network: 4,
  tls: 5,
  auth: 6,
  protocol: 7,
  status: 8,
  checksum: 9,
  timeLimit: 10,
  failureLimit: 13,
  hungUp: 129,
  interrupted: 130,
  terminated: 143,
} as const

export type ExitCode = (typeof EXIT)[keyof typeof EXIT]

/** The exit code for both of two results. */
export function worseOf(a: ExitCode, b: ExitCode): ExitCode {
  if (a === EXIT.ok) return b
  if (b === EXIT.ok) return a
  return a < b ? a : b
}

/** Whether a status means that the item was fetched. 304 is what a conditional request asks for. */
export function isGoodStatus(status: number): boolean {
  return (status >= 200 && status < 300) || status === 304
}

export function exitCodeOfStatus(status: number): ExitCode {
  if (isGoodStatus(status)) return EXIT.ok
  return status === 401 || status === 407 ? EXIT.auth : EXIT.status
}

const BY_ERROR: ReadonlyMap<string, ExitCode> = new Map([
  ['ERR_CONNECT_DNS', EXIT.network],
  ['ERR_CONNECT_TCP', EXIT.network],
  ['ERR_CONNECT_PROXY', EXIT.network],
  ['ERR_CONNECT_DENIED', EXIT.network],
  ['ERR_CONNECT_TLS', EXIT.tls],
  ['ERR_CONNECTION_CLOSED', EXIT.network],
  ['ERR_PROTOCOL', EXIT.protocol],
  ['ERR_DECODING', EXIT.protocol],
  ['ERR_LIMIT', EXIT.protocol],
  // As a redirect that is not followed at all.
  ['ERR_REDIRECT', EXIT.status],
  ['ERR_ARGUMENT', EXIT.usage],
  ['ERR_FILE', EXIT.file],
  ['ERR_FILE_EXISTS', EXIT.file],
  ['ERR_FILE_BUSY', EXIT.file],
  ['ERR_CHECKSUM', EXIT.checksum],
  ['ERR_ITEM', EXIT.other],
  ['ERR_STATUS', EXIT.status],
])

/** The exit code for an item's error code; codes without a class of their own are `other`. */
export function exitCodeOfError(code: string): ExitCode {
  if (code.startsWith('ERR_TIMEOUT_')) return EXIT.network
  return BY_ERROR.get(code) ?? EXIT.other
}
