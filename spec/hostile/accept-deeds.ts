import type { Socket } from 'node:net'
import type { AcceptDeed } from './misdeeds.ts'

/** What web servers say to whom they do not understand. */
export const BAD_REQUEST =
  'HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 14\r\n\r\nnot meant here'
/** handshake_failure, fatal: what a TLS server says to whom it does not understand. */
const ALERT = Buffer.from([0x15, 3, 3, 0, 2, 2, 0x28])
/** The beginning of a ServerHello. */
const HELLO = Buffer.from([0x16, 3, 3, 0, 0x7a, 2, 0, 0, 0x76])
const GARBAGE = Buffer.from(Array.from({ length: 300 }, (_, i) => (i * 167 + 13) & 255))

/** What becomes of a connection that is not served. */
export function acceptBadly(raw: Socket, deed: Exclude<AcceptDeed, 'accept'>): void {
  raw.once('end', () => raw.destroy())
  if (deed === 'close') raw.end(() => raw.destroy())
  else if (deed === 'reset') raw.resetAndDestroy()
  else if (deed !== 'silence') raw.once('data', () => answerHello(raw, deed))
}

function answerHello(raw: Socket, deed: Exclude<AcceptDeed, 'accept' | 'close' | 'reset' | 'silence'>): void {
  raw.resume()
  switch (deed) {
    case 'hello-close':
      raw.end(() => raw.destroy())
      return
    case 'hello-reset':
      raw.resetAndDestroy()
      return
    case 'hello-stall':
      raw.write(HELLO)
      return
    case 'hello-garbage':
      raw.write(GARBAGE)
      return
    case 'hello-alert':
      raw.end(ALERT)
      return
    case 'hello-http':
      raw.end(BAD_REQUEST)
  }
}
