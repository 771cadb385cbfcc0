import type * as Crypto from 'node:crypto'

/**
 * What is used of node:crypto, which is loaded when first called: a Node that starts does not load it, it costs
 * a sixth of such a start, and a plain request hashes nothing.
 */
function crypto(): typeof Crypto {
  return process.getBuiltinModule('node:crypto')
}

export function createHash(algorithm: string): Crypto.Hash {
  return crypto().createHash(algorithm)
}

export function createHmac(algorithm: string, key: Uint8Array): Crypto.Hmac {
  return crypto().createHmac(algorithm, key)
}

export function getHashes(): string[] {
  return crypto().getHashes()
}

export function hash(algorithm: string, data: string, encoding: 'base64url' | 'hex'): string {
  return crypto().hash(algorithm, data, encoding)
}

export function randomBytes(size: number): Buffer {
  return crypto().randomBytes(size)
}

export function randomUUID(): string {
  return crypto().randomUUID()
}
