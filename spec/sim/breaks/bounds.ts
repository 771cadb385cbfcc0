import type { Break } from './plant.ts'

/** What may be wrong with bounds, lies that are believed, credentials and what is told to whoever watches. */
export const BOUNDS: readonly Break[] = [
  {
    name: 'the first of two lengths believed',
    edits: [
      {
        file: 'lib/http1/framing.ts',
        find: "throw new ProtocolError('content-length', `Content-Length says several things: ${quote(value)}`)",
        replace: 'return Number.parseInt(value, 10)',
      },
    ],
  },
  {
    name: '1xx without end',
    edits: [
      {
        file: 'lib/http1/response-decoder.ts',
        find: '++this.#informational > LIMITS.maxInformational',
        replace: '++this.#informational > 1000',
      },
    ],
  },
  {
    name: 'a short body taken for whole',
    edits: [
      {
        file: 'lib/http1/response-decoder.ts',
        find: "if (this.#phase !== 'close' || !clean) return 'body'",
        replace: "if (this.#phase !== 'close' && this.#phase !== 'length') return 'body'",
      },
    ],
  },
  {
    name: 'bytes that answer nothing dropped after the first answer',
    edits: [
      {
        file: 'lib/scheduler/connection.ts',
        find: '    if (!answers) {',
        replace: '    if (!answers && this.served === 0) {',
      },
    ],
  },
  {
    name: 'load of a client IP kept after an abort',
    edits: [
      {
        file: 'lib/scheduler/connection.ts',
        find: '    x.flight!.muted = true\n    this.#owner.onEnded()\n',
        replace: '    x.flight!.muted = true\n',
      },
    ],
  },
  {
    name: 'no ratio',
    edits: [
      {
        file: 'lib/call/coding/decode-limits.ts',
        find: 'if (limits.maxDecodeRatio === Infinity) return Infinity',
        replace: 'return Infinity',
      },
    ],
  },
  {
    name: 'heads a hundred times as large',
    edits: [
      {
        file: 'lib/scheduler/scheduler.ts',
        find: 'maxHeadSize: options.maxHeadSize }',
        replace: 'maxHeadSize: 100 * options.maxHeadSize }',
      },
    ],
  },
  {
    name: 'one more in the queue',
    edits: [
      {
        file: 'lib/scheduler/scheduler.ts',
        find: '>= this.#options.maxQueued) {',
        replace: '> this.#options.maxQueued) {',
      },
    ],
  },
  {
    name: 'an upload that does not wait for the socket',
    edits: [
      {
        file: 'lib/scheduler/body-sender.ts',
        find: '|| this.#outlet.writeBody(data)) return',
        replace: '|| this.#outlet.writeBody(data) || true) return',
      },
    ],
  },
  {
    name: 'reading on though nobody takes it',
    edits: [
      {
        file: 'lib/scheduler/response-reader.ts',
        find: '      this.#setReading(false)\n',
        replace: '',
      },
    ],
  },
  {
    name: 'origin form for a proxy that is asked again',
    edits: [
      {
        file: 'lib/scheduler/request-writer.ts',
        find: 'target.absolute ? absoluteHead(x, all)',
        replace: 'target.absolute && x.attempt < 2 ? absoluteHead(x, all)',
      },
    ],
  },
  {
    name: 'a digest count used twice',
    edits: [
      {
        file: 'lib/call/auth/digest-auth.ts',
        find: 'count: ++proof.count',
        replace: 'count: proof.count || ++proof.count',
      },
    ],
  },
  {
    name: 'a token for every origin',
    edits: [
      {
        file: 'lib/call/auth/bearer.ts',
        find: "return this.#auth.isFor(origin) ? this.#auth.field : ''",
        replace: "return origin === '' ? '' : this.#auth.field",
      },
    ],
  },
  {
    name: 'AutoThrottle below its least delay',
    edits: [
      {
        file: 'lib/scheduler/auto-throttle.ts',
        find: 'Math.max(wanted, halfway, throttle.minDelay)',
        replace: 'wanted',
      },
    ],
  },
  {
    name: 'only "socket hang up"',
    edits: [
      {
        file: 'lib/scheduler/connection-errors.ts',
        find: '`${what} ${when}; it had answered ${served} exchanges before`',
        replace: "'socket hang up'",
      },
    ],
  },
]
