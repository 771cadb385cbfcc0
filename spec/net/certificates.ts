import { isIP } from 'node:net'
import { generate } from 'selfsigned'

/** What a TLS server proves itself with, PEM. */
export interface Identity {
  readonly key: string
  readonly cert: string
}

export interface IdentityOptions {
  /** Names and addresses the certificate is for; default localhost, 127.0.0.1 and ::1. */
  readonly hosts?: readonly string[]
  readonly notBefore?: Date
  readonly notAfter?: Date
}

/** A CA for one spec. `cert` goes into `tlsOptions.ca`. */
export interface Authority {
  readonly cert: string
  issue(options?: IdentityOptions): Promise<Identity>
}

const YEAR = 365 * 86_400_000
const LOOPBACK = ['localhost', '127.0.0.1', '::1']

/** A throwaway CA, about 30 ms; its certificates take as long. */
export async function createAuthority(name = 'trawl spec CA'): Promise<Authority> {
  const ca = await generate([{ name: 'commonName', value: name }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ...period({}),
    extensions: [
      { name: 'basicConstraints', cA: true, critical: true },
      { name: 'keyUsage', keyCertSign: true, cRLSign: true, critical: true },
    ],
  })
  const issuer = { key: ca.private, cert: ca.cert }
  return { cert: ca.cert, issue: (options = {}) => createIdentity(options, issuer) }
}

/** A certificate of its own, signed by nobody else. */
export function createSelfSigned(options: IdentityOptions = {}): Promise<Identity> {
  return createIdentity(options)
}

async function createIdentity(options: IdentityOptions, ca?: Identity): Promise<Identity> {
  const hosts = options.hosts ?? LOOPBACK
  const made = await generate([{ name: 'commonName', value: hosts[0]! }], {
    keyType: 'ec',
    algorithm: 'sha256',
    ...period(options),
    ...(ca && { ca }),
    extensions: [
      { name: 'basicConstraints', cA: false },
      { name: 'keyUsage', digitalSignature: true },
      { name: 'extKeyUsage', serverAuth: true, clientAuth: true },
      {
        name: 'subjectAltName',
        altNames: hosts.map((host) => (isIP(host) ? { type: 7, ip: host } : { type: 2, value: host })),
      },
    ],
  })
  return { key: made.private, cert: made.cert }
}

function period({ notBefore, notAfter }: IdentityOptions): { notBeforeDate: Date; notAfterDate: Date } {
  return {
    notBeforeDate: notBefore ?? new Date(Date.now() - 86_400_000),
    notAfterDate: notAfter ?? new Date(Date.now() + YEAR),
  }
}
