import type { BodySink } from './body-sink.ts'

/** A file that stood there before and is kept: its item is done without a request. */
export class KeptFile implements BodySink {
  readonly thereAt: string

  constructor(path: string) {
    this.thereAt = path
  }

  write(): undefined {
    return undefined
  }

  async restart(): Promise<boolean> {
    return true
  }

  commit(): string {
    return this.thereAt
  }

  async discard(): Promise<void> {
    // It is not ours.
  }
}
