import type { Break } from './plant.ts'

/** What exchanges, connections and pools may do wrong. */
export const EXCHANGES: readonly Break[] = [
  {
    name: 'answers shifted',
    edits: [
      {
        file: 'lib/scheduler/connection.ts',
        find: `    this.#inFlight.push(x)
`,
        replace: `    this.#inFlight.unshift(x)
`,
      },
    ],
  },
  {
    name: 'per-target limit off by one',
    edits: [
      {
        file: 'lib/scheduler/pool.ts',
        find: '      this.#connections.length < this.#settings.maxConnPerTarget &&',
        replace: '      this.#connections.length <= this.#settings.maxConnPerTarget &&',
      },
      {
        file: 'lib/scheduler/pool.ts',
        find: '    const isFull = this.#connections.length >= this.#settings.maxConnPerTarget',
        replace: '    const isFull = this.#connections.length > this.#settings.maxConnPerTarget',
      },
    ],
  },
  {
    name: 'maxConn off by one',
    edits: [
      {
        file: 'lib/scheduler/scheduler.ts',
        find: 'if (isFirst && this.#connections < this.#options.maxConn) {',
        replace: 'if (isFirst && this.#connections <= this.#options.maxConn) {',
      },
    ],
  },
  {
    name: 'failed dial wakes nobody',
    edits: [
      {
        file: 'lib/scheduler/pool.ts',
        find: `    this.#owner.onConnectionGone(this, connection)
    this.#owner.schedule(this)
  }

  onClosed`,
        replace: `    this.#owner.onConnectionGone(this, connection)
  }

  onClosed`,
      },
    ],
  },
  {
    name: 'slot of a closed connection lost',
    edits: [
      {
        file: 'lib/scheduler/scheduler.ts',
        find: `    this.#connections--
    this.#idle.forget`,
        replace: '    this.#idle.forget',
      },
    ],
  },
  {
    name: 'POST resent',
    edits: [
      {
        file: 'lib/core/exchange.ts',
        find: 'return request.idempotent && (request.body === null || request.body.replayable)',
        replace: 'return request.body === null || request.body.replayable',
      },
    ],
  },
  {
    name: 'POST pipelined',
    edits: [
      {
        file: 'lib/core/exchange.ts',
        find: 'if (!request.idempotent || request.streamed',
        replace: 'if (request.streamed',
      },
    ],
  },
  {
    name: 'pipelined before the first answer',
    edits: [
      {
        file: 'lib/scheduler/connection.ts',
        find: `      this.#keepAlive.proven &&
`,
        replace: '',
      },
    ],
  },
  {
    name: 'timer leaked',
    edits: [
      {
        file: 'lib/scheduler/connection.ts',
        find: `    this.#deadline.remove()
`,
        replace: '',
      },
    ],
  },
  {
    name: 'view kept, whole body',
    edits: [
      {
        file: 'lib/call/response/body-collector.ts',
        find: `      this.#bytes.set(chunk, this.size)
`,
        replace: `      if (this.size === 0 && end === this.#bytes.length) this.#bytes = chunk as Buffer<ArrayBuffer>
      else this.#bytes.set(chunk, this.size)
`,
      },
    ],
  },
  {
    name: 'view kept, streamed body',
    edits: [
      {
        file: 'lib/call/response/body-queue.ts',
        find: '      resolve({ done: false, value })',
        replace: '      resolve({ done: false, value: chunk as Buffer<ArrayBuffer> })',
      },
    ],
  },
  {
    name: 'bytes on an idle connection kept quiet',
    edits: [
      {
        file: 'lib/scheduler/connection.ts',
        find: '    if (!answers) {',
        replace: '    if (!answers && this.#inFlight.size > 0) {',
      },
    ],
  },
  {
    name: 'idle connections stay referenced',
    edits: [
      {
        file: 'lib/scheduler/connection.ts',
        find: `      if (this.#referenced) this.#wire!.unref()
`,
        replace: '',
      },
    ],
  },
  {
    name: 'unclean end taken for clean',
    edits: [
      {
        file: 'lib/scheduler/response-reader.ts',
        find: 'this.#decoder.end(clean)',
        replace: 'this.#decoder.end(true)',
      },
    ],
  },
  {
    name: 'wire left open',
    edits: [
      {
        file: 'lib/scheduler/connection.ts',
        find: `    this.#wire?.destroy()
`,
        replace: '',
      },
    ],
  },
  {
    name: 'one error for all',
    edits: [
      {
        file: 'lib/scheduler/connection.ts',
        find: 'for (const x of failed) this.#fail(x, makeError())',
        replace: 'const shared = makeError(); for (const x of failed) this.#fail(x, shared)',
      },
    ],
  },
  {
    name: 'error outside the taxonomy',
    edits: [
      {
        file: 'lib/scheduler/connection-errors.ts',
        find: 'return new ConnectionClosedError(',
        replace: 'return new Error(',
      },
    ],
  },
  {
    name: 'depth off by one, both places',
    edits: [
      {
        file: 'lib/scheduler/connection.ts',
        find: 'this.#inFlight.size < depth',
        replace: 'this.#inFlight.size <= depth',
      },
      { file: 'lib/scheduler/ready-list.ts', find: 'this.#least < depth', replace: 'this.#least <= depth' },
    ],
  },
  {
    name: 'newcomers first',
    edits: [
      {
        file: 'lib/scheduler/waiting-queue.ts',
        find: '    this.#level(x.request.priority).push(x)',
        replace: '    this.#level(x.request.priority).unshift(x)',
      },
    ],
  },
]
