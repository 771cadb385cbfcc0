import { type Guard, guardsOf } from './guard.ts'

const SECRETS = 'security/secrets'
const NAMES = 'security/names'
const FILES = 'security/files'
const LEAKS = 'client/leaks'
const COOKIES = 'cookies/leaks'

/** What keeps credentials, cookies and answers with those whom they belong to. */
export const SECRET_GUARDS: readonly Guard[] = [
  ...guardsOf('call/request/request.ts', [
    [
      'secret fields over redirects',
      'const without = hop.crossOrigin ? from.rules.secretFields : NONE',
      'const without = NONE',
      LEAKS,
    ],
    [
      'client certificates over redirects',
      'hop.crossOrigin ? withoutKeys(from.options) : from.options',
      'from.options',
      'call/redirect-requests',
    ],
  ]),
  ...guardsOf('call/auth/basic.ts', [
    [
      'basic credentials of other origins',
      "this.#origins.has(origin) ? this.#field : ''",
      'this.#field',
      LEAKS,
      'auth basic',
    ],
  ]),
  ...guardsOf('call/auth/bearer.ts', [
    [
      'tokens of other origins',
      "return this.#auth.isFor(origin) ? this.#auth.field : ''",
      'return this.#auth.field',
      'call/auth/bearer-wire',
    ],
  ]),
  ...guardsOf('call/auth/digest-auth.ts', [
    ['digests of other origins', 'if (!this.#auth.isFor(origin)) return false', '', 'call/auth/digest-auth'],
  ]),
  ...guardsOf('call/retried-request.ts', [
    [
      'secret fields over a retry elsewhere',
      'isElsewhere ? withoutSecrets(request, given) : given',
      'given',
      LEAKS,
      'an Authorization field',
    ],
    [
      'names of fields that are tried again',
      'Object.create(null) as Headers',
      '{} as Headers',
      NAMES,
      'tried again',
    ],
  ]),
  ...guardsOf('call/cache-request.ts', [
    ['answers of others', 'parts.push(`${name} ${value}`)', 'void 0', 'client/leaks-cache'],
    [
      'answers for other jars',
      'if (jar !== null) parts.push(`jar ${jars} ${jarName}`)',
      '',
      'client/leaks-cache',
    ],
  ]),
  ...guardsOf('net/proxy.ts', [
    [
      'credentials of a proxy in its name',
      "const user = password === '' ? '' : `${shownUser}@`",
      'const user = `${shownUser}:${password}@`',
      'net/proxy',
    ],
  ]),
  ...guardsOf('cookies/admission.ts', [
    [
      'cookies for public suffixes',
      'return domain === registrable || domain.endsWith(`.${registrable}`) ? domain : null',
      'return domain',
      COOKIES,
    ],
    ['prefixes of cookies', 'if (prefix !== undefined && !secure)', 'if (false)', COOKIES],
    [
      'Secure cookies hidden by http',
      'if (domainMatches(own, one.domain!) || domainMatches(one.domain!, own)) return true',
      '',
      COOKIES,
    ],
  ]),
  ...guardsOf('cookies/target-view.ts', [
    ['Secure cookies over http', 'if (secure && !this.secure) return false', '', COOKIES],
    [
      'cookies of one host',
      'return hostOnly === true ? domain === this.host : domainMatches(this.host, domain!)',
      'return domainMatches(this.host, domain!)',
      COOKIES,
    ],
    [
      'a Cookie field of any size',
      'return longer.length > LIMITS.maxCookieHeader ? header : longer',
      'return longer',
      'security/floods',
      'cookies without end',
    ],
  ]),
  ...guardsOf('cookies/cookie-store.ts', [
    [
      'cookies of any number',
      'if (site.size > Math.min(LIMITS.maxCookiesPerSite, this.#maxCookies)) this.#thinOut(site, now)',
      '',
      'security/floods',
      'cookies without end',
    ],
  ]),
  ...guardsOf('cookies/set-cookie.ts', [
    [
      'a cookie of any size',
      'if (name.length + value.length > LIMITS.maxCookieSize) {',
      'if (false) {',
      'security/floods',
      'too long',
    ],
  ]),
  ...guardsOf('cookies/stored-cookie.ts', [
    ['hosts of __Host- in files', "|| prefix === 'host' ||", '||', 'security/cookies'],
    [
      'Secure for prefixes in files',
      'stored.secure || prefix !== undefined',
      'stored.secure',
      'security/cookies',
    ],
  ]),
  // --- what is printed -----------------------------------------------------------------------
  ...guardsOf('core/debug.ts', [
    [
      'fields in debug output',
      'return text.replaceAll(this.#pattern, `$1$2 ${HIDDEN}`)',
      'return text',
      SECRETS,
      'an answer tells',
    ],
    [
      'fields that a read has cut',
      'const whole = begun + part',
      'const whole = part',
      SECRETS,
      'debug: stream',
    ],
    [
      'fields over several lines',
      "(begun !== '' || /^[ \\t]/.test(part))",
      "begun !== ''",
      SECRETS,
      'debug: stream',
    ],
  ]),
  ...guardsOf('http1/grammar.ts', [
    [
      'cookies in errors',
      'quote(secret === null ? line : `${secret[0]}: [hidden]`)',
      'quote(line)',
      SECRETS,
      'a NUL in a cookie',
    ],
  ]),
  ...guardsOf('call/response/response.ts', [
    ['what was sent, in a logged response', '#exchange', 'exchange_', SECRETS, 'an answer tells'],
    ['what was sent last, in a logged response', '#flight', 'flight_', SECRETS, 'an answer tells'],
  ]),
  ...guardsOf('core/shown-url.ts', [
    ['passwords in URLs', 'return cut(at === -1 ? text', 'return cut(true ? text', SECRETS, 'a bad argument'],
    [
      'passwords in what is no URL',
      "const isUrl = URL.canParse(text, 'http://localhost')",
      'const isUrl = true',
      SECRETS,
      'a bad argument',
    ],
  ]),
  ...guardsOf('jobs/item-url.ts', [
    [
      'passwords on the command line',
      'return shown.length > MAX_SHOWN ? `${shown.slice(0, MAX_SHOWN)}...` : shown',
      'return text',
      SECRETS,
      'on the command line',
    ],
  ]),
  // --- names ---------------------------------------------------------------------------------
  ...guardsOf('call/request/request-fields.ts', [
    [
      'names of fields that pass middleware',
      'Object.create(null) as Record<string, string | number | readonly string[] | null>',
      '{}',
      NAMES,
      'middleware',
    ],
  ]),
  ...guardsOf('call/request/options.ts', [
    ['options that do not exist', 'if (check === undefined) {', 'if (false) {', 'call/request/options'],
  ]),
]

/** What keeps files where they belong. */
export const FILE_GUARDS: readonly Guard[] = [
  ...guardsOf('cli/file-names.ts', [
    [
      'dots and dashes in front',
      "safe.startsWith('.') || safe.startsWith('-') || RESERVED",
      'RESERVED',
      FILES,
      'a name out of a URL',
    ],
    ['devices of Windows', ' || RESERVED.test(safe)', '', FILES, 'a name out of a URL'],
    ['dots at the end', "if (safe.endsWith('.'))", 'if (false)', FILES, 'a name out of a URL'],
    ['odd characters', 'escape(segment, UNSAFE)', 'segment', FILES, 'a name out of a URL'],
    [
      'names of any size',
      'return folded.length <= CLI_LIMITS.maxNameLength ? folded',
      'return true ? folded',
      FILES,
      'a name out of a URL',
    ],
    [
      'paths of any size',
      'if (length <= CLI_LIMITS.maxPathLength)',
      'if (true)',
      FILES,
      'a name out of a URL',
    ],
  ]),
  ...guardsOf('cli/output-file.ts', [
    [
      'a link at a name',
      'await rename(this.#part, path)',
      "await (await import('node:fs/promises')).copyFile(this.#part, path)",
      FILES,
      'does not write through a link that stands at the name',
    ],
  ]),
  ...guardsOf('cli/store-at-once.ts', [
    [
      'a link at the name of a small file',
      'renameSync(part, path)',
      'writeFileSync(path, body)',
      FILES,
      'does not write through a link that stands at the name',
    ],
  ]),
  ...guardsOf('jobs/part-file.ts', [
    [
      'a part that is a link',
      'constants.O_RDWR | (constants.O_NOFOLLOW ?? 0)',
      "'r+'",
      FILES,
      'does not go on',
    ],
    [
      'a part in the place of a link',
      "return await open(this.#part, 'wx')",
      "return await open(this.#part, 'w')",
      FILES,
      '.trawl-part',
    ],
  ]),
  ...guardsOf('jobs/part-record.ts', [
    ['a record in the place of a link', 'await rm(beside, { force: true })\n    ', '', FILES, 'its record'],
  ]),
]
