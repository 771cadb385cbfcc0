import { describe, expect, it } from 'vitest'
import { fileError, isLastingFault } from '../../lib/jobs/file-error.ts'
import { ConnectError } from '../../lib/core/errors.ts'

function systemError(code: string): Error {
  return Object.assign(new Error(code), { code })
}

function dialError(...codes: string[]): ConnectError {
  const errors = codes.map(systemError)
  const cause = errors.length === 1 ? errors[0] : new AggregateError(errors, 'all addresses failed')
  return new ConnectError('tcp', 'cannot connect', cause)
}

describe('a fault of the machine', () => {
  it.each(['ENOSPC', 'EDQUOT', 'EROFS', 'EIO', 'EMFILE', 'ENFILE'])('%s of a file is one', (code) => {
    expect(isLastingFault(fileError('write', '/a', systemError(code)))).toBe(true)
  })

  it.each([
    ['one address', ['EMFILE']],
    ['two addresses', ['EMFILE', 'EMFILE']],
    ['two addresses, of which the system has no route to one', ['ENETUNREACH', 'ENFILE']],
  ])('no file for a dial is one: %s', (_name, codes) => {
    expect(isLastingFault(dialError(...codes))).toBe(true)
  })

  it.each([
    ['a server that is not there', dialError('ECONNREFUSED')],
    ['a server that is not there, at two addresses', dialError('ECONNREFUSED', 'EHOSTUNREACH')],
    ['a firewall', dialError('EACCES', 'EACCES')],
    ['a file name that is too long', fileError('write', '/a', systemError('ENAMETOOLONG'))],
    ['what is no error', 'EMFILE'],
  ])('is not %s', (_name, error) => {
    expect(isLastingFault(error)).toBe(false)
  })

  it('is found below others, and a circle of causes ends', () => {
    const inner = fileError('write', '/a', systemError('ENOSPC'))
    expect(isLastingFault(new Error('a', { cause: new Error('b', { cause: inner }) }))).toBe(true)
    const circle = new Error('circle')
    circle.cause = circle
    expect(isLastingFault(circle)).toBe(false)
  })
})
