import type { RequestOptions } from '../../lib/index.ts'
import type { Misdeed, MisdeedKind } from './misdeeds.ts'

/** What a request comes to: an answer, or an error whose message says so. */
export type Gets = readonly [status: number, body: string] | readonly [code: string, says: string]

export interface Row {
  readonly misdeed: Misdeed
  readonly options?: RequestOptions
  /** Of a GET, or of the PUT that `options` makes it, without retries. */
  readonly gets: Gets
  /** Over TLS, where that tells more. */
  readonly tls?: Gets
  /** Of a POST, where that differs. */
  readonly post?: Gets
  /** How often the GET is sent; default once. */
  readonly sent?: number
  /** What becomes of the GET right behind it in a pipeline; default: its own answer. */
  readonly behind?: Gets
  /** What the client is to do before the next request: it closes the connection for what came unasked. */
  readonly closes?: boolean
  /** The server stops reading, and cannot see the client go. */
  readonly lingers?: boolean
}

const OWN: Gets = [200, 'own']
const CLOSED = 'ERR_CONNECTION_CLOSED'
/** More than the system's buffers take. */
const upload = Buffer.alloc(16_777_216)
const UPLOAD: RequestOptions = { method: 'PUT', body: upload }

type Rest = Omit<Row, 'misdeed' | 'gets'>

function row(kind: MisdeedKind | Misdeed, gets: Gets, rest: Rest = {}): Row {
  return { misdeed: typeof kind === 'string' ? { kind } : kind, gets, ...rest }
}

function status(line: string): Gets {
  return ['ERR_PROTOCOL', `not a status line: "${line}`]
}

const UNCLEAN_BODY: Gets = [CLOSED, 'the server closed the connection in the middle of the body']
const HEAD_TIMEOUT = { options: { replyTimeout: 100 } }
const BODY_TIMEOUT = { options: { bodyTimeout: 100 } }
const NO_HEAD: Gets = ['ERR_TIMEOUT_HEAD', 'no response head within 100 ms']
const NO_BODY: Gets = ['ERR_TIMEOUT_BODY', 'no byte of the body came for 100 ms']

export const HONEST_ROWS: readonly Row[] = [
  row('none', OWN),
  row('chunked', OWN),
  row('until-close', OWN),
  row('announced-close', OWN),
  row('gzip', OWN),
  row('some-interim', OWN),
]

export const CUT_ROWS: readonly Row[] = [
  row('silence', NO_HEAD, HEAD_TIMEOUT),
  row('close-unanswered', [CLOSED, 'the server closed the connection before a byte of the answer'], {
    sent: 4,
  }),
  row('reset-unanswered', [CLOSED, 'ECONNRESET) before a byte of the answer'], { sent: 4 }),
  row({ kind: 'fin-at', at: 0.1 }, [CLOSED, 'closed the connection in the middle of the head']),
  row({ kind: 'fin-at', at: 0.9 }, UNCLEAN_BODY),
  row({ kind: 'fin-at', at: 1 }, UNCLEAN_BODY),
  row({ kind: 'half-close-at', at: 0 }, [CLOSED, 'before a byte of the answer'], { sent: 4 }),
  row({ kind: 'half-close-at', at: 0.9 }, UNCLEAN_BODY),
  row({ kind: 'unclean-at', at: 0 }, [CLOSED, 'before a byte of the answer'], { sent: 4 }),
  row({ kind: 'unclean-at', at: 0.9 }, UNCLEAN_BODY),
  row({ kind: 'reset-at', at: 0.1 }, [CLOSED, 'ECONNRESET) before the answer was whole']),
  row({ kind: 'reset-at', at: 0.9 }, [CLOSED, 'ECONNRESET) before the answer was whole']),
  row({ kind: 'stall-at', at: 0.1 }, NO_HEAD, HEAD_TIMEOUT),
  row({ kind: 'stall-at', at: 0.9 }, NO_BODY, BODY_TIMEOUT),
  row('close-reuse', OWN),
  row('reset-reuse', OWN),
  row('close-after', OWN),
  row('reset-after', OWN),
  // Without TLS nobody can tell such a body from a whole one.
  row('until-close-unclean', OWN, { tls: UNCLEAN_BODY }),
  row('until-close-reset', [CLOSED, 'ECONNRESET) before the answer was whole']),
  row('slow-head', OWN),
  row('slow-body', OWN),
  row('early-close', OWN, { options: UPLOAD }),
  row('early-unread', OWN, { options: UPLOAD, lingers: true }),
  row('unread-upload', ['ERR_TIMEOUT_SEND', 'took no byte of the request for 100 ms'], {
    options: { ...UPLOAD, requestTimeout: 100 },
    lingers: true,
  }),
]

export const LIE_ROWS: readonly Row[] = [
  row('long-length', UNCLEAN_BODY),
  row('long-length-stall', NO_BODY, BODY_TIMEOUT),
  row('short-length', [200, 'short'], { behind: ['ERR_PROTOCOL', 'not a status line'], closes: true }),
  row('rubbish-length', OWN),
  row('two-lengths', ['ERR_PROTOCOL', '"160, 161" (rule content-length)']),
  row('length-and-chunked', OWN),
  row('chunk-rubbish', ['ERR_PROTOCOL', 'a chunk size is no hexadecimal number (rule chunk-size)']),
  row('chunk-no-end', ['ERR_PROTOCOL', 'a chunk is not followed by CR LF (rule chunk-end)']),
  row('chunk-too-large', ['ERR_PROTOCOL', 'a chunk size is too large (rule chunk-size)']),
  row('no-last-chunk', UNCLEAN_BODY),
  row('no-last-chunk-stall', NO_BODY, BODY_TIMEOUT),
  row('extra-bytes', OWN, { behind: status(String.raw`\u0000\u0000extra bytes`), closes: true }),
  row('unasked-answer', OWN, { closes: true }),
  row('unasked-keep', OWN, { closes: true }),
  row('unasked-bytes', OWN, { closes: true }),
  row('switching-protocols', ['ERR_PROTOCOL', 'asked for no upgrade (rule unexpected-upgrade)']),
  row('nul-in-field', ['ERR_PROTOCOL', '(rule nul)']),
  row('cr-in-field', ['ERR_PROTOCOL', '(rule bare-cr)']),
  row('nul-in-name', ['ERR_PROTOCOL', '(rule nul)']),
  row('no-colon', OWN),
  row('http-09', status('GET /x'), { post: status('POST /x') }),
  row('icy', status('ICY 200 OK')),
  row('no-status-line', status('X-First: 1')),
  row('no-bytes-of-http', status(String.raw`\u0016\u0003\u0001`)),
  row('cookie-rubbish', OWN),
]

export const FLOOD_ROWS: readonly Row[] = [
  row('interim-storm', ['ERR_LIMIT', 'maxInformational = 16']),
  row('endless-head', ['ERR_LIMIT', 'maxHeadSize = 65536']),
  row('many-fields', ['ERR_LIMIT', 'maxHeaderFields = 512']),
  row('endless-chunk-extension', ['ERR_LIMIT', 'maxChunkExtension = 4096']),
  row('many-chunk-extensions', ['ERR_LIMIT', 'maxChunkExtensions = 16384']),
  row('endless-trailers', ['ERR_LIMIT', 'maxHeaderFields = 512']),
  row('endless-body', ['ERR_LIMIT', 'maxBodySize = 100000'], { options: { maxBodySize: 100_000 } }),
  row({ kind: 'truncated-gzip', at: 0.5 }, ['ERR_DECODING', 'the gzip body is cut short']),
  row('damaged-gzip', ['ERR_DECODING', 'its checksum does not match']),
  row('gzip-bomb', ['ERR_LIMIT', 'decode to more than 8388608 bytes; raise maxDecodeRatio']),
  row('nested-gzip-bomb', ['ERR_LIMIT', 'decode to more than 8388608 bytes; raise maxDecodeRatio']),
  row('redirect-loop', ['ERR_REDIRECT', 'in a loop'], { sent: 2 }),
  row({ kind: 'redirect-chain', size: 3 }, OWN),
  row('refusal', [429, 'slow down\n']),
]
