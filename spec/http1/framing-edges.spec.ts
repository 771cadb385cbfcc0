import { describe, expect, it } from 'vitest'
import { decideFraming, type FramingDecision, type FramingFacts } from '../../lib/http1/framing.ts'

const FACTS: FramingFacts = {
  status: 200,
  method: 'GET',
  version: 11,
  transferEncoding: null,
  contentLength: null,
  connection: null,
  mode: 'lenient',
}

function decide(facts: Partial<FramingFacts>): FramingDecision {
  return decideFraming({ ...FACTS, ...facts })
}

describe('a CONNECT', () => {
  const connect = { method: 'CONNECT', contentLength: '5', transferEncoding: 'chunked' }

  it.for([200, 204, 299])('answered with %i: a tunnel, whatever the fields say', (status) => {
    expect(decide({ ...connect, status })).toEqual({ kind: 'none', length: -1, keepAlive: false })
  })

  it.for([300, 407, 502])('answered with %i: framed as any answer', (status) => {
    expect(decide({ ...connect, status }).kind).toBe('chunked')
    expect(decide({ method: 'CONNECT', contentLength: '5', status })).toEqual({
      kind: 'length',
      length: 5,
      keepAlive: true,
    })
  })

  it('with a 1xx before its answer: no body, and the connection goes on', () => {
    expect(decide({ method: 'CONNECT', status: 103 })).toEqual({ kind: 'none', length: -1, keepAlive: true })
  })
})

describe('an answer without a body (RFC 9112 section 6.3, rule 1)', () => {
  it.for([100, 103, 199, 204, 304])('%i: none', (status) => {
    expect(decide({ status })).toEqual({ kind: 'none', length: -1, keepAlive: true })
  })

  it('to HEAD over HTTP/1.0 that says keep-alive: reused, but not beside a Transfer-Encoding', () => {
    const facts = { method: 'HEAD', version: 10, connection: 'keep-alive' }
    expect(decide(facts).keepAlive).toBe(true)
    expect(decide({ ...facts, contentLength: '5' })).toEqual({ kind: 'none', length: 5, keepAlive: true })
    // Section 6.1: in HTTP/1.0 it means faulty framing.
    expect(decide({ ...facts, transferEncoding: 'chunked' }).keepAlive).toBe(false)
  })

  it('tells no length that a Transfer-Encoding overrides', () => {
    expect(decide({ method: 'HEAD', transferEncoding: 'chunked', contentLength: '5' })).toEqual({
      kind: 'none',
      length: -1,
      keepAlive: false,
    })
  })
})

describe('Transfer-Encoding', () => {
  const CLOSE: FramingDecision = { kind: 'close', length: -1, keepAlive: false }

  it('identity with another coding is not "none": until close, whatever Content-Length says', () => {
    expect(decide({ transferEncoding: 'identity, gzip', contentLength: '5' })).toEqual(CLOSE)
  })

  it('a last coding that is not chunked may have parameters', () => {
    expect(decide({ transferEncoding: 'chunked, gzip;level=9' })).toEqual(CLOSE)
    expect(decide({ transferEncoding: ';q=1' })).toEqual(CLOSE)
  })
})
