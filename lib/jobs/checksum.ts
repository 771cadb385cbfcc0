import type { Hash } from 'node:crypto'
import { createHash } from '../core/crypto.ts'
import { nearestName } from '../core/nearest-name.ts'

/** A hash as the fields and the files name it, without dashes, in lower case. */
export type ChecksumAlgorithm = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512'

/** What some bytes must hash to. */
export interface Checksum {
  readonly algorithm: ChecksumAlgorithm
  readonly digest: Uint8Array
}

/** The response fields that may carry a checksum. */
export type DigestField = 'content-digest' | 'repr-digest' | 'digest'

/** Bytes of each digest; the strongest first. */
const SIZES: ReadonlyMap<string, number> = new Map<ChecksumAlgorithm, number>([
  ['sha512', 64],
  ['sha384', 48],
  ['sha256', 32],
  ['sha224', 28],
  ['sha1', 20],
  ['md5', 16],
])

/** The names to write, also those of aria2's `checksum=`. */
const NAMES = ['sha-256', 'sha-512', 'sha-384', 'sha-224', 'sha-1', 'md5']

/**
 * A checksum as a person writes it: `sha-256=` and hex digits, or base64 (its URL alphabet too, padded or not).
 * The name may be in any case, with or without its dash. Gives what is wrong with it, with the remedy, where
 * it is none.
 */
export function parseChecksum(text: string): Checksum | string {
  const at = text.indexOf('=')
  if (at === -1)
    return `the checksum ${shown(text)} has no name; write it as in sha-256=, then hex or base64 digits`
  const name = text.slice(0, at).trim()
  const algorithm = algorithmOf(name)
  if (algorithm === null) {
    return `the checksum ${shown(name)} is not known; did you mean ${nearestName(name, NAMES)}? Known are ${NAMES.join(', ')}`
  }
  const size = SIZES.get(algorithm)!
  const digest = parseDigits(text.slice(at + 1).trim(), size)
  if (digest !== null) return { algorithm, digest }
  return `the checksum ${shown(text)} does not have ${size} bytes as hex or base64 digits; copy it again`
}

/**
 * The checksums of a response field, those that are known, the strongest first. Empty where the field is not
 * well-formed: a field that cannot be read must not make a whole body look damaged.
 *
 * `Content-Digest` is of the content of one response, as it came: of a 206, the part. `Repr-Digest` is of the
 * whole file in its content coding, also with a 206. Both by RFC 9530, where only sha-256 and sha-512 are safe.
 * `Digest` is RFC 3230's, of the whole file in its content coding; md5 and sha are known there too.
 */
export function parseDigestField(field: DigestField, value: string): Checksum[] {
  const found = field === 'digest' ? parseOldDigest(value) : parseDictionary(value)
  return [...found.values()].toSorted((a, b) => b.digest.length - a.digest.length)
}

/** Is fed the bytes, and says whether they are the ones. */
export class ChecksumVerifier {
  readonly checksum: Checksum
  readonly #hash: Hash
  #actual: Buffer | null = null

  constructor(checksum: Checksum) {
    this.checksum = checksum
    this.#hash = createHash(checksum.algorithm)
  }

  update(bytes: Uint8Array): void {
    this.#hash.update(bytes)
  }

  /** Whether all that was fed has the checksum. No more can be fed after it. */
  matches(): boolean {
    return this.#digest().equals(this.checksum.digest)
  }

  /** What the bytes hash to, in hex, for a message. No more can be fed after it. */
  actual(): string {
    return this.#digest().toString('hex')
  }

  #digest(): Buffer {
    this.#actual ??= this.#hash.digest()
    return this.#actual
  }
}

function algorithmOf(name: string): ChecksumAlgorithm | null {
  const plain = name.toLowerCase().replace('-', '')
  // RFC 3230 calls SHA-1 `SHA`.
  const algorithm = plain === 'sha' ? 'sha1' : plain
  return SIZES.has(algorithm) ? (algorithm as ChecksumAlgorithm) : null
}

function parseDigits(text: string, size: number): Uint8Array | null {
  if (text.length === size * 2 && /^[0-9a-f]*$/iu.test(text)) return Buffer.from(text, 'hex')
  return parseBase64(text, size)
}

function parseBase64(text: string, size: number): Uint8Array | null {
  const bare = text.replace(/={1,2}$/u, '')
  if (!/^[A-Za-z0-9+/_-]*$/u.test(bare) || bare.length !== Math.ceil((size * 4) / 3)) return null
  return Buffer.from(bare, 'base64')
}

/** RFC 3230 section 4.3.2: `SHA-256=base64,md5=base64`, no quotes and no parameters. */
function parseOldDigest(value: string): Map<string, Checksum> {
  const found = new Map<string, Checksum>()
  for (const member of value.split(',')) {
    const at = member.indexOf('=')
    if (at === -1) return new Map()
    const algorithm = algorithmOf(member.slice(0, at).trim())
    if (algorithm === null) continue
    const digest = parseBase64(member.slice(at + 1).trim(), SIZES.get(algorithm)!)
    if (digest === null) return new Map()
    found.set(algorithm, { algorithm, digest })
  }
  return found
}

/** One member of a dictionary (RFC 8941 section 3.2) whose value is a byte sequence, with its parameters. */
const MEMBER = /[ \t]*([a-z*][a-z0-9_.*-]*)=:([A-Za-z0-9+/=]*):[ \t]*(?:;[^,"]*)?(?:,|$)/uy

function parseDictionary(value: string): Map<string, Checksum> {
  const found = new Map<string, Checksum>()
  let at = 0
  while (at < value.length) {
    MEMBER.lastIndex = at
    const match = MEMBER.exec(value)
    if (match === null) return new Map()
    at = MEMBER.lastIndex
    // A later member of the same name wins, RFC 8941 section 4.2.2.
    const [, name, digits] = match
    if (name !== 'sha-256' && name !== 'sha-512') continue
    const algorithm = algorithmOf(name)!
    const digest = parseBase64(digits!, SIZES.get(algorithm)!)
    if (digest === null) return new Map()
    found.set(algorithm, { algorithm, digest })
  }
  return found
}

function shown(text: string): string {
  return JSON.stringify(text.length > 100 ? `${text.slice(0, 100)}...` : text)
}
