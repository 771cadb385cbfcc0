/** A body came whole, and is not what it should be. Nothing of it is kept. */
export class ChecksumError extends Error {
  readonly code = 'ERR_CHECKSUM' as const

  /** `of`: what said so: an item, or a field of the answer. `expected`, `actual`: digests in hex. */
  constructor(algorithm: string, of: string, expected: string, actual: string) {
    super(
      `the body has ${algorithm} ${actual}; ${of} says ${expected}: it is damaged or another version, and was not kept`,
    )
    this.name = 'ChecksumError'
  }
}
