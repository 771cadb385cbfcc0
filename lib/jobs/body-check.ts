import type { Headers } from '../core/headers.ts'
import { ChecksumError } from './checksum-error.ts'
import { ChecksumVerifier, parseDigestField, type Checksum, type DigestField } from './checksum.ts'
import { contentCoding } from './range-answer.ts'

/** The bytes of a body on their way, hashed for all that says what they should be. */
export class BodyCheck {
  readonly #verifiers: { readonly of: string; readonly verifier: ChecksumVerifier }[] = []

  private constructor(checksum: Checksum | null, field: { name: string; checksum: Checksum } | null) {
    if (checksum !== null) this.#add('the item', checksum)
    if (field !== null) this.#add(`its ${field.name}`, field.checksum)
  }

  /**
   * null: nothing says what the body should be. `checksum`: what the item says of the file. The fields of an answer
   * count where the body is the whole file as it came: what was decoded has another digest.
   */
  static of(checksum: Checksum | null, status: number, headers: Headers, isWhole: boolean): BodyCheck | null {
    const field = fieldOf(status, headers, isWhole)
    return checksum === null && field === null ? null : new BodyCheck(checksum, field)
  }

  update(bytes: Uint8Array): void {
    for (const { verifier } of this.#verifiers) verifier.update(bytes)
  }

  /** All bytes were here. Throws ChecksumError. */
  verify(): void {
    for (const { of, verifier } of this.#verifiers) {
      if (verifier.matches()) continue
      const { algorithm, digest } = verifier.checksum
      throw new ChecksumError(algorithm, of, Buffer.from(digest).toString('hex'), verifier.actual())
    }
  }

  #add(of: string, checksum: Checksum): void {
    this.#verifiers.push({ of, verifier: new ChecksumVerifier(checksum) })
  }
}

/** In the order of what they are worth. Of a file that came in several answers only what is of the whole file counts. */
const OF_ONE_ANSWER: readonly DigestField[] = ['repr-digest', 'content-digest', 'digest']
const OF_THE_FILE: readonly DigestField[] = ['repr-digest', 'digest']

function fieldOf(
  status: number,
  headers: Headers,
  isWhole: boolean,
): { name: string; checksum: Checksum } | null {
  if ((status !== 200 && status !== 206) || !mayHaveDigest(headers) || contentCoding(headers) !== '')
    return null
  for (const name of isWhole && status === 200 ? OF_ONE_ANSWER : OF_THE_FILE) {
    const value = headers.get(name)
    const [checksum] = value === null ? [] : parseDigestField(name, value)
    if (checksum !== undefined) return { name, checksum }
  }
  return null
}

/** Asked of every answer: without splitting its fields. */
function mayHaveDigest(headers: Headers): boolean {
  return headers.mentions('igest') || headers.mentions('IGEST')
}
