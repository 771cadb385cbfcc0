import { once } from 'node:events'
import { connect } from 'node:tls'
import { expect, it } from 'vitest'
import { createAuthority, createSelfSigned, type Identity } from './certificates.ts'
import { ignore, listenTls } from './loopback.ts'

async function verified(identity: Identity, ca: string, host: string): Promise<boolean> {
  await using server = await listenTls(identity, ignore)
  const socket = connect({ port: server.port, host, ca, rejectUnauthorized: false })
  await once(socket, 'secureConnect')
  socket.destroy()
  return socket.authorized
}

it('createAuthority issues certificates that node:tls accepts, and for no other host', async () => {
  const authority = await createAuthority()
  const loopback = await authority.issue()
  expect(await verified(loopback, authority.cert, 'localhost')).toBe(true)
  expect(await verified(loopback, authority.cert, '127.0.0.1')).toBe(true)
  const other = await authority.issue({ hosts: ['shop.test'] })
  expect(await verified(other, authority.cert, 'localhost')).toBe(false)
  const expired = await authority.issue({ notBefore: new Date(2001, 1), notAfter: new Date(2002, 1) })
  expect(await verified(expired, authority.cert, 'localhost')).toBe(false)
})

it('createSelfSigned is trusted by those who trust it alone', async () => {
  const [one, two] = [await createSelfSigned(), await createSelfSigned()]
  expect(await verified(one, one.cert, 'localhost')).toBe(true)
  expect(await verified(one, two.cert, 'localhost')).toBe(false)
})
