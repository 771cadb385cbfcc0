import type { Break } from './plant.ts'

/** What may be wrong with what a client may do in all. */
export const CAPS: readonly Break[] = [
  {
    name: 'cap: sent as soon as there is a turn, whatever was sent just before',
    edits: [
      {
        file: 'lib/scheduler/total-pace.ts',
        find: 'if (this.#sent.room(this.#context.now) > 0) return true',
        replace: 'if (turn.turns > 0) return true',
      },
    ],
  },
  {
    name: 'cap: turns of pools that are gone are waited for',
    edits: [
      {
        file: 'lib/scheduler/total-pace.ts',
        find: '    if (turn.called) this.#called--\n    turn.called = false\n    if (turn.blocked) {',
        replace: '    turn.called = false\n    if (turn.blocked) {',
      },
    ],
  },
  {
    name: 'cap: not asked where a connection sends anew',
    edits: [
      {
        file: 'lib/scheduler/connection.ts',
        find: '    if (!this.#writer.pending) return\n    this.#reader.takeTurn()\n',
        replace: '    if (!this.#writer.pending) return\n',
      },
    ],
  },
  {
    name: 'cap: debts forgiven',
    edits: [
      {
        file: 'lib/scheduler/download-rate.ts',
        find: '    this.#tokens -= bytes\n',
        replace: '    this.#tokens = Math.max(0, this.#tokens - bytes)\n',
      },
    ],
  },
  {
    name: 'cap: the server is late while this side does not read',
    edits: [
      {
        file: 'lib/scheduler/deadline.ts',
        find: '    this.#held = on\n',
        replace: '    this.#held = false\n',
      },
    ],
  },
  {
    name: 'cap: a connection that is closed keeps its place in line',
    edits: [
      {
        file: 'lib/scheduler/response-reader.ts',
        find: '    this.#gate?.leave()\n',
        replace: '',
      },
    ],
  },
]
