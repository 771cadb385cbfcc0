import { createHash, getHashes } from '../../core/crypto.ts'
import { parseChallenges, type Challenge } from './challenges.ts'

/** A challenge of RFC 7616 that can be answered. Text is Latin-1, as it came. */
export interface DigestChallenge {
  readonly realm: string
  readonly nonce: string
  /** null: none came, so none goes back. */
  readonly opaque: string | null
  /** As the server writes it; '' when it gave none. */
  readonly algorithm: string
  /** The name of the hash, to node:crypto. */
  readonly hash: string
  /** The key is made once for a nonce (`-sess`). */
  readonly session: boolean
  /** '': the server speaks RFC 2069. */
  readonly qop: 'auth' | ''
  readonly utf8: boolean
  readonly userhash: boolean
  readonly stale: boolean
  /** URIs that the challenge is for; none: the whole origin. */
  readonly domain: readonly string[]
}

export interface Login {
  readonly username: string
  readonly password: string
}

/** What changes with every request. */
export interface DigestUse {
  readonly method: string
  readonly path: string
  /** Counts the requests that carry this nonce, from 1. */
  readonly count: number
  readonly cnonce: string
}

/** Weakest first. */
const ALGORITHMS = new Map([
  ['MD5', 'md5'],
  ['SHA-256', 'sha256'],
  ['SHA-512-256', 'sha512-256'],
])
const STRENGTH = [...ALGORITHMS.values()]

/** The strongest challenge that can be answered; of equals the first. null: there is none. */
export function pickDigest(fields: readonly string[]): DigestChallenge | null {
  let best: DigestChallenge | null = null
  for (const challenge of parseChallenges(fields)) {
    const digest = readDigest(challenge)
    if (digest === null) continue
    if (best === null || STRENGTH.indexOf(digest.hash) > STRENGTH.indexOf(best.hash)) best = digest
  }
  return best
}

/** RFC 7616 section 3.3: a challenge with an algorithm or a protection unknown to us is passed over. */
function readDigest({ scheme, params }: Challenge): DigestChallenge | null {
  const realm = params.get('realm')
  const nonce = params.get('nonce')
  if (scheme !== 'digest' || realm === undefined || nonce === undefined) return null
  const algorithm = params.get('algorithm') ?? ''
  const [, name, sess] = /^(.*?)(-sess)?$/i.exec(algorithm === '' ? 'MD5' : algorithm)!
  const hash = ALGORITHMS.get(name!.toUpperCase())
  // MD5 is not there where OpenSSL is told to be FIPS.
  if (hash === undefined || !getHashes().includes(hash)) return null
  // These go back as they came, and no field that is sent has control characters in it.
  if (hasControls(realm + nonce + (params.get('opaque') ?? ''))) return null
  const qops = params.get('qop')
  const offersAuth = qops?.split(',').some((one) => one.trim().toLowerCase() === 'auth') ?? false
  // Only auth-int: the hash of the body would have to be known before its first byte is sent.
  if (qops !== undefined && qops.trim() !== '' && !offersAuth) return null
  // A session key takes a cnonce, which RFC 2069 does not send.
  if (sess !== undefined && !offersAuth) return null
  return {
    realm,
    nonce,
    opaque: params.get('opaque') ?? null,
    algorithm,
    hash,
    session: sess !== undefined,
    qop: offersAuth ? 'auth' : '',
    utf8: isWord(params.get('charset'), 'utf-8'),
    userhash: isWord(params.get('userhash'), 'true'),
    stale: isWord(params.get('stale'), 'true'),
    domain: (params.get('domain') ?? '').split(/[ \t]+/).filter((uri) => uri !== ''),
  }
}

function hasControls(text: string): boolean {
  // oxlint-disable-next-line no-control-regex -- these are what is looked for
  return /[\u0000-\u0008\u000a-\u001f\u007f]/.test(text)
}

function isWord(value: string | undefined, word: string): boolean {
  return value?.toLowerCase() === word
}

/** H(A1) (RFC 7616 section 3.4.2): all that the password is needed for, the same for a whole nonce. */
export function digestKey(challenge: DigestChallenge, login: Login, cnonce: string): string {
  const { hash, realm, nonce, session } = challenge
  const key = digestOf(
    hash,
    `${bytesOf(login.username, challenge)}:${realm}:${bytesOf(login.password, challenge)}`,
  )
  return session ? digestOf(hash, `${key}:${nonce}:${cnonce}`) : key
}

/** The Authorization field's value. `key`: of `digestKey`. */
export function digestField(
  challenge: DigestChallenge,
  username: string,
  key: string,
  use: DigestUse,
): string {
  const { realm, nonce, hash, qop, opaque, algorithm } = challenge
  const { path, cnonce } = use
  const count = use.count.toString(16).padStart(8, '0')
  const what = digestOf(hash, `${use.method}:${path}`)
  const proof = qop === '' ? `${key}:${nonce}:${what}` : `${key}:${nonce}:${count}:${cnonce}:${qop}:${what}`
  let field = `Digest ${usernameParam(challenge, username)}, realm=${quote(realm)}, nonce=${quote(nonce)}, uri=${quote(path)}`
  // Unquoted, all three: Apache and others take them no other way (RFC 7616 section 3.4).
  if (algorithm !== '') field += `, algorithm=${algorithm}`
  if (qop !== '') field += `, qop=${qop}, nc=${count}, cnonce=${quote(cnonce)}`
  field += `, response="${digestOf(hash, proof)}"`
  if (opaque !== null) field += `, opaque=${quote(opaque)}`
  if (challenge.userhash) field += ', userhash=true'
  return field
}

/** RFC 7616 sections 3.4 and 3.4.4. */
function usernameParam(challenge: DigestChallenge, username: string): string {
  const bytes = bytesOf(username, challenge)
  if (challenge.userhash) return `username="${digestOf(challenge.hash, `${bytes}:${challenge.realm}`)}"`
  // username* (RFC 8187) only where the server has said UTF-8: Apache, for one, does not know it.
  if (challenge.utf8 && /[^\u0020-\u007e]/.test(bytes)) {
    return `username*=UTF-8''${encodeURIComponent(username.normalize('NFC').toWellFormed()).replace(/['()*]/g, escapeByte)}`
  }
  return `username=${quote(bytes)}`
}

function escapeByte(c: string): string {
  return `%${c.charCodeAt(0).toString(16).toUpperCase()}`
}

/**
 * Text as bytes, one a character. Where no charset is told, UTF-8 is what curl and browsers send. NFC:
 * RFC 7616 section 4.
 */
function bytesOf(text: string, { utf8 }: DigestChallenge): string {
  return Buffer.from(utf8 ? text.normalize('NFC') : text).toString('latin1')
}

function digestOf(hash: string, bytes: string): string {
  return createHash(hash).update(bytes, 'latin1').digest('hex')
}

function quote(text: string): string {
  return `"${text.replace(/["\\]/g, '\\$&')}"`
}
