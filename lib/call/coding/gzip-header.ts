import { damaged } from './coding.ts'

const FHCRC = 2
const FEXTRA = 4
const FNAME = 8
const FCOMMENT = 16
const RESERVED = 0xe0

type Part = 'fixed' | 'extraLength' | 'extra' | 'name' | 'comment' | 'crc' | 'done'

/**
 * Reads over the header of a gzip member (RFC 1952 section 2.3), in any split. Names, times and the
 * header's own CRC are not looked at, as in browsers: no byte of the content depends on them.
 */
export class GzipHeader {
  #part: Part = 'fixed'
  /** Bytes of this part seen so far. */
  #seen: number
  #flags = 0
  #extra = 0

  /** `seen`: how many bytes of the magic number the caller has looked at and taken. */
  constructor(seen: 0 | 2 = 0) {
    this.#seen = seen
  }

  get done(): boolean {
    return this.#part === 'done'
  }

  /** Takes bytes from `at` on; returns the place behind the last one taken. */
  push(bytes: Uint8Array, at: number): number {
    while (at < bytes.length && this.#part !== 'done') this.#step(bytes[at++]!)
    return at
  }

  #step(byte: number): void {
    const seen = this.#seen++
    switch (this.#part) {
      case 'fixed':
        this.#fixed(seen, byte)
        break
      case 'extraLength':
        this.#extra |= byte << (8 * seen)
        if (seen === 1) this.#go(this.#extra > 0 ? 'extra' : 'name')
        break
      case 'extra':
        if (seen + 1 === this.#extra) this.#go('name')
        break
      case 'name':
        if (byte === 0) this.#go('comment')
        break
      case 'comment':
        if (byte === 0) this.#go('crc')
        break
      case 'crc':
        if (seen === 1) this.#go('done')
        break
      case 'done':
        break
    }
  }

  #fixed(seen: number, byte: number): void {
    if ((seen === 0 && byte !== 0x1f) || (seen === 1 && byte !== 0x8b)) {
      throw damaged('gzip', 'it does not begin with the gzip magic number')
    }
    if (seen === 2 && byte !== 8) throw damaged('gzip', `unknown compression method ${byte}`)
    if (seen === 3) {
      if ((byte & RESERVED) !== 0) throw damaged('gzip', 'reserved flags are set')
      this.#flags = byte
    }
    if (seen === 9) this.#go('extraLength')
  }

  /** Goes to `part`, or on to the first one after it that the flags announce. */
  #go(part: Part): void {
    const flags = this.#flags
    if (part === 'extraLength' && (flags & FEXTRA) === 0) part = 'name'
    if (part === 'name' && (flags & FNAME) === 0) part = 'comment'
    if (part === 'comment' && (flags & FCOMMENT) === 0) part = 'crc'
    if (part === 'crc' && (flags & FHCRC) === 0) part = 'done'
    this.#part = part
    this.#seen = 0
  }
}
