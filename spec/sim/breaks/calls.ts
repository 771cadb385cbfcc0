import type { Break } from './plant.ts'

/** What calls may do wrong: their loops, jars, caches, paces and endings. */
export const CALLS: readonly Break[] = [
  {
    name: 'abort ignored while waiting',
    edits: [
      {
        file: 'lib/call/call.ts',
        find: '    this.cancel(new AbortError(this.#signal?.reason))',
        replace: '    if (!this.#attempt.isUnsent) this.cancel(new AbortError(this.#signal?.reason))',
      },
    ],
  },
  {
    name: 'total timeout ignored',
    edits: [
      {
        file: 'lib/call/call.ts',
        find: "    this.cancel(new TimeoutError('total', totalTimeout",
        replace: "    if (totalTimeout > 700) this.cancel(new TimeoutError('total', totalTimeout",
      },
    ],
  },
  {
    name: 'authorization kept cross-origin',
    edits: [
      {
        file: 'lib/call/request/request.ts',
        find: 'const without = hop.crossOrigin ? from.rules.secretFields : NONE',
        replace: 'const without = NONE',
      },
    ],
  },
  {
    name: 'user secret header kept',
    edits: [
      {
        file: 'lib/call/rules.ts',
        find: 'secretFields: new Set(secrets.map((name) => name.toLowerCase())),',
        replace: 'secretFields: new Set(SECRET_FIELDS),',
      },
    ],
  },
  {
    name: 'jar of the client IP, session ignored',
    edits: [
      {
        file: 'lib/call/request/request.ts',
        find: 'return this.#session(options) || target.clientIp',
        replace: 'return target.clientIp',
      },
    ],
  },
  {
    name: 'one jar for all',
    edits: [
      {
        file: 'lib/call/request/request.ts',
        find: 'return this.#context.jars?.jar(name) ?? null',
        replace: "return this.#context.jars?.jar(name && '') ?? null",
      },
    ],
  },
  {
    name: 'POST retried',
    edits: [{ file: 'lib/call/call.ts', find: '!(request.idempotent || isUnsent)', replace: 'false' }],
  },
  {
    name: 'retry budget ignored',
    edits: [
      {
        file: 'lib/call/history.ts',
        find: 'if (due === -1 || !retryBudget.take(target.key, now)) return -1',
        replace: 'if (due === -1) return -1',
      },
    ],
  },
  {
    name: 'one retry too many',
    edits: [
      {
        file: 'lib/call/history.ts',
        find: 'if (this.retries >= maxRetries ||',
        replace: 'if (this.retries > maxRetries ||',
      },
    ],
  },
  {
    name: 'Retry-After ignored by the call',
    edits: [
      {
        file: 'lib/call/retry.ts',
        find: 'const due = now + Math.max(backoffDelay(retries, random), retryAfter)',
        replace: 'const due = now + backoffDelay(retries, random)',
      },
    ],
  },
  {
    name: 'pause ignored',
    edits: [
      {
        file: 'lib/scheduler/pacing.ts',
        find: `    if (this.pausedUntil > now) return 0
`,
        replace: '',
      },
    ],
  },
  {
    name: 'gap ignored',
    edits: [
      {
        file: 'lib/scheduler/pacing.ts',
        find: 'return this.#lastStart + this.delay * this.#factor > now ? 0 : Math.min(1, room)',
        replace: 'return room',
      },
    ],
  },
  {
    name: 'window off by one',
    edits: [
      {
        file: 'lib/scheduler/pacing.ts',
        find: 'new StartWindow(requestsPerInterval, interval)',
        replace: 'new StartWindow(requestsPerInterval + 1, interval)',
      },
    ],
  },
  {
    name: 'between.leave forgotten at the end',
    edits: [
      {
        file: 'lib/call/call.ts',
        find: `      this.context.between.leave(this)
      const wentWell`,
        replace: '      const wentWell',
      },
    ],
  },
  {
    name: 'retry timer leaked',
    edits: [
      {
        file: 'lib/call/history.ts',
        find: `    if (this.retryTimer !== null) wheel.remove(this.retryTimer)
`,
        replace: '',
      },
    ],
  },
  {
    name: 'redirects off by one',
    edits: [
      {
        file: 'lib/call/redirect.ts',
        find: 'if (followed >= rules.maxRedirects) {',
        replace: 'if (followed > rules.maxRedirects) {',
      },
    ],
  },
  {
    name: '303 keeps POST',
    edits: [
      {
        file: 'lib/call/redirect.ts',
        find: "if (status === 303) return method === 'GET' || method === 'HEAD'",
        replace: 'if (status === 303) return true',
      },
    ],
  },
  {
    name: 'cache ignores whose it is',
    edits: [
      {
        file: 'lib/call/cache-request.ts',
        find: '    this.partition = partitionOf(request, client)',
        replace: '    this.partition = partitionOf(request, client).slice(0, 0)',
      },
    ],
  },
  {
    name: 'no-store is stored',
    edits: [
      {
        file: 'lib/cache/terms.ts',
        find: 'if (control.mustUnderstand ? !UNDERSTOOD.has(status) : control.noStore) return false',
        replace: '',
      },
    ],
  },
  {
    name: 'stale taken for fresh',
    edits: [
      {
        file: 'lib/cache/policy.ts',
        find: 'const isFresh = lifetime > age',
        replace: 'const isFresh = lifetime > age || lifetime > 0',
      },
    ],
  },
  {
    name: 'Vary ignored',
    edits: [
      {
        file: 'lib/cache/policy.ts',
        find: 'if (stored.variant === variant) found',
        replace: "if (stored.variant !== '\\0') found",
      },
    ],
  },
  {
    name: 'joined or stored answer of another URL',
    edits: [
      {
        file: 'lib/cache/cache-request.ts',
        find: 'return `${request.partition}\\n${request.url}`',
        replace: 'return `${request.partition}\\n${new URL(request.url).pathname}`',
      },
    ],
  },
  {
    name: 'abort listener kept',
    edits: [
      {
        file: 'lib/call/call.ts',
        find: `    this.#signal?.removeEventListener('abort', this)
`,
        replace: '',
      },
    ],
  },
  {
    name: 'client IP not kept over hops',
    edits: [
      {
        file: 'lib/call/request/request.ts',
        find: "if (kept !== '' && (family === 0 || family === ipFamily(kept))) return kept",
        replace: "if (kept !== '' && family === 1) return kept",
      },
    ],
  },
  {
    name: 'bind failure not moved from',
    edits: [
      {
        file: 'lib/call/call.ts',
        find: 'if (!isAddressTrouble(error) || !this.#attempt.isUnsent) return false',
        replace: 'return false',
      },
    ],
  },
  {
    name: 'jar not asked at hops',
    edits: [
      {
        file: 'lib/call/request/request.ts',
        find: "sendsCookies: jar !== null && fieldOf(fields, 'cookie') === null,",
        replace: 'sendsCookies: false,',
      },
    ],
  },
  {
    name: 'basic credentials to all origins',
    edits: [
      {
        file: 'lib/call/auth/basic.ts',
        find: "return this.#origins.has(origin) ? this.#field : ''",
        replace: "return origin === '' ? '' : this.#field",
      },
    ],
  },
  {
    name: 'stage.end forgotten',
    edits: [
      {
        file: 'lib/call/history.ts',
        find: `wentWell: boolean): void {
    this.stage?.end()
`,
        replace: `wentWell: boolean): void {
`,
      },
    ],
  },
  {
    name: 'callEnd twice',
    edits: [
      {
        file: 'lib/call/call.ts',
        find: '    if (channels.callEnd.hasSubscribers) channels.callEnd.publish({ ...this.#event(), error })',
        replace:
          '    if (channels.callEnd.hasSubscribers) { channels.callEnd.publish({ ...this.#event(), error }); if (this.history !== null && this.history.retries > 0) channels.callEnd.publish({ ...this.#event(), error }) }',
      },
    ],
  },
  {
    name: 'Secure cookies over http',
    edits: [
      {
        file: 'lib/cookies/target-view.ts',
        find: `    if (secure && !this.secure) return false
`,
        replace: `    if (secure && domain === '') return false
`,
      },
      {
        file: 'lib/cookies/jar.ts',
        find: 'if (parsed.secure && !view.secure)',
        replace: "if (parsed.secure && !view.secure && view.host === '')",
      },
    ],
  },
]
