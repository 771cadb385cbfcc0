import { ConnectError } from '../core/errors.ts'
import type { DialOptions } from './network.ts'

const TRUST = 'give its CA in tlsOptions.ca, or set tlsOptions.rejectUnauthorized to false to trust anyone'
const UNVERIFIED = 'set tlsOptions.rejectUnauthorized to false to accept it all the same'
const VERSIONS = 'no TLS version is common to the server and us; see tlsOptions.minVersion and maxVersion'
const NOT_TLS = 'the server does not speak TLS on this port; is it meant for http?'
const CLIENT_CERTIFICATE = 'the server wants a client certificate; give tlsOptions.cert and tlsOptions.key'
const NO_CIPHER = `no cipher is common to the server and us, see tlsOptions.ciphers; or ${CLIENT_CERTIFICATE}`
const UNKNOWN_CA = `the server's certificate comes from an unknown CA; ${TRUST}`
const BROKEN = 'the server closed the connection during the handshake; it may not know this host name'

/** The codes of OpenSSL and Node, with the reason and the remedy in words. */
const REASONS: Readonly<Record<string, string>> = {
  CERT_HAS_EXPIRED: `the server's certificate has expired; ${UNVERIFIED}`,
  CERT_NOT_YET_VALID: `the server's certificate is not valid yet, or this clock is wrong; ${UNVERIFIED}`,
  CERT_REVOKED: `the server's certificate has been revoked; ${UNVERIFIED}`,
  DEPTH_ZERO_SELF_SIGNED_CERT: `the server's certificate is self-signed; ${TRUST}`,
  SELF_SIGNED_CERT_IN_CHAIN: UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT: UNKNOWN_CA,
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: UNKNOWN_CA,
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: `the server's certificate cannot be traced to a CA; ${TRUST}`,
  ERR_SSL_WRONG_VERSION_NUMBER: NOT_TLS,
  ERR_SSL_DATA_LENGTH_TOO_LONG: NOT_TLS,
  ERR_SSL_PACKET_LENGTH_TOO_LONG: NOT_TLS,
  ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION: VERSIONS,
  ERR_SSL_UNSUPPORTED_PROTOCOL: VERSIONS,
  'ERR_SSL_SSL/TLS_ALERT_HANDSHAKE_FAILURE': NO_CIPHER,
  ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE: NO_CIPHER,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED: CLIENT_CERTIFICATE,
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'the server does not offer HTTP/1.1',
  ERR_SSL_TLSV1_UNRECOGNIZED_NAME: 'the server does not know this host name; see tlsOptions.servername',
  ECONNRESET: BROKEN,
  EPIPE: BROKEN,
}

/** What a failed handshake comes to: who, why, and what to do about it. */
export function tlsError(options: DialOptions, error: NodeJS.ErrnoException): ConnectError {
  const { host, port } = options
  const code = error.code ?? ''
  const who = `${host.includes(':') ? `[${host}]` : host}:${port}`
  return new ConnectError('tls', `TLS with ${who} failed: ${reasonOf(code, error)}`, error)
}

function reasonOf(code: string, error: Error): string {
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    const { cert } = error as Error & { cert?: { subjectaltname?: string } }
    const names = cert?.subjectaltname ?? 'no name at all'
    return `the server's certificate is for another host (${names}); set tlsOptions.servername, or ${UNVERIFIED} (${code})`
  }
  const reason = REASONS[code] ?? error.message.trim()
  return code === '' ? reason : `${reason} (${code})`
}
