import { damaged } from './coding.ts'

type Part = 'magic' | 'skipSize' | 'descriptor' | 'contentSize' | 'blockHeader' | 'skip' | 'done'

/**
 * Finds the end of a zstd frame (RFC 8878 section 3.1), in any split, without decoding it. node:zlib
 * says nothing of frames, stops after the first, and does not hold a frame whose last block is empty
 * to the size it tells.
 */
export class ZstdFrame {
  #part: Part = 'magic'
  /** The field being read, little-endian, and how many of its bytes are still to come. */
  #value = 0
  #read = 0
  #left = 4
  /** What comes after `skip`, and its length. */
  #next: Part = 'done'
  #nextLength = 0
  #checksum = false
  /** The decoded size as the frame tells it; -1: it does not. 0 for a skippable frame. */
  contentSize = -1

  get done(): boolean {
    return this.#part === 'done'
  }

  /** Takes bytes from `at` on; returns the place behind the last one taken. */
  push(bytes: Uint8Array, at: number): number {
    while (at < bytes.length && this.#part !== 'done') {
      if (this.#part === 'skip') {
        const count = Math.min(this.#left, bytes.length - at)
        at += count
        this.#left -= count
      } else {
        this.#value += bytes[at++]! * 256 ** this.#read++
        this.#left--
      }
      if (this.#left === 0) this.#field()
    }
    return at
  }

  /** Acts on a field that is whole. */
  #field(): void {
    const value = this.#value
    switch (this.#part) {
      case 'magic':
        this.#magic(value)
        break
      case 'skipSize':
        this.contentSize = 0
        this.#skip(value, 'done', 0)
        break
      case 'descriptor':
        this.#describe(value)
        break
      case 'contentSize':
        // Beyond 2^53 it is not exact, and no body is that long.
        this.contentSize = this.#read === 2 ? value + 256 : value
        this.#go('blockHeader', 3)
        break
      case 'blockHeader':
        this.#block(value)
        break
      case 'skip':
        this.#go(this.#next, this.#nextLength)
        break
      case 'done':
        break
    }
  }

  #go(part: Part, length: number): void {
    this.#part = part
    this.#value = 0
    this.#read = 0
    this.#left = length
  }

  #skip(length: number, next: Part, nextLength: number): void {
    if (length === 0) this.#go(next, nextLength)
    else this.#go('skip', length)
    this.#next = next
    this.#nextLength = nextLength
  }

  #magic(value: number): void {
    if (value === 0xfd2fb528) this.#go('descriptor', 1)
    else if (value >= 0x184d2a50 && value <= 0x184d2a5f) this.#go('skipSize', 4)
    else throw damaged('zstd', 'a frame does not begin with the zstd magic number')
  }

  /** The frame header: one byte says which of window, dictionary and content size follow. */
  #describe(descriptor: number): void {
    this.#checksum = (descriptor & 4) !== 0
    const window = (descriptor & 0x20) === 0 ? 1 : 0
    const dictionary = [0, 1, 2, 4][descriptor & 3]!
    const flag = descriptor >> 6
    const size = flag === 0 ? 1 - window : 2 ** flag
    if (size === 0) this.#skip(window + dictionary, 'blockHeader', 3)
    else this.#skip(window + dictionary, 'contentSize', size)
  }

  #block(value: number): void {
    const last = (value & 1) === 1
    const type = (value >> 1) & 3
    // Type 1 repeats one byte; type 3 is left for the decoder to refuse.
    const length = type === 1 ? 1 : value >> 3
    // libzstd takes it when it comes in pieces, and refuses it whole.
    if (type === 2 && length === 0) throw damaged('zstd', 'a compressed block is empty')
    if (!last) this.#skip(length, 'blockHeader', 3)
    else this.#skip(length + (this.#checksum ? 4 : 0), 'done', 0)
  }
}

/** Holds a frame to the size it tells. */
export function checkContentSize(frame: ZstdFrame, size: number): void {
  if (frame.contentSize !== -1 && frame.contentSize !== size) {
    throw damaged('zstd', `a frame tells ${frame.contentSize} bytes and has ${size}`)
  }
}
