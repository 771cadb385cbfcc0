import { type Guard, guardsOf } from './guard.ts'

const INJECTION = 'security/injection'
const SMUGGLING = 'security/smuggling'
const ENCODER = 'http1/request-encoder'

/** What keeps a request one request, and its lines those that were meant. */
export const REQUEST_GUARDS: readonly Guard[] = [
  ...guardsOf('http1/request-encoder.ts', [
    ['no control characters in values', 'if (code < 128) {', 'if (false) {', INJECTION, 'a value of X-A'],
    ['Latin-1 in values', 'if (code > 255) {', 'if (false) {', INJECTION, 'a value of X-A'],
    [
      'tokens for names',
      "typeof name !== 'string' || !isToken(name)",
      'false',
      INJECTION,
      'a name of a field',
    ],
    ['texts for values', "if (typeof value !== 'string') {", 'if (false) {', ENCODER, 'toString changes'],
    ['tokens for methods', "typeof method === 'string' && isToken(method)", 'true', INJECTION, 'a method'],
    ['visible ASCII for paths', 'if (code <= 32 || code >= 127) {', 'if (false) {', ENCODER, 'request line'],
    [
      'no framing field twice',
      'if (seen.includes(field)) {',
      'if (false) {',
      SMUGGLING,
      'framing of a request',
    ],
    [
      'no length beside a coding',
      "if (seen.includes('content-length') && seen.includes('transfer-encoding')) {",
      'if (false) {',
      ENCODER,
      'Content-Length and Transfer-Encoding',
    ],
    [
      'framing fields in any case',
      'const lower = name.toLowerCase()',
      'const lower = name',
      SMUGGLING,
      'two lengths',
    ],
  ]),
  ...guardsOf('call/request/form-data.ts', [
    ['names of parts', 'name="${escape(lineEnds(name))}"', 'name="${name}"', INJECTION, 'a name in a form'],
    [
      'names of files',
      'filename="${escape(name)}"',
      'filename="${name}"',
      INJECTION,
      'a file that lies about its name',
    ],
    [
      'types of files',
      '|| !/^[\\u0020-\\u007e]*$/.test(type)',
      '',
      INJECTION,
      'a file that lies about its type',
    ],
  ]),
  ...guardsOf('call/request/own-fields.ts', [
    [
      'cookies pass the serializer',
      "encoder.serializeFields([['Cookie', cookies]])",
      '`Cookie: ${cookies}\\r\\n`',
      INJECTION,
      'a jar that gives',
    ],
    [
      'credentials pass the serializer',
      "encoder.serializeFields([['Authorization', value]])",
      '`Authorization: ${value}\\r\\n`',
      'call/request/own-fields',
    ],
  ]),
  ...guardsOf('cookies/adopted-jar.ts', [
    [
      'cookies of other libraries',
      "characterProblem(text) === ''",
      'true',
      INJECTION,
      'a jar of tough-cookie',
    ],
  ]),
  ...guardsOf('call/auth/digest.ts', [
    [
      'no control characters in challenges',
      "if (hasControls(realm + nonce + (params.get('opaque') ?? ''))) return null",
      '',
      INJECTION,
      'a challenge',
    ],
  ]),
  ...guardsOf('cookies/set-cookie.ts', [
    ['no control characters in cookies', "if (bad !== '') return bad", '', INJECTION, 'Set-Cookie'],
  ]),
  ...guardsOf('cache/policy.ts', [
    [
      'validators that can be sent',
      'return /^[\\t\\u0020-\\u007e\\u0080-\\u00ff]+$/.test(value)',
      "return value !== ''",
      INJECTION,
      'a stored version',
    ],
  ]),
  ...guardsOf('net/proxy-connect.ts', [
    [
      'hosts for CONNECT',
      'if (/[^\\u0021-\\u007e]/.test(this.#authority)) {',
      'if (false) {',
      'net/proxy-connect',
      'lines of its own',
    ],
    [
      'a head of a proxy is bounded',
      'if (this.#received + (end === -1 ? text.length : 0) > LIMITS.maxProxyHead) {',
      'if (false) {',
      'net/proxy-connect',
      'by answer',
    ],
  ]),
  ...guardsOf('call/request/option-checks.ts', [
    [
      'client IPs are addresses',
      "['clientIp', ipAddress]",
      "['clientIp', anything]",
      'call/request/request',
      'a client IP',
    ],
  ]),
  ...guardsOf('call/request/request-body.ts', [
    [
      'only "chunked" for a coding',
      "String(value).toLowerCase() === 'chunked' && body.length === -1",
      'true',
      SMUGGLING,
      'framing of a request',
    ],
    [
      'a coding needs a body',
      "if (chunked) throw new ArgumentError('Transfer-Encoding is set, but there is no body to send')",
      '',
      SMUGGLING,
      'framing of a request',
    ],
    ['a length needs a body', 'if (length > 0) throw', 'if (false) throw', SMUGGLING, 'a longer length'],
  ]),
  ...guardsOf('call/request/body.ts', [
    [
      'the announced length of bytes',
      'checkLength(bytes.length, contentLength)',
      '',
      'call/request/body',
      'is refused at once',
    ],
  ]),
  ...guardsOf('call/request/body-source.ts', [
    [
      'no more than was announced',
      'if (this.#length !== -1 && this.#sent > this.#length) {',
      'if (false) {',
      SMUGGLING,
      'a shorter length',
    ],
  ]),
]

const URLS = 'security/urls'

/** What says where a request may go. */
export const PLACE_GUARDS: readonly Guard[] = [
  ...guardsOf('call/request/url.ts', [
    ['only http and https', "if (scheme !== 'http' && scheme !== 'https') {", 'if (false) {', URLS, 'a URL'],
    [
      'dots are not plain',
      'if (code === 46 /* . */ && url.charCodeAt(i - 1) === 47 /* slash */) return false',
      '',
      'call/request/url',
    ],
    [
      'encoded dots are not plain',
      'if (code === 37 /* % */ && url.charCodeAt(i + 1) === 50 /* 2 */) return false',
      '',
      'call/request/url',
    ],
    [
      'backslashes are not plain',
      'if (code > 127 || PLAIN[code] === 0) return false',
      'if (code > 127) return false',
      URLS,
      'a URL',
    ],
  ]),
  ...guardsOf('call/redirect.ts', [
    [
      'redirects to other schemes',
      "if (to.protocol !== 'http:' && to.protocol !== 'https:') refuse('only http and https are followed')",
      '',
      URLS,
      'is followed by nobody',
    ],
    ['https to http', '&& !rules.allowInsecureRedirect) {', '&& false) {', URLS, 'stops before http'],
    ['a bound for redirects', 'if (followed >= rules.maxRedirects) {', 'if (false) {', 'call/redirect'],
    ['loops', 'if (visits > 1 + LIMITS.maxRedirectRepeats) {', 'if (false) {', 'client/redirects'],
    [
      'several Locations',
      'if (all.some((location) => location !== first)) {',
      'if (false) {',
      'call/redirect',
    ],
    [
      'another origin is another',
      'crossOrigin: to.origin !== from.origin,',
      'crossOrigin: to.host !== from.host,',
      'call/redirect',
    ],
  ]),
]

const TLS = 'net/verification'

/** What says whom a connection is with. */
export const CONNECTION_GUARDS: readonly Guard[] = [
  ...guardsOf('net/address-guard.ts', [
    [
      'private addresses',
      "bytes === null ? 'no address' : this.#ruleAgainst(bytes)",
      'null',
      'net/address-guard',
    ],
    [
      'IPv4 inside IPv6',
      'if (denied !== null) return `${denied}, inside an IPv6 address`',
      '',
      'net/address-guard',
    ],
    [
      'one address of several',
      'found.filter(({ address }) => policy.denies(address) === null)',
      'found',
      'net/address-guard',
    ],
  ]),
  ...guardsOf('net/tls.ts', [
    [
      'certificates',
      'rejectUnauthorized: tls.rejectUnauthorized !== false',
      'rejectUnauthorized: false',
      TLS,
    ],
    [
      'sessions that nobody verified',
      '${serverName(dial, tls)} ${verified} ',
      '${serverName(dial, tls)} ',
      'net/tls',
    ],
    [
      'the host of a certificate',
      "if (check === undefined && tls.servername !== '') return null",
      'return () => undefined',
      TLS,
    ],
  ]),
  ...guardsOf('scheduler/body-rate.ts', [
    [
      'a body that drips',
      'if (stoodStill || this.bytes * 1000 >= this.#rate * this.#window)',
      'if (true)',
      'client/body-rate',
    ],
  ]),
  ...guardsOf('core/own-options.ts', [
    [
      'a polluted prototype',
      'Object.setPrototypeOf(OwnOptions.prototype, null)',
      '',
      'client/prototype/prototype',
    ],
  ]),
]
