import type { Writable } from 'node:stream'
import type { BodySink, BodyStore } from './body-sink.ts'
import { FileError, reasonOf, systemCode } from './file-error.ts'

/** One body, written to standard output as it arrives. */
export class StdoutStore implements BodyStore, BodySink {
  readonly #stdout: Writable
  #hasWritten = false

  constructor(stdout: Writable) {
    this.#stdout = stdout
    // Each write reports its own failure; without a listener the event would end the process.
    stdout.on('error', () => undefined)
  }

  place(): BodySink {
    return this
  }

  write(chunk: Uint8Array): Promise<void> {
    this.#hasWritten ||= chunk.length > 0
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    this.#stdout.write(chunk, (error) => {
      if (error === null || error === undefined) resolve()
      else reject(new FileError('ERR_FILE', `standard output: ${stdoutReason(error)}`, error))
    })
    return promise
  }

  async restart(): Promise<boolean> {
    return !this.#hasWritten
  }

  commit(): string {
    return ''
  }

  async discard(): Promise<void> {
    // What went to standard output cannot be taken back: the exit code tells.
  }
}

function stdoutReason(error: Error): string {
  return systemCode(error) === 'EPIPE' ? 'its reader has gone' : reasonOf(error)
}
