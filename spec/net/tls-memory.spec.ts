import { once } from 'node:events'
import type { TLSSocket } from 'node:tls'
import { expect, it } from 'vitest'
import { TlsDialler } from '../../lib/net/tls.ts'
import { createAuthority } from './certificates.ts'
import { listenTls } from './loopback.ts'

/** What Node keeps of the options of a socket: as long as the socket itself. */
interface Kept {
  readonly ALPNProtocols: Buffer
  readonly session?: Buffer
}

function keptBy(socket: TLSSocket): Kept {
  return (socket as unknown as { _tlsOptions: Kept })._tlsOptions
}

/** Bytes that cannot be freed while `view` is held. */
function heldBy(view: Uint8Array): number {
  return view.buffer.byteLength
}

// Small buffers of Node's lie in slabs of 64 KB: a thousand sessions of 1 KB each once held 64 MB.
it('holds no slab of Node for a session, or for a connection', async () => {
  const authority = await createAuthority()
  await using server = await listenTls(await authority.issue(), (socket) => void socket.end('hello'))
  const dialler = new TlsDialler()
  const tls = { ca: authority.cert }
  const dial = { host: 'localhost', port: server.port, clientIp: '', tls, sessionKey: '' }
  const open = (): TLSSocket => dialler.open(dial, tls, { host: '127.0.0.1', port: server.port })

  await once(open().resume(), 'close')
  const second = open()
  await once(second, 'secureConnect')
  const { session, ALPNProtocols } = keptBy(second)
  const isReused = second.isSessionReused()
  second.destroy()

  expect(isReused).toBe(true)
  // Node 24 wraps a ticket into bytes of its own, and takes them off again.
  expect(heldBy(session!)).toBeLessThan(session!.length + 512)
  expect(ALPNProtocols.toString('latin1')).toBe('\x08http/1.1')
  expect(heldBy(ALPNProtocols)).toBe(9)
})
