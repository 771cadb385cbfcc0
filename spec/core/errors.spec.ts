import { describe, expect, it } from 'vitest'
import {
  AbortError,
  ArgumentError,
  ClosedError,
  ConnectError,
  ConnectionClosedError,
  DecodingError,
  LimitError,
  ProtocolError,
  RequestBodyError,
  RequestError,
  TimeoutError,
  TransportError,
} from '../../lib/core/errors.ts'

const context = { method: 'GET', url: 'http://a.test/', attempt: 2, progress: 'sent' } as const

const transport = [
  [new ConnectError('dns', 'm'), 'ConnectError', 'ERR_CONNECT_DNS'],
  [new ConnectError('tcp', 'm'), 'ConnectError', 'ERR_CONNECT_TCP'],
  [new ConnectError('tls', 'm'), 'ConnectError', 'ERR_CONNECT_TLS'],
  [new ConnectError('proxy', 'm'), 'ConnectError', 'ERR_CONNECT_PROXY'],
  [new TimeoutError('queue', 5, 'm'), 'TimeoutError', 'ERR_TIMEOUT_QUEUE'],
  [new TimeoutError('total', 5, 'm'), 'TimeoutError', 'ERR_TIMEOUT_TOTAL'],
  [new ConnectionClosedError('m'), 'ConnectionClosedError', 'ERR_CONNECTION_CLOSED'],
  [new ProtocolError('nul', 'm'), 'ProtocolError', 'ERR_PROTOCOL'],
  [new LimitError('maxBodySize', 5, 'm'), 'LimitError', 'ERR_LIMIT'],
] as const

const others = [
  [new RequestBodyError('m'), 'RequestBodyError', 'ERR_REQUEST_BODY'],
  [new DecodingError('m'), 'DecodingError', 'ERR_DECODING'],
  [new AbortError(), 'AbortError', 'ERR_ABORTED'],
  [new ClosedError('m'), 'ClosedError', 'ERR_CLOSED'],
] as const

describe('errors of requests', () => {
  it.each([...transport, ...others])('%s has its name and its code', (error, name, code) => {
    expect(error).toBeInstanceOf(RequestError)
    expect(error.name).toBe(name)
    expect(error.code).toBe(code)
    expect(String(error)).toContain(`${name}: `)
    expect(error.stack).toContain('errors.spec')
  })

  it('tell failures of the transport from all others', () => {
    for (const [error] of transport) expect(error).toBeInstanceOf(TransportError)
    for (const [error] of others) expect(error).not.toBeInstanceOf(TransportError)
  })

  it('say which request they are about, and the first word stands', () => {
    const error = new ConnectionClosedError('it broke')
    expect(error).toMatchObject({ method: '', url: '', attempt: 1, progress: 'waiting' })
    expect(error.about(context)).toBe(error)
    expect(error).toMatchObject(context)
    expect(error.message).toBe('GET http://a.test/: it broke')
    error.about({ ...context, method: 'PUT', url: 'http://b.test/' })
    expect(error).toMatchObject(context)
    expect(error.message).toBe('GET http://a.test/: it broke')
  })

  it('have a cause only where there is one', () => {
    const cause = new Error('why')
    expect(new ConnectError('tcp', 'm', cause).cause).toBe(cause)
    expect(new AbortError('a reason').cause).toBe('a reason')
    expect(new ArgumentError('m', cause).cause).toBe(cause)
    expect('cause' in new ConnectError('tcp', 'm')).toBe(false)
    expect('cause' in new ArgumentError('m')).toBe(false)
    // null is what some abort with: it is a reason.
    expect(new AbortError(null)).toHaveProperty('cause', null)
  })

  it('carry what decides: phase, limit, rule', () => {
    expect(new ConnectError('tls', 'm').phase).toBe('tls')
    expect(new TimeoutError('head', 250, 'm')).toMatchObject({ phase: 'head', limit: 250 })
    const protocol = new ProtocolError('chunk-size', 'no number')
    expect(protocol.rule).toBe('chunk-size')
    expect(protocol.message).toBe('no number (rule chunk-size)')
    const limit = new LimitError('maxHeadSize', 256, 'too long')
    expect(limit).toMatchObject({ limit: 'maxHeadSize', value: 256 })
    expect(limit.message).toBe('too long (limit maxHeadSize = 256)')
  })
})

describe('ArgumentError', () => {
  it('is a TypeError, and no error of a request', () => {
    const error = new ArgumentError('m')
    expect(error).toBeInstanceOf(TypeError)
    expect(error).not.toBeInstanceOf(RequestError)
    expect(error).toMatchObject({ name: 'ArgumentError', code: 'ERR_ARGUMENT', message: 'm' })
  })
})
