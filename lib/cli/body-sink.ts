/** Where a body goes while it arrives. Ends with one of `commit` and `discard`. */
export interface BodySink {
  /** A promise: wait for it before the next chunk, so that the disk slows the server down. */
  write(chunk: Uint8Array): Promise<void> | undefined
  /** Drops what was written, for a body that comes anew; false: it cannot be taken back. */
  restart(): Promise<boolean>
  /** All of the body is here. The file's path as reports show it; '' for none. */
  commit(): string | Promise<string>
  /** The body did not arrive whole; what there is of it goes. */
  discard(): Promise<void>
}

/** Where the bodies of a run go. */
export interface BodyStore {
  /** A place for this URL's body. Rejects with a FileError when it is taken. Asked before the request is sent. */
  place(url: URL): BodySink | Promise<BodySink>
}
