import type { Response, StreamResponse } from '../index.ts'

/** Where a body goes while it arrives. Ends with one of `commit`, `discard` and `leave`. */
export interface BodySink {
  /** The file of its name that stands there and is kept: nothing is to be fetched. */
  readonly thereAt?: string
  /** The path that an earlier try has left a part at, which can be gone on with; '': none. */
  readonly partAt?: string
  /** The answer whose body is written next, and what was asked for: the item's URL, or a mirror's. */
  begin?(response: Response | StreamResponse, url: URL): void
  /** A promise: wait for it before the next chunk, so that the disk slows the server down. */
  write(chunk: Uint8Array): Promise<void> | undefined
  /** Drops what was written, for a body that comes anew; false: it cannot be taken back. */
  restart(): Promise<boolean>
  /** All of the body is here. The file's path as reports show it; '' for none. */
  commit(): string | Promise<string>
  /** The body did not arrive whole; what there is of it goes. */
  discard(): Promise<void>
  /** The body broke off: keeps what can be gone on with. The path of the file it is a part of; '': there is nothing. */
  leave?(): Promise<string>
  /** The file was made in another way: its name is free for others. */
  finished?(): void
}

/** Where the bodies of a run go. */
export interface BodyStore {
  /**
   * A place for this URL's body; `out`: where the list says so, '' where it does not. Rejects with a FileError
   * when it is taken. Asked before the request is sent.
   */
  place(url: URL, out: string): BodySink | Promise<BodySink>
  /** Whether it can take anything at all now. */
  isWritable?(): Promise<boolean>
}
