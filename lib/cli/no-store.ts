import type { BodySink, BodyStore } from './body-sink.ts'

/** For HEAD, whose answers have no body: nothing is stored. */
export class NoStore implements BodyStore, BodySink {
  place(): BodySink {
    return this
  }

  write(): undefined {
    return undefined
  }

  async restart(): Promise<boolean> {
    return true
  }

  commit(): string {
    return ''
  }

  async discard(): Promise<void> {
    // Nothing was kept.
  }
}
