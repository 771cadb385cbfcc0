/** One request of a job, as its input gives it. Whatever a program can read from JSON can be one. */
export interface JobItem {
  /** Absolute, http or https. */
  readonly url: string
  /** Other URLs of the same content, tried in turn when the ones before have failed for good. */
  readonly mirrors?: readonly string[] | undefined
  /** Default GET. */
  readonly method?: string | undefined
  /** On top of the client's own, and instead of those of the same name. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>> | undefined
  readonly body?: string | undefined
  /** The body's file, relative to the output folder; default: made of the URL. */
  readonly out?: string | undefined
  /** Which of the client's IPs it is asked from. */
  readonly clientIp?: string | undefined
  /** What the body must have: `sha-256=` and hex or base64 digits; also sha-512, sha-384, sha-1 and md5. */
  readonly checksum?: string | undefined
  /** Items of a session share a jar, and stick to one client IP. */
  readonly session?: string | undefined
  /** -10 to 10; higher ones go first. Default 0. */
  readonly priority?: number | undefined
  /** Whatever the user wants to find again in the report. */
  readonly meta?: unknown
}

/** One entry of an input: what is to be fetched, or why it cannot be. */
export interface InputItem {
  /** As it was given; the beginning of it, where it is too long to be one. */
  readonly url: string
  /** Its line in the input, from 1, or its number where the input has no lines; 0: it came with the command. */
  readonly line: number
  /** null: a plain GET of `url`, which is most of them. */
  readonly item: JobItem | null
  /** What is wrong with it, in words; '' when nothing is. */
  readonly problem: string
}
